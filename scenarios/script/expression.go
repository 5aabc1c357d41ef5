package script

// Selector names a metric and whose it is: rss{lane:push},
// age{lane:pull,reader:healthy}. A label that is left out stands for each: a
// threshold must then hold for every lane, or every group of readers.
type Selector struct {
	Metric string
	Lane   string
	Reader string
}

// Aggregation makes one number of many: min, max, avg, med, p(N), count, rate,
// value, last. value and last are the same.
type Aggregation struct {
	Name string  // without the N
	N    float64 // of p(N): 0 to 100
}

// Operator compares: <, <=, >, >=, ==, !=.
type Operator string

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

// Operand is what is compared with: a number, or another metric of the same
// run times a factor.
type Operand struct {
	Number float64 // in the unit of the metric: bytes, bytes a second, seconds, percent, or a plain number; without Of
	Of     *Reference
}

// Reference is an aggregated metric times a factor.
type Reference struct {
	Factor      float64
	Aggregation Aggregation
	Selector    Selector
}

// Condition is true or not at one moment: "rss{lane:push} > 100MiB".
type Condition struct {
	Selector Selector
	Operator Operator
	Wanted   float64 // in the unit of the metric
	Text     string
}

// Conditions must all be true at the same moment; in the file they are joined
// by "and".
type Conditions []Condition
