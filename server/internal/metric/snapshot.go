// Package metric says what can be measured in a run: each metric with its unit,
// its meaning, and how it is read from a sample. Thresholds, waits, recordings
// and tables name metrics by the words of this list.
//
//	lane, broker, readers → samples → metrics → thresholds, verdicts
//
// A new metric is one entry in [All].
package metric

import (
	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// Snapshot is one measurement of a whole run, 10 a second.
type Snapshot struct {
	Sample wire.Sample // what pages get too
	Lanes  []Lane      // what only thresholds and recordings need, in the order of Sample.Lanes
}

// Lane is what a sample of a page does not hold. Counters run since the run
// began, over all processes the lane has had.
type Lane struct {
	CPUMicros      uint64 // processor time, user and system
	Delivered      uint64
	DeliveredBytes uint64
	Dropped        uint64
	HopRSS         uint64    // memory of the process of the proxy in front of it; 0 without one
	HopBytes       uint64    // that lie in that proxy: its queues in the kernel, and what it holds
	LastExit       int       // exit code of the last end; -1 before the first
	Readers        []Readers // one for each group, in the order of the scenario, you last
}

// Readers is one group of readers on one lane. Counters run since the run began.
type Readers struct {
	Group        string
	Connected    uint64
	Messages     uint64 // received, repeats included
	Bytes        uint64
	Gaps         uint64
	Repeats      uint64
	Disconnects  uint64 // streams that ended though nobody asked for it
	Held         uint64 // bytes that have arrived at them now and that nobody has consumed
	AgeP50Micros uint64 // from produced to read, messages of the last second; 0 without any
	AgeP99Micros uint64

	// Ages are those of all messages so far; nil where nobody counts them, which
	// is in the browser's tabs. It is not changed after it was put here.
	Ages *reader.Histogram
}
