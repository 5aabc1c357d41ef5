package lane

// Report is what only the lane itself knows, sent to the server 10 times a
// second. Counters run since the process started.
type Report struct {
	HeapInUseBytes   uint64 // live and not yet swept objects
	HeapTotalBytes   uint64 // heap reserved from the OS and not returned
	LiveBytes        uint64 // marked by the last collection
	OutsideHeapBytes uint64 // stacks and runtime
	Goroutines       uint64

	Readers uint64 // connected now

	Accepted       uint64 // messages taken from the source, without those that stayed there when their reader left
	Delivered      uint64 // messages written to readers
	DeliveredBytes uint64
	Dropped        uint64 // messages given up by the strategy, or lost with a reader that left
	Gaps           uint64 // messages the source no longer had: trimmed, or missed while away

	BacklogCount uint64 // accepted − delivered − dropped
	BacklogBytes uint64
	OldestMicros uint64 // age of the oldest backlog message since it was produced
	Stalled      uint64 // readers whose write waits for room now
	StallMicros  uint64 // the longest of these waits

	Kernel Kernel // looked at once a second

	Written map[string]uint64 `json:",omitzero"` // channel → lowest sequence written to all its readers, once a second

	// Tabs are the connections that gave themselves an id: bytes of event text
	// written to each, without what the transport adds. A write counts when it has
	// ended.
	Tabs map[uint64]uint64 `json:",omitzero"`

	Code *Code `json:",omitzero"` // once a second, while it is asked for

	Broker string // empty while the broker answers, else why not, in words
}

// Kernel is what the operating system knows of the connections of a lane.
type Kernel struct {
	QueueBytes uint64 // in the send queues: written, and not acknowledged by the readers' kernels
	Shut       uint64 // readers whose window has no room for what waits
	ShutMicros uint64 // the longest of these waits
	Unseen     uint64 // connections of which it does not tell
}
