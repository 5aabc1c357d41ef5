package lane

// Message is one unit from the source: the bytes that the producer wrote, with
// the two facts of their head already read. Data is a string because readers
// share it: nobody can change it, and nobody needs to copy it.
type Message struct {
	Seq      uint64 // position in its channel; the first is 1, each next one is one more
	AtMicros int64  // when it was produced, microseconds since the Unix epoch
	Data     string // one JSON object without a line break, as wire.ScanHeader expects it

	Shared *Encoded // for what transports make of it, where many readers get this message; nil: one does
}

// Bytes is what the message counts for in every backlog: its payload, without
// the framing that a transport adds.
func (m Message) Bytes() int { return len(m.Data) }

// Key is the name of a channel in the broker, the same for its stream and for
// Pub/Sub.
func Key(runID, channel string) string { return "spillway:" + runID + ":" + channel }
