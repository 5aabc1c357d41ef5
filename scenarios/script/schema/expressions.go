package schema

import (
	"strings"

	"github.com/invopop/jsonschema"

	"spillway/scenarios/script"
)

// The parts of rules and conditions, as package script describes their grammar.
// Where an expression would only repeat what the parser says better, it takes
// anything: whose a value is in a condition, and what stands behind "of".
const (
	space     = `\s*`
	operator  = space + `(?:[<>]=?|[=!]=)` + space
	laneLabel = `lane` + space + `:` + space + name
	readLabel = `reader` + space + `:` + space + name
	labels    = space + `\{[^{}]+\}`
)

// class are metrics of which the same can be written.
type class struct {
	kind   script.Kind
	unit   script.Unit
	lane   bool
	reader bool
}

// classes lists the metrics by class, in the order of the vocabulary.
func (l language) classes() (order []class, names map[class][]string) {
	names = make(map[class][]string)
	for _, m := range l.v.Metrics {
		c := class{m.Kind, m.Unit, m.Lane, m.Reader}
		if names[c] == nil {
			order = append(order, c)
		}
		names[c] = append(names[c], m.Name)
	}
	return order, names
}

// selector is one of the metrics with the labels it may have.
func (c class) selector(names []string) string {
	out := alternatives(names)
	switch {
	case c.reader:
		either := alternatives([]string{laneLabel, readLabel})
		return out + `(?:` + space + `\{` + space + either + `(?:` + space + `,` + space + either + `)?` + space + `\})?`
	case c.lane:
		return out + `(?:` + space + `\{` + space + laneLabel + space + `\})?`
	}
	return out
}

// conditions are what a step waits for.
func (l language) conditions() *jsonschema.Schema {
	names := make(map[string][]string) // by how their values are written
	var order []string
	for _, m := range l.v.Metrics {
		value := operator + writtenAs[m.Unit].pattern
		if m.Lane {
			value = labels + value
		}
		if names[value] == nil {
			order = append(order, value)
		}
		names[value] = append(names[value], m.Name)
	}
	var any []string
	for _, value := range order {
		any = append(any, alternatives(names[value])+value)
	}
	return text(`(?:`+space+alternatives(any)+space+`(?:and\s+|$))+`,
		"a metric with its labels, a comparison and a value with its unit", "rss{lane:push} > 100MiB", "backlog_age{lane:pull} < 1s and gaps{lane:pull} == 0")
}

// rules defines the thresholds: by metric, one rule or a list of them.
func (l language) rules(defs jsonschema.Definitions) {
	order, names := l.classes()
	all := &jsonschema.Schema{Type: "object", PatternProperties: make(map[string]*jsonschema.Schema), AdditionalProperties: jsonschema.FalseSchema}
	for _, c := range order {
		kind := c.name()
		all.PatternProperties["^"+space+c.selector(names[c])+space+"$"] = ref(kind + "Rules")
		if defs[kind+"Text"] != nil {
			continue
		}
		defs[kind+"Text"] = c.rule()
		long := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), Required: []string{"threshold"}, AdditionalProperties: jsonschema.FalseSchema}
		long.Properties.Set("threshold", describe(ref(kind+"Text"), "the rule"))
		long.Properties.Set("abort_on_fail", describe(&jsonschema.Schema{Type: "boolean"}, "the run ends as soon as the rule does not hold"))
		long.Properties.Set("delay_abort_eval", describe(ref("Duration"), "but not before this much of the run"))
		long.DependentRequired = map[string][]string{"delay_abort_eval": {"abort_on_fail"}}
		defs[kind+"Rule"] = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{ref(kind + "Text"), long}}
		atLeast := uint64(1)
		defs[kind+"Rules"] = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{ref(kind + "Rule"), {Type: "array", MinItems: &atLeast, Items: ref(kind + "Rule")}}}
	}
	defs["Thresholds"] = all
}

// name tells the classes apart that have the same rules.
func (c class) name() string {
	kinds := map[script.Kind]string{script.Gauge: "Gauge", script.Counter: "Counter", script.Trend: "Trend"}
	units := map[script.Unit]string{script.UnitNone: "Number", script.UnitBytes: "Bytes", script.UnitSeconds: "Time", script.UnitPercent: "Percent"}
	return kinds[c.kind] + units[c.unit]
}

// rule is what may be said of the metrics of a class. Whether both sides of a
// comparison count the same, only the parser knows.
func (c class) rule() *jsonschema.Schema {
	aggregation := func(name string) string {
		if name == "p" {
			return `p` + space + `\(` + space + plain + space + `\)`
		}
		return name
	}
	var every, each []string
	seen := make(map[string]bool)
	for _, k := range []script.Kind{script.Gauge, script.Counter, script.Trend} {
		for _, name := range k.Aggregations() {
			if !seen[name] {
				every = append(every, aggregation(name))
			}
			seen[name] = true
		}
	}
	other := `(?:` + plain + space + `\*` + space + `)?` + alternatives(every) + space + `of\s+[a-z_]+(?:` + labels + `)?`
	byUnit := make(map[script.Unit][]string)
	var units []script.Unit
	for _, name := range c.kind.Aggregations() {
		u := script.Metric{Kind: c.kind, Unit: c.unit}.UnitOf(script.Aggregation{Name: name})
		if byUnit[u] == nil {
			units = append(units, u)
		}
		byUnit[u] = append(byUnit[u], aggregation(name))
	}
	var wants []string
	for _, u := range units {
		each = append(each, alternatives(byUnit[u])+operator+alternatives([]string{writtenAs[u].pattern, other}))
		wants = append(wants, writtenAs[u].example)
	}
	first := c.kind.Aggregations()[0]
	return text(space+alternatives(each)+space,
		"an aggregation ("+strings.ReplaceAll(strings.Join(c.kind.Aggregations(), ", "), "p,", "p(N),")+"), a comparison, and a value ("+strings.Join(wants, ", ")+") or another metric",
		first+" > "+wants[0])
}

func describe(s *jsonschema.Schema, text string) *jsonschema.Schema {
	s.Description = text
	return s
}
