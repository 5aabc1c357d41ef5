package script

import (
	"slices"
	"strings"
)

// rule reads what follows a selector.
func (p *parser) rule(s Selector, m Metric) (Threshold, error) {
	t := Threshold{Selector: s}
	var err error
	p.space()
	from := p.at
	if t.Aggregation, err = p.aggregation(m.Kind.Aggregations()); err != nil {
		return t, err
	}
	if err = p.fits(from, t.Aggregation, m); err != nil {
		return t, err
	}
	if t.Operator, err = p.operator(); err != nil {
		return t, err
	}
	t.Wanted.Unit = m.UnitOf(t.Aggregation)
	p.space()
	if p.referenceNext() {
		t.Wanted.Of, err = p.reference(t, m)
	} else {
		most := m.Most
		if t.Aggregation.Name == "count" || t.Aggregation.Name == "rate" {
			most = 0
		}
		t.Wanted.Number, err = p.value(t.Operator, t.Wanted.Unit, most, m.Name)
	}
	if err != nil {
		return t, err
	}
	if p.space(); !p.done() {
		return t, p.tooMuch("a rule ends behind the value")
	}
	return t, nil
}

// referenceNext tells whether another metric comes, not a value: a factor or a
// word.
func (p *parser) referenceNext() bool {
	look := *p
	if look.numeral() == "" {
		return !look.done() && letter(look.text[look.at])
	}
	look.space()
	return look.eat("*")
}

// reference reads another metric with its factor, if it has one, and holds it
// against the threshold.
func (p *parser) reference(t Threshold, m Metric) (*Reference, error) {
	r := &Reference{Factor: 1}
	from := p.at
	if digits := p.numeral(); digits != "" {
		var err error
		if r.Factor, err = parseNumber(digits); err != nil || r.Factor == 0 {
			return nil, p.fail(from, "", "%q is no factor: want a plain number above 0, for example 2", digits)
		}
		p.space()
		p.eat("*")
		p.space()
	}
	begin := p.at
	var err error
	if r.Aggregation, err = p.aggregation(allAggregations); err != nil {
		if from == begin { // perhaps it was to be a value
			words := unitWords[t.Wanted.Unit]
			err.(*textError).Text += ", and no value: want " + words.want + ", for example " + words.example
		}
		return nil, err
	}
	end := p.at
	p.space()
	if at := p.at; p.word() != "of" {
		return nil, p.fail(at, "", `want "of" and a metric, for example %s of %s`, r.Aggregation, example(m))
	}
	p.space()
	at := p.at
	s, other, err := p.selector()
	if err != nil {
		return nil, err
	}
	r.Selector = s
	behind := p.at
	p.at = end
	if err = p.fits(begin, r.Aggregation, other); err != nil {
		return nil, err
	}
	p.at = behind
	if unit := other.UnitOf(r.Aggregation); unit != t.Wanted.Unit {
		return nil, p.fail(begin, "", "%s of %s is in %s, %s of %s in %s: they cannot be compared",
			t.Aggregation, m.Name, unitWords[t.Wanted.Unit].name, r.Aggregation, other.Name, unitWords[unit].name)
	}
	if other.Lane && s.Lane == "" && !m.Lane || other.each() && s.Reader == "" && !m.each() && t.Reader == "" {
		return nil, p.fail(at, "", "%s has several values: say which, for example %s", s, example(other))
	}
	return r, nil
}

// each tells whether a metric without a reader means every group.
func (m Metric) each() bool { return m.Reader && !m.Whole }

