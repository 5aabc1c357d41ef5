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
// For one reader on its connection:
//
//	produced  = end of the stream − where the reader began
//	broker    = end of the stream − what the lane has taken, or what is trimmed if that is more
//	backlog   = taken − delivered − dropped
//	between   = delivered − received on this connection
//	          = held by the reader + send queue + in flight
//	consumed  = received, on all connections
//	lost      = dropped, and what is missing in front of, between and behind what was taken
//
// A reader without a connection waits for what is behind its last message where
// the lane reads a stream; elsewhere all of it is lost. What it lacks in front of
// that is lost for certain: that much is the truth of the reader, and the last
// rows of its connections say whose doing it was. Never is more laid at somebody's
// door than is missing.
//
// A part that would be negative is 0, and the sum does not fit: the gap is shown.
//
// # What cannot be seen
//
// A message that the lane has accepted and forgot stays in the backlog for ever,
// one that vanished on its way stays in flight; one that comes twice, or rows of
// another second, make a gap. Who has not yet got a message has no beginning, and
// nothing is produced for it. A connection shorter than a second that its reader
// never named, and the last second of a lane that died, are in no row: what was
// lost there is known, but by whom is a guess (in the lane where it has accepted
// it as far as anybody knows, else in the broker). On a new subscription nobody
// knows what waits in the broker until the lane has accepted the first message:
// until then it counts as lost there. What a lane has fetched and not accepted
// counts as in the broker, also where that has trimmed it and the lane keeps it for
// all its readers (lane.Row.Kept). When a connection of a stream ends while the reader
// still receives, holes between messages on their way count as in the broker until
// the reader has passed them, and overtaken messages as lost until they are there.
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
	Name    string // for people; empty: the key
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
	// Positions by channel. A channel that is not there ends where it did, or where
	// somebody has got to.
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
	Gaps                                                       uint64 // messages
	Gap                                                        int64
	Connected                                                  bool
	Silent                                                     bool // reports nothing
}

// Unknown is the name of a reader that reports nothing.
const Unknown = "unknown"

// Between is what the lane has written and the reader has not reported.
func (l *Line) Between() uint64 { return l.SendQueue + l.InFlight + l.Held }

// account is the sum for pages and recordings.
func (p *parts) account() wire.Account {
	return wire.Account{
		Produced:     uint64(p.produced),
		Broker:       uint64(p.broker),
		Backlog:      uint64(p.backlog),
		SendQueue:    uint64(p.queue),
		InFlight:     uint64(p.inFlight),
		Held:         uint64(p.held),
		Consumed:     uint64(p.consumed),
		LostStrategy: uint64(p.lost.strategy),
		LostTrimmed:  uint64(p.lost.trimmed),
		LostBroker:   uint64(p.lost.broker),
		LostLeft:     uint64(p.lost.left),
		Gap:          p.gap(),
	}
}
