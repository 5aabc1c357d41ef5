package strategy

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind says what the number of an option counts, and so how it is written.
type Kind uint8

// The kinds of options.
const (
	Number   Kind = iota // a whole number: 3
	Bytes                // 64KiB, 1MB
	Duration             // 250ms, 1m30s
)

// Option is a setting of a strategy that a scenario file may give for a lane.
type Option struct {
	Name     string  // as in scenario files
	Kind     Kind    // how it is written
	Default  string  // as it would be written
	Min, Max float64 // both allowed; bytes, or seconds of a duration
	Help     string  // one sentence: what it decides
}

// Options are the values of a strategy's options, each within its bounds.
// Asking for one that the strategy's definition does not list is a mistake in
// that strategy, and panics.
type Options struct{ values map[string]float64 }

// Number is the value of an option of that kind.
func (o Options) Number(name string) int64 { return int64(o.value(name)) }

// Bytes is the value of an option of that kind.
func (o Options) Bytes(name string) int64 { return int64(o.value(name)) }

// Duration is the value of an option of that kind, to the nanosecond.
func (o Options) Duration(name string) time.Duration {
	return time.Duration(math.Round(o.value(name) * float64(time.Second)))
}

func (o Options) value(name string) float64 {
	v, ok := o.values[name]
	if !ok {
		panic("strategy: option " + name + " is not in the definition")
	}
	return v
}

// Parse reads options as a scenario writes them. What is not there has its
// default. The error says which option is unknown, unreadable or out of bounds,
// and what would be right.
func (d Definition) Parse(written map[string]string) (Options, error) {
	known := make([]string, len(d.Options))
	for i, o := range d.Options {
		known[i] = o.Name
	}
	for _, name := range slices.Sorted(maps.Keys(written)) {
		switch {
		case slices.Contains(known, name):
		case len(known) == 0:
			return Options{}, fmt.Errorf("strategy %s has no options, and so no %q", d.Name, name)
		default:
			return Options{}, fmt.Errorf("strategy %s has no option %q; there are %s", d.Name, name, strings.Join(known, ", "))
		}
	}
	values := make(map[string]float64, len(d.Options))
	for _, o := range d.Options {
		text, ok := written[o.Name]
		if !ok {
			text = o.Default
		}
		v, err := o.parse(text)
		if err != nil {
			return Options{}, fmt.Errorf("option %s of strategy %s: %w", o.Name, d.Name, err)
		}
		values[o.Name] = v
	}
	return Options{values}, nil
}

// Make makes the strategy with the options that a scenario writes.
func (d Definition) Make(written map[string]string) (Strategy, error) {
	o, err := d.Parse(written)
	if err != nil {
		return nil, err
	}
	s, err := d.New(o)
	if err != nil {
		return nil, fmt.Errorf("make strategy %s: %w", d.Name, err)
	}
	return s, nil
}

// parse reads one value. A number above what any option allows is an error of
// its bounds, not of its spelling.
func (o Option) parse(text string) (float64, error) {
	v, ok := o.Kind.parse(text)
	if !ok {
		return 0, fmt.Errorf("%q: want %s", text, o.Kind.example())
	}
	if v < o.Min || v > o.Max {
		return 0, fmt.Errorf("%q is not between %s and %s", text, o.Kind.format(o.Min), o.Kind.format(o.Max))
	}
	return v, nil
}

// byteUnits are those of sizes in scenario files, so that a value reads the same
// in every place.
var byteUnits = []struct {
	suffix string
	bytes  float64
}{
	{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"KB", 1e3}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1},
}

func (k Kind) parse(text string) (float64, bool) {
	switch k {
	case Bytes:
		for _, u := range byteUnits {
			if digits, ok := strings.CutSuffix(text, u.suffix); ok {
				n, ok := decimal(strings.TrimSpace(digits))
				return math.Round(n * u.bytes), ok
			}
		}
		return 0, false
	case Duration:
		d, err := time.ParseDuration(text)
		return d.Seconds(), err == nil
	}
	n, ok := decimal(text)
	return n, ok && n == math.Trunc(n)
}

// decimal is a finite number.
func decimal(text string) (float64, bool) {
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}

func (k Kind) example() string {
	switch k {
	case Bytes:
		return "a number with its unit, for example 64KiB or 1MB"
	case Duration:
		return "a span of time, for example 250ms or 2s"
	}
	return "a whole number"
}

// format writes a bound the way it would be written in a scenario.
func (k Kind) format(v float64) string {
	switch k {
	case Bytes:
		for _, u := range byteUnits {
			if strings.HasSuffix(u.suffix, "iB") && v >= u.bytes && math.Mod(v, u.bytes) == 0 {
				return strconv.FormatFloat(v/u.bytes, 'f', -1, 64) + u.suffix
			}
		}
		return strconv.FormatFloat(v, 'f', -1, 64) + "B"
	case Duration:
		return time.Duration(math.Round(v * float64(time.Second))).String()
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}