// aggregation reads an aggregation; those that are meant are for the error.
func (p *parser) aggregation(meant []string) (Aggregation, error) {
	from := p.at
	a := Aggregation{Name: p.word()}
	switch {
	case a.Name == "":
		return a, p.fail(from, "", "want an aggregation: %s", list(meant))
	case !slices.Contains(allAggregations, a.Name):
		near := nearest(a.Name, meant)
		if n, ok := strings.CutPrefix(a.Name, percentile); ok {
			if v, err := parseNumber(n); err == nil && v <= 100 {
				near = "p(" + n + ")" // p99
			}
		}
		return a, p.fail(from, near, "%q is no aggregation (%s)", a.Name, list(meant))
	case a.Name != percentile:
		return a, nil
	}
	p.space()
	if !p.eat("(") {
		return a, p.fail(p.at, "", `want "(" and a number from 0 to 100, as in p(99)`)
	}
	p.space()
	from = p.at
	n, err := parseNumber(p.while(func(b byte) bool { return b != ')' && !blank(b) }))
	if err != nil || n > 100 {
		return a, p.fail(from, "", "want a number from 0 to 100, as in p(99)")
	}
	a.N = n
	if p.space(); !p.eat(")") {
		return a, p.fail(p.at, "", `want ")", as in p(99)`)
	}
	return a, nil
}

// fits refuses an aggregation that makes no sense for a metric.
func (p *parser) fits(from int, a Aggregation, m Metric) error {
	if allowed := m.Kind.Aggregations(); !slices.Contains(allowed, a.Name) {
		return p.fail(from, "", "%s has no %s; it has %s", m.Name, a, list(allowed))
	}
	return nil
}

// list joins aggregations as people write them.
func list(names []string) string {
	out := slices.Clone(names)
	if i := slices.Index(out, percentile); i >= 0 {
		out[i] = "p(N)"
	}
	return strings.Join(out, ", ")
}

// operator reads an operator.
func (p *parser) operator() (Operator, error) {
	p.space()
	from := p.at
	word := p.while(func(b byte) bool { return strings.IndexByte("<>=!~", b) >= 0 })
	if slices.Contains(operators, Operator(word)) {
		return Operator(word), nil
	}
	near := map[string]string{"=": "==", "===": "==", "=>": ">=", "=<": "<=", "<>": "!=", "!==": "!=", "!": "!="}[word]
	return "", p.fail(from, near, "want <, <=, >, >=, == or !=")
}

// numeral reads the digits of a number, with an exponent; nothing where there
// is none.
func (p *parser) numeral() string {
	from := p.at
	if p.while(func(b byte) bool { return digit(b) || b == '.' }); p.at == from {
		return ""
	}
	end := p.at
	if p.eat("e") || p.eat("E") {
		if !p.eat("+") {
			p.eat("-")
		}
		if p.while(digit) == "" {
			p.at = end
		}
	}
	return p.text[from:p.at]
}

// value reads a number with its unit. It refuses what can never be true of a
// metric that is never below 0 and never above most.
func (p *parser) value(o Operator, unit Unit, most float64, metric string) (float64, error) {
	p.space()
	from := p.at
	words := unitWords[unit]
	suffix := func(b byte) bool { return letter(b) || b == '%' || b == '/' }
	digits := p.numeral()
	if p.while(func(b byte) bool { return suffix(b) || digit(b) || b == '.' }) == "" && digits != "" {
		end := p.at
		p.space()
		if !slices.Contains(suffixes, p.while(suffix)) {
			p.at = end
		}
	}
	text := p.text[from:p.at]
	if text == "" {
		if p.eat("-") || p.eat("+") {
			p.while(func(b byte) bool { return !blank(b) })
			return 0, p.fail(from, "", "%s is never negative: want %s without a sign, for example %s", metric, words.want, words.example)
		}
		p.word()
		return 0, p.fail(from, "", "want %s, for example %s", words.want, words.example)
	}
	v, err := parseValue(unit, text)
	if err != nil {
		near := digits + nearest(text[len(digits):], suffixesOf(unit))
		if _, err := parseValue(unit, near); err != nil || near == digits {
			near = ""
		}
		return 0, p.fail(from, near, "%q does not fit %s: want %s, for example %s", text, metric, words.want, words.example)
	}
	switch {
	case o == "<" && v == 0:
		return 0, p.fail(from, "", "%s is never below %s, so this can never be true", metric, FormatValue(unit, 0))
	case most > 0 && (v > most && slices.Contains([]Operator{">", ">=", "=="}, o) || v == most && o == ">"):
		return 0, p.fail(from, "", "%s is never above %s, so this can never be true", metric, FormatValue(unit, most))
	}
	return v, nil
}
