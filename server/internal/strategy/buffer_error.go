package strategy

var bufferError = Definition{
	Name:  "buffer-error",
	Title: "a full queue ends the stream, later",
	Explain: "Keeps messages in a queue of a fixed size. The first one that finds it full is given up and nothing more is taken, " +
		"but the reader still gets all that waits, and only then the error. So nobody waits, memory is bounded, " +
		"and the reader has an unbroken run and knows where it ends. The error comes as late as the reader is slow. " +
		"This is onBackpressureBuffer with a size in Reactor.",
	Slow:     "Delivers what waits, then ends the stream.",
	Source:   "redis-pubsub",
	Overflow: Ends,
	Options:  []Option{capacityOption},
	Bound:    boundOfQueue,
	New: func(o Options) (Strategy, error) {
		return bounded{capacity: capacity(o), full: endAfterBacklog}, nil
	},
}
