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

	// Rows are all connections, and those that have ended since the last, once a
	// second and at a whole one; otherwise nil. See RowsAt. Where they are more than
	// MaxRows the next report has more of the same second.
	Rows     []Row `json:",omitzero"`
	RowsAt   int64 `json:",omitzero"` // Unix seconds
	RowsMore bool  `json:",omitzero"` // Rows are not all
	// Watched are the connections that somebody looks at, with every report; see
	// Command.Watch.
	Watched []Row `json:",omitzero"`

	Written map[string]uint64 `json:",omitzero"` // channel → lowest sequence written to all its readers, once a second

	// Tabs are the connections that gave themselves an id: bytes of event text
	// written to each, without what the transport adds. A write counts when it has
	// ended.
	Tabs map[uint64]uint64 `json:",omitzero"`

	Code *Code `json:",omitzero"` // once a second, while it is asked for

	Broker string // empty while the broker answers, else why not, in words
}

// MaxRows bounds Report.Rows: a report is one line of at most 1 MiB.
const MaxRows = 2000

// Row is one reader's connection. Bytes are of event text, of this connection
// alone. Where transports cannot cut a write (WebSocket, TLS, HTTP/2) all its
// events are delivered when it has ended.
//
//	accepted = delivered + dropped + what waits in the lane
type Row struct {
	ID      uint64 `json:",omitzero"` // as the reader gave it; 0: it gave none
	Channel string
	Ended   bool `json:",omitzero"` // this is its last row

	Begin     uint64 `json:",omitzero"` // position where the first accepted message begins
	Accepted  uint64 `json:",omitzero"` // taken from the source; 0: nothing yet, and Begin means nothing
	Missed    uint64 `json:",omitzero"` // holes between accepted messages: what the source no longer had
	Delivered uint64 `json:",omitzero"` // in the hands of the kernel; an event counts when all of it is
	Dropped   uint64 `json:",omitzero"` // given up by the strategy
	Keeps     bool   `json:",omitzero"` // the lane keeps what all read from Kept on, though the broker may trim it
	Kept      uint64 `json:",omitzero"` // position
	Away      bool   `json:",omitzero"` // the source keeps nothing for it now; see Stats.Away
	Gaps      uint64 `json:",omitzero"` // messages that never came into the lane

	WriteMicros   uint64 `json:",omitzero"` // how long the current write has lasted; 0 between writes
	Queue         uint64 `json:",omitzero"` // bytes in the send queue, with what transports add
	ShutMicros    uint64 `json:",omitzero"` // how long the reader's window has had no room; 0 while it has
	LimitedMicros uint64 `json:",omitzero"` // for how long, all in all, it was what held sending up
	Unseen        bool   `json:",omitzero"` // the kernel does not tell
}

// Next is the position behind what the lane has taken, or missed.
func (r *Row) Next() uint64 { return r.Begin + r.Accepted + r.Missed }

// Kernel is what the operating system knows of the connections of a lane.
type Kernel struct {
	QueueBytes uint64 // in the send queues: written, and not acknowledged by the readers' kernels
	Shut       uint64 // readers whose window has no room for what waits
	ShutMicros uint64 // the longest of these waits
	Unseen     uint64 // connections of which it does not tell
}
