package script

import (
	"fmt"
	"slices"
	"strings"
)

// textError is one thing that is wrong in the text of a threshold or a
// condition.
type textError struct {
	At, Length int    // bytes of the text that are meant; Length is 0 at its end
	Text       string // what is wrong, and what was expected
	Nearest    string // what was probably meant, or empty
	InRule     bool   // of a threshold: it is in the rule, not in the selector
}

// Error is the text alone; whoever knows the file says where.
func (e *textError) Error() string { return e.Text }

// parseCondition reads what a step waits for. The error is a *textError.
func parseCondition(text string, v Vocabulary) (Conditions, error) {
	p := parser{text: text, v: v}
	var out Conditions
	for {
		p.space()
		from := p.at
		c, err := p.condition()
		if err != nil {
			return nil, err
		}
		c.Text = strings.TrimSpace(text[from:p.at])
		out = append(out, c)
		p.space()
		if p.done() {
			return out, nil
		}
		if from = p.at; p.word() != "and" {
			p.at = from
			return nil, p.tooMuch(`want "and" and another condition, or nothing`, "and", "&&")
		}
	}
}

// parseThreshold reads a rule and what it is about. The error is a *textError.
func parseThreshold(selector, rule string, v Vocabulary) (Threshold, error) {
	p := parser{text: selector, v: v}
	p.space()
	s, m, err := p.selector()
	if err != nil {
		return Threshold{}, err
	}
	if p.space(); !p.done() {
		return Threshold{}, p.tooMuch("a selector is a metric and its labels, for example " + example(m))
	}
	p = parser{text: rule, v: v, inRule: true}
	t, err := p.rule(s, m)
	if err != nil {
		return Threshold{}, err
	}
	t.Text = strings.TrimSpace(rule)
	return t, nil
}

// parser reads text from left to right. Every method leaves it behind what it
// has read, and after an error it is of no more use.
type parser struct {
	text   string
	at     int
	v      Vocabulary
	inRule bool
}

func (p *parser) done() bool { return p.at == len(p.text) }

func (p *parser) space() {
	for p.at < len(p.text) && blank(p.text[p.at]) {
		p.at++
	}
}

// eat skips what comes next if it is s.
func (p *parser) eat(s string) bool {
	if !strings.HasPrefix(p.text[p.at:], s) {
		return false
	}
	p.at += len(s)
	return true
}

// while reads as long as ok.
func (p *parser) while(ok func(byte) bool) string {
	from := p.at
	for p.at < len(p.text) && ok(p.text[p.at]) {
		p.at++
	}
	return p.text[from:p.at]
}

// word reads letters, digits, _ and -.
func (p *parser) word() string {
	return p.while(func(b byte) bool { return letter(b) || digit(b) || b == '_' || b == '-' })
}

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80 }
func blank(b byte) bool  { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }
func digit(b byte) bool  { return b >= '0' && b <= '9' }

// fail is an error about the text from there up to where the parser is.
func (p *parser) fail(from int, nearest, format string, args ...any) error {
	return &textError{At: from, Length: p.at - from, Text: fmt.Sprintf(format, args...), Nearest: nearest, InRule: p.inRule}
}

// tooMuch is an error about the word that comes next. The first of words is
// meant by those that are near it, and by the others.
func (p *parser) tooMuch(want string, words ...string) error {
	from := p.at
	if p.word() == "" {
		p.while(func(b byte) bool { return !blank(b) })
	}
	word, near := p.text[from:p.at], ""
	if len(words) > 0 {
		if near = nearest(word, words); near != "" {
			near = words[0]
		}
	}
	return p.fail(from, near, "%q is too much here: %s", word, want)
}

// selector reads a metric and its labels.
func (p *parser) selector() (Selector, Metric, error) {
	from := p.at
	name := p.word()
	m, ok := p.v.metric(name)
	switch {
	case name == "":
		return Selector{}, m, p.fail(from, "", "want the name of a metric, for example %s", p.anyMetric())
	case !ok:
		return Selector{}, m, p.fail(from, nearest(name, p.metrics()), "there is no metric %q", name)
	}
	s := Selector{Metric: name}
	behind := p.at
	p.space()
	if !p.eat("{") {
		p.at = behind
		return s, m, nil
	}
	for {
		if err := p.label(&s, m); err != nil {
			return s, m, err
		}
		p.space()
		switch {
		case p.eat("}"):
			return s, m, nil
		case !p.eat(","):
			return s, m, p.fail(p.at, "", `want "," and another label, or "}"`)
		}
	}
}

// label reads lane:name or reader:name into s.
func (p *parser) label(s *Selector, m Metric) error {
	p.space()
	from := p.at
	key := p.word()
	var value *string
	switch {
	case key == "":
		return p.fail(from, "", "want a label, for example lane:push")
	case key == "lane":
		value = &s.Lane
	case key == "reader":
		value = &s.Reader
	default:
		return p.fail(from, nearest(key, []string{"lane", "reader"}), "there is no label %q: lane and reader are labels", key)
	}
	switch {
	case *value != "":
		return p.fail(from, "", "the label %s is there twice", key)
	case key == "lane" && !m.Lane, key == "reader" && !m.Reader:
		return p.fail(from, "", "%s has no label %s: write %s", m.Name, key, example(m))
	}
	p.space()
	if !p.eat(":") {
		return p.fail(p.at, "", `want ":" and the name of a %s`, owner(key))
	}
	p.space()
	from = p.at
	*value = p.while(func(b byte) bool { return !blank(b) && strings.IndexByte("{}:,", b) < 0 })
	if *value == "" {
		return p.fail(from, "", "want the name of a %s", owner(key))
	}
	return nil
}

// owner is what a label names.
func owner(label string) string {
	if label == "reader" {
		return "group of readers"
	}
	return label
}

// condition reads a selector and what its value is compared with.
func (p *parser) condition() (Condition, error) {
	from := p.at
	if word := p.word(); slices.Contains(allAggregations, word) {
		if _, ok := p.v.metric(word); !ok {
			return Condition{}, p.fail(from, "", "%q is too much here: a wait compares the value at the moment, for example rss{lane:push} > 100MiB", word)
		}
	}
	p.at = from
	s, m, err := p.selector()
	if err != nil {
		return Condition{}, err
	}
	if m.Lane && s.Lane == "" || m.Reader && !m.Whole && s.Reader == "" {
		return Condition{}, p.fail(from, "", "%s has several values: say which, for example %s", s, example(m))
	}
	c := Condition{Selector: s, Unit: m.Unit}
	if c.Operator, err = p.operator(); err != nil {
		return Condition{}, err
	}
	c.Wanted, err = p.value(c.Operator, m.Unit, m.Most, m.Name)
	return c, err
}

// metrics are the names of all metrics.
func (p *parser) metrics() []string {
	out := make([]string, len(p.v.Metrics))
	for i, m := range p.v.Metrics {
		out[i] = m.Name
	}
	return out
}

func (p *parser) anyMetric() string {
	if len(p.v.Metrics) == 0 {
		return "rss{lane:push}"
	}
	return example(p.v.Metrics[0])
}

// example is a metric with all labels it needs.
func example(m Metric) string {
	s := Selector{Metric: m.Name}
	if m.Lane {
		s.Lane = "push"
	}
	if m.Reader && !m.Whole {
		s.Reader = "slow"
	}
	return s.String()
}
