package lane

import "spillway/wasm/wire"

// Message is one unit from the source: the bytes that the producer wrote, with
// the two facts of their head already read. Data is a string because readers
// share it: nobody can change it, and nobody needs to copy it.
type Message struct {
	Seq      uint64 // position in its channel; the first is 1, each next one is one more
	AtMicros int64  // when it was produced, microseconds since the Unix epoch
	Pos      uint64 // where its event text begins in its channel, bytes; see wire.Header
	Data     string // one JSON object without a line break, as wire.ScanHeader expects it

	Shared *Encoded // for what transports make of it, where many readers get this message; nil: one does
}

// Bytes is what the message counts for in the bounds of strategies and sources:
// its payload, without the framing that a transport adds.
func (m Message) Bytes() int { return len(m.Data) }

// Text is what the message counts for in every account: its event text.
func (m Message) Text() uint64 { return wire.EventBytes(m.Seq, len(m.Data)) }

// End is where its event text ends in its channel.
func (m Message) End() uint64 { return m.Pos + m.Text() }

// Key is the name of a channel in the broker, the same for its stream and for
// Pub/Sub.
func Key(runID, channel string) string { return "spillway:" + runID + ":" + channel }
