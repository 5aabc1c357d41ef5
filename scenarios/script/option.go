package script

import "math"

// Parse reads a value of the option: a number in its unit, within its bounds.
// The error says what was expected.
func (o Option) Parse(text string) (float64, error) {
	words := unitWords[o.Unit]
	want := words.want
	if o.Unit == UnitNone {
		want = "a whole number"
	}
	n, err := parseValue(o.Unit, text)
	if err != nil || o.Unit == UnitNone && n != math.Trunc(n) {
		near := ""
		if o.Unit == UnitBytes {
			near = nearestSize(text)
		}
		return 0, unreadable(text, near, "%s %q: want %s, for example %s", o.Name, text, want, o.example())
	}
	if n < o.Min || o.Max > 0 && n > o.Max {
		return 0, unreadable(text, "", "%s %s: want %s", o.Name, text, o.bounds())
	}
	return n, nil
}

func (o Option) example() string {
	if o.Default != "" {
		return o.Default
	}
	return unitWords[o.Unit].example
}

func (o Option) bounds() string {
	if o.Max > 0 {
		return spell(o.Unit, o.Min) + " to " + spell(o.Unit, o.Max)
	}
	return spell(o.Unit, o.Min) + " or more"
}
