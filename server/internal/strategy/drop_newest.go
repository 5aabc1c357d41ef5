package strategy

var dropNewest = Definition{
	Name:  "drop-newest",
	Title: "a full queue refuses what comes",
	Explain: "Keeps messages in a queue of a fixed size. Nobody waits: what comes while it is full is given up, counted, " +
		"and announced to the reader as a gap. A slow reader gets an old, unbroken run, then a hole, and everything it gets is as late as the queue is long. " +
		"This is onBackpressureBuffer with DROP_LATEST in Reactor, a select with a default around a send in Go, and the tail drop of a router.",
	Slow:     "Keeps the old, loses the new.",
	Source:   "redis-pubsub",
	Overflow: Loses,
	Options:  []Option{capacityOption},
	Bound:    boundOfQueue,
	New: func(o Options) (Strategy, error) {
		return bounded{capacity: capacity(o), full: dropIncoming}, nil
	},
}
