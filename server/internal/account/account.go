// Package account says where the bytes of a lane wait, and proves it by a sum.
//
//	producer → broker → lane → kernel → browser → reader
//	   End      Begin    Row     Row               Reader
//
// Three kinds of process count, each for itself, and each tells once a second, at
// a whole one, so that what they say is of the same instant: the producer where
// each stream ends, the lane what it has taken and written on each connection,
// the readers what they have got. Everybody counts positions in the event text of
// a channel, which every message carries in its head (wire.Header), so that a
// hole has a size to the byte even for those who never saw what was in it.
//
// For one reader, with its connection if there is one:
//
//	produced  = end of the stream − where the reader began
//	broker    = end of the stream − what the lane has taken, or what is trimmed if that is more
//	backlog   = taken − delivered − dropped
//	between   = delivered − received on this connection
//	          = held by the reader + send queue + in flight
//	consumed  = received, on all connections
//	lost      = what is missing between what was received, and between what was taken
//
// Nothing of it is found by subtracting all others from the whole; so the sum can
// fail, and the gap is shown.
package account

import (
	"spillway/server/internal/lane"
	"spillway/wasm/wire"
)

// Position is what the broker has of a channel, bytes of event text.
type Position struct {
	Begin, End uint64 // where the oldest message begins that it still has, and behind the newest
}

// Reader is what one reader of a lane says. Bytes are of event text of messages,
// over all its connections.
type Reader struct {
	Key     string // stays the same from second to second, unique in its lane
	ID      uint64 // of its connection, as its lane knows it; 0 without one
	Channel string
	From    uint64 // position where its first message began
	To      uint64 // position behind the last; 0: it has none yet
	Text    uint64 // of all messages that it has
	Before  uint64 // of these, on earlier connections
	Held    uint64 // bytes that have arrived and that it has not read
	Gaps    uint64 // messages, as the reader saw it
}

// Instant is what everybody has said of a lane at one instant.
type Instant struct {
	Replayable bool // its source is a stream: what is not delivered is still there
	Positions  map[string]Position
	Rows       []lane.Row
	Readers    []Reader
	LeftText   uint64 // what readers that were taken away had received
	LeftMissed uint64 // and what they had missed
}

// Line is one reader of a lane, for a table.
type Line struct {
	Reader  string
	Channel string
	lane.Row
	Broker, Backlog, SendQueue, InFlight, Held, Consumed, Lost uint64
	Gaps                                                       uint64
	Gap                                                        int64
	Connected                                                  bool
	Silent                                                     bool
}

// Books keeps the account of one lane from second to second: what a connection
// that ended has lost is remembered by whom. The zero value is ready. It is not
// safe for concurrent use.
type Books struct{}

// Add takes the next instant.
func (b *Books) Add(Instant) (wire.Account, []Line) { return wire.Account{}, nil }
