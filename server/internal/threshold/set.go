package threshold

import (
	"cmp"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
)

// abortEvery is how often rules that may end a run are looked at. Twice a second
// is soon enough for people and costs nothing.
const abortEvery = 500 * time.Millisecond

// noValue is said where nothing was measured.
const noValue = "no value"

// Set is all rules of a scenario and what they have seen. The first snapshot it
// is shown is where they begin: counters count from there. It is not safe for
// concurrent use.
type Set struct {
	reader *metric.Reader
	series []*series
	rules  []rule

	begun   bool
	began   time.Duration // elapsed time of the first snapshot
	elapsed time.Duration // of the last one

	judged  time.Duration // when Abort looked last, since the beginning
	aborted *Verdict
	abortAt int // index of the rule
}

// rule is one threshold for one lane and group.
type rule struct {
	script.Threshold // its selector leaves nothing open
	name             string
	seen             *series
	unit             script.Unit
	other            *series // of a comparison
}

// New prepares the rules of a checked scenario. One that leaves out the lane
// becomes one for each lane; one that leaves out the reader, of a metric that
// only groups have, one for each group of the crowd, and for the tabs where
// there is no crowd.
func New(s script.Scenario) *Set {
	out := &Set{reader: metric.NewReader(s)}
	for _, t := range s.Thresholds {
		d, ok := metric.Find(t.Metric)
		if !ok {
			continue // the scenario was checked against metric.Vocabulary
		}
		for _, of := range expand(s, d, t.Selector) {
			r := rule{Threshold: t, name: of.String(), seen: out.find(of, t.Aggregation), unit: d.UnitOf(t.Aggregation)}
			r.Selector = of
			if ref := t.Wanted.Of; ref != nil {
				r.other = out.find(inherit(ref.Selector, of), ref.Aggregation)
			}
			out.rules = append(out.rules, r)
		}
	}
	return out
}

// expand lists what a selector with labels left out stands for.
func expand(s script.Scenario, d metric.Definition, of script.Selector) []script.Selector {
	lanes, groups := []string{of.Lane}, []string{of.Reader}
	if d.Lane && of.Lane == "" {
		lanes = lanes[:0]
		for _, l := range s.Lanes {
			lanes = append(lanes, l.Name)
		}
	}
	if d.Reader && !d.Whole && of.Reader == "" {
		groups = groups[:0]
		for _, g := range s.Crowd() {
			groups = append(groups, g.Name)
		}
		if len(groups) == 0 {
			groups = append(groups, script.You)
		}
	}
	var out []script.Selector
	for _, lane := range lanes {
		for _, group := range groups {
			out = append(out, script.Selector{Metric: of.Metric, Lane: lane, Reader: group})
		}
	}
	return out
}

// inherit fills what a reference leaves out with what it is compared with.
func inherit(of, from script.Selector) script.Selector {
	d, _ := metric.Find(of.Metric)
	if d.Lane {
		of.Lane = cmp.Or(of.Lane, from.Lane)
	}
	if d.Reader && !d.Whole {
		of.Reader = cmp.Or(of.Reader, from.Reader)
	}
	return of
}

// find is the series of a selector, made if it is not there yet. A selector that
// names nothing has a series that never gets a value.
func (s *Set) find(of script.Selector, a script.Aggregation) *series {
	keep := a.Name == "p" || a.Name == "med"
	for _, have := range s.series {
		if have.of == of {
			have.keep = have.keep || keep
			return have
		}
	}
	probe, ok := s.reader.Probe(of)
	out := &series{of: of, probe: probe, found: ok, keep: keep, stride: 1}
	s.series = append(s.series, out)
	return out
}

// Observe takes in one snapshot, in the order of time. It reads the metrics that
// rules name and nothing else.
func (s *Set) Observe(now metric.Snapshot) {
	s.reader.Look(now)
	s.elapsed = time.Duration(now.Sample.ElapsedMicros) * time.Microsecond
	first := !s.begun
	if first {
		s.begun, s.began = true, s.elapsed
	}
	for _, one := range s.series {
		one.observe(now, s.elapsed, first)
	}
}

// Verdicts are all rules as they stand, in the order of the file, those of one
// threshold by lane and group. The slice is the caller's.
func (s *Set) Verdicts() []Verdict {
	out := make([]Verdict, len(s.rules))
	for i := range s.rules {
		out[i] = s.judge(&s.rules[i])
		out[i].Aborts = s.aborted != nil && i == s.abortAt
	}
	return out
}

// Abort is the first rule because of which the run is to end: one with
// abort_on_fail that had a value and did not hold, once its delay was over. From
// then on it stays the same. It looks at the rules at most twice a second of the
// run; call it as often as you like.
func (s *Set) Abort() (Verdict, bool) {
	if s.aborted != nil {
		return *s.aborted, true
	}
	since := s.elapsed - s.began
	if !s.begun || s.judged > 0 && since-s.judged < abortEvery {
		return Verdict{}, false
	}
	s.judged = since
	for i := range s.rules {
		r := &s.rules[i]
		if !r.AbortOnFail || since < time.Duration(r.DelayAbortEval) {
			continue
		}
		if v := s.judge(r); v.Known && !v.Holds {
			v.Aborts = true
			s.aborted, s.abortAt = &v, i
			return v, true
		}
	}
	return Verdict{}, false
}

// judge compares.
func (s *Set) judge(r *rule) Verdict {
	out := Verdict{Name: r.name, Rule: r.Text, Wanted: string(r.Operator) + " ", Seen: noValue, At: r.seen.at}
	if out.Rule == "" {
		out.Rule = r.String()
	}
	seen, known := r.seen.aggregate(r.Aggregation, s.elapsed-s.began)
	if known {
		out.Seen = script.FormatValue(r.unit, seen)
	}
	wanted := r.Wanted.Number
	if r.other == nil {
		out.Wanted += r.Wanted.String()
	} else {
		ref := r.Wanted.Of
		value, ok := r.other.aggregate(ref.Aggregation, s.elapsed-s.began)
		known = known && ok
		wanted = ref.Factor * value
		if ref.Factor != 1 {
			out.Wanted += script.FormatValue(script.UnitNone, ref.Factor) + " * "
		}
		if ok {
			out.Wanted += script.FormatValue(r.unit, value)
		} else {
			out.Wanted += noValue
		}
		out.At = max(out.At, r.other.at)
	}
	out.Known = known
	out.Holds = known && r.Operator.Holds(seen, wanted)
	return out
}
