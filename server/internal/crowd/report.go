package crowd

import "spillway/wasm/throttle"

// Ready is the crowd's answer once its readers are on their way. It does not
// wait for a connection.
type Ready struct {
	Readers int // on all lanes together
}

// Report is what the readers have received, sent 10 times a second.
type Report struct {
	Cells []CellReport // one for each lane and group, lanes first, in the order of the configuration
}

// CellReport is one group on one lane. Counters run since the process started,
// over all connections, and include readers that have been taken away.
type CellReport struct {
	Lane  string
	Group string

	Readers   uint64 // there are, those that are away included
	Connected uint64 // have an open stream now

	Bytes     uint64 // read, framing and comments included, HTTP's own not
	Messages  uint64 // with a readable head, repeats included
	Gaps      uint64 // sequence numbers passed over
	Repeats   uint64 // messages whose sequence was not above the last
	Malformed uint64 // messages without a readable head
	Notices   uint64 // gaps that the lane itself announced

	Disconnects uint64 // streams that ended though nobody asked for it
	HungUp      uint64 // of these, by a reader that held too much
	Refused     uint64 // attempts that did not become a stream
	Held        uint64 // bytes that have arrived at readers and not been read; fixed buffers and the kernel's not among them
	Trouble     string // why the last of these two happened, in words; empty once all are connected, and while they are away

	BytesPerSecond uint64        // read by all together over the last second
	PerSecond      uint64        // messages, likewise
	AgeP50Micros   uint64        // from produced to read, messages of the last second; 0 without any
	AgeP99Micros   uint64        // likewise
	AgeCount       uint64        // messages behind the two
	Limit          throttle.Rate // what each reader may read, bytes per second; 0 while paused, -1 without limit

	// Read is the last sequence that each channel has been read to by all its
	// readers of this cell, 0 where one of them has read none; once a second,
	// otherwise nil. It stays while the lane is down, and while the readers are
	// away. But readers that are away and have read nothing do not count: they
	// will begin wherever the stream is when they come.
	Read map[string]uint64 `json:",omitzero"`

	// Rows are the readers there are, once a second and at a whole one, RowsAt;
	// otherwise nil, and always with more than maxRows in all cells. Left is what
	// those that were taken away had received.
	Rows   []Row `json:",omitzero"`
	RowsAt int64 `json:",omitzero"` // Unix seconds
	Left   Row   `json:",omitzero"` // From is 0; To − Text is what they missed

	// Ages are those of all Messages, from produced to read; once a second,
	// otherwise nil.
	Ages *Ages `json:",omitempty"`
}

// Row is one reader. Bytes are of event text of messages, over all connections of
// the reader, as in reader.Account.
type Row struct {
	Number  uint64 // in its group, from 0
	ID      uint64 `json:",omitzero"` // of its connection, as its lane knows it; 0 without one. Streams of HTTP/2 count as connections
	Channel string
	From    uint64 `json:",omitzero"` // position where its first message began
	To      uint64 `json:",omitzero"` // position behind the last
	Text    uint64 `json:",omitzero"` // of all messages between the two that it has
	Before  uint64 `json:",omitzero"` // of these, on earlier connections; without a connection, before the last one
	Held    uint64 `json:",omitzero"` // bytes that have arrived and that it has not read
}
