package script

import (
	"slices"
	"strconv"
	"strings"
)

// The grammar of thresholds and waits. Spaces may stand between the parts.
//
//	threshold   → selector ":" rule             in the file a key and its value
//	rule        → aggregation operator wanted
//	wanted      → value | [ factor "*" ] aggregation "of" selector
//	condition   → selector operator value
//	conditions  → condition { "and" condition }
//
//	selector    → metric [ "{" label { "," label } "}" ]
//	label       → ( "lane" | "reader" ) ":" name
//	aggregation → "min" | "max" | "avg" | "med" | "p(" number ")" |
//	              "count" | "rate" | "value" | "last"
//	operator    → "<" | "<=" | ">" | ">=" | "==" | "!="
//	value       → number unit                   the unit of the metric: 64KiB,
//	                                            4KB/s, 10/s, 250ms, 1m30s, 40%;
//	                                            none where it counts things
//	factor      → number
//
// A label that is left out of a threshold stands for each lane, and for each
// group of readers but the tabs; where a metric has a value of the lane as a
// whole, a missing reader means that. A reference that leaves out the lane means the
// same lane as the metric it is compared with, and so for the reader. A
// condition leaves nothing open.

// Selector names a metric and whose it is: rss{lane:push},
// age{lane:pull,reader:healthy}. A label that is left out stands for each: a
// threshold must then hold for every lane, or every group of readers.
type Selector struct {
	Metric string
	Lane   string
	Reader string
}

// String is the selector as it is written.
func (s Selector) String() string {
	var labels []string
	if s.Lane != "" {
		labels = append(labels, "lane:"+s.Lane)
	}
	if s.Reader != "" {
		labels = append(labels, "reader:"+s.Reader)
	}
	if labels == nil {
		return s.Metric
	}
	return s.Metric + "{" + strings.Join(labels, ",") + "}"
}

// Aggregation makes one number of many: min, max, avg, med, p(N), count, rate,
// value, last. value and last are the same.
type Aggregation struct {
	Name string  // without the N
	N    float64 // of p(N): 0 to 100
}

// percentile is the name of p(N).
const percentile = "p"

var allAggregations = []string{"min", "max", "avg", "med", percentile, "count", "rate", "value", "last"}

// String is the aggregation as it is written.
func (a Aggregation) String() string {
	if a.Name == percentile {
		return "p(" + number(a.N) + ")"
	}
	return a.Name
}

// Aggregations are those that make sense for a kind of metric, without the N.
func (k Kind) Aggregations() []string {
	switch k {
	case Counter:
		return []string{"count", "rate", "value", "last"}
	case Trend:
		return []string{"min", "max", "avg", "med", percentile, "count"}
	}
	return []string{"min", "max", "avg", "med", percentile, "count", "value", "last"}
}

// UnitOf is what the aggregated metric is counted in.
func (m Metric) UnitOf(a Aggregation) Unit {
	switch {
	case a.Name == "count" && m.Kind != Counter:
		return UnitNone // how many values there were
	case a.Name == "rate" && m.Unit == UnitBytes:
		return UnitBytesPerSecond
	case a.Name == "rate":
		return UnitPerSecond
	}
	return m.Unit
}

// Operator compares: <, <=, >, >=, ==, !=.
type Operator string

// operators are all there are.
var operators = []Operator{"<=", ">=", "==", "!=", "<", ">"}

// Holds tells whether a OP b is true. It is not for any other operator, nor for
// a NaN on either side.
func (o Operator) Holds(a, b float64) bool {
	switch o {
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "==":
		return a == b
	case "!=":
		return a < b || a > b
	}
	return false
}

// Threshold is a rule that must hold at the end, for example "p(99) < 250ms" or
// "max > 2 * max of rss{lane:pull}".
type Threshold struct {
	Selector
	Aggregation Aggregation
	Operator    Operator
	Wanted      Operand
	Text        string // the rule as it was written

	AbortOnFail    bool     // the run ends as soon as it does not hold
	DelayAbortEval Duration // but not before this much of the run

	Line int // in the file
}

// String is the rule, without the selector, in its plainest spelling.
func (t Threshold) String() string {
	return t.Aggregation.String() + " " + string(t.Operator) + " " + t.Wanted.String()
}

// Operand is what is compared with: a number, or another metric of the same
// run times a factor.
type Operand struct {
	Number float64 // in Unit; without Of
	Unit   Unit    // of both sides: bytes, bytes a second, seconds, percent, or a plain number
	Of     *Reference
}

// String is the operand as it is written.
func (o Operand) String() string {
	if o.Of != nil {
		return o.Of.String()
	}
	return exact(o.Unit, o.Number)
}

// Reference is an aggregated metric times a factor.
type Reference struct {
	Factor      float64
	Aggregation Aggregation
	Selector    Selector
}

// String is the reference as it is written, without a factor of 1.
func (r Reference) String() string {
	out := r.Aggregation.String() + " of " + r.Selector.String()
	if r.Factor == 1 {
		return out
	}
	return number(r.Factor) + " * " + out
}

// Condition is true or not at one moment: "rss{lane:push} > 100MiB".
type Condition struct {
	Selector Selector
	Operator Operator
	Wanted   float64 // in Unit
	Unit     Unit    // of the metric
	Text     string
}

// String is the condition in its plainest spelling.
func (c Condition) String() string {
	return c.Selector.String() + " " + string(c.Operator) + " " + exact(c.Unit, c.Wanted)
}

// Conditions must all be true at the same moment; in the file they are joined
// by "and".
type Conditions []Condition

// String is the conditions in their plainest spelling.
func (c Conditions) String() string {
	parts := make([]string, len(c))
	for i, one := range c {
		parts[i] = one.String()
	}
	return strings.Join(parts, " and ")
}

// number spells a plain number so that it parses back to the same.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// metric is the metric of that name, or false.
func (v Vocabulary) metric(name string) (Metric, bool) {
	i := slices.IndexFunc(v.Metrics, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return Metric{}, false
	}
	return v.Metrics[i], true
}
