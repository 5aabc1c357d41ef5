// Package threshold holds a run to the rules of its scenario: it takes in every
// sample and says at any moment which rules hold.
//
//	samples → metrics → thresholds → verdicts
package threshold

import "time"

// Verdict is what became of one rule. A rule without a label is several, one for
// each lane or group.
type Verdict struct {
	Name   string        // of the metric with its labels: rss{lane:push}
	Rule   string        // max > 200MiB
	Wanted string        // > 200MiB; of a comparison of lanes with the number it came to: > 2 * 28.1MiB
	Seen   string        // 254.3MiB; "no value" where nothing was measured
	Holds  bool          // without a value no rule holds
	Known  bool          // there was a value
	Aborts bool          // the run was to end because of it
	At     time.Duration // of the sample that decided it; the last one
}
