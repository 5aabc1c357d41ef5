package strategy

var dropOldestFirst = Definition{
	Name:  "drop-oldest",
	Title: "a full queue gives up what is oldest",
	Explain: "Keeps messages in a queue of a fixed size. Nobody waits: when it is full, the message that has waited longest is given up for the one that comes, " +
		"counted, and announced to the reader as a gap. A slow reader gets fresh messages with holes between them; how late they are is bounded by the queue. " +
		"This is onBackpressureBuffer with DROP_OLDEST in Reactor, a ring buffer, and what market data and telemetry want.",
	Slow:     "Keeps the new, loses the old.",
	Source:   "redis-pubsub",
	Overflow: Loses,
	Options:  []Option{capacityOption},
	Bound:    boundOfQueue,
	New: func(o Options) (Strategy, error) {
		return bounded{capacity: capacity(o), full: dropOldest}, nil
	},
}
