package strategy

var block = Definition{
	Name:  "block",
	Title: "a queue that blocks when it is full",
	Explain: "Takes messages into a queue of a fixed size. While it has room nobody waits; when it is full " +
		"the receiver waits, with one message in its hand, and takes nothing more from the source. " +
		"This server holds no more than that, nothing is lost here, and what is not taken waits in the broker, for as long as the broker bears it. " +
		"Where readers share the source, all of them wait with the slowest. " +
		"This is a Go channel with a capacity, a BlockingQueue, and the bounded mailbox of an actor.",
	Slow:     "Fills its queue, then waits.",
	Source:   "shared-pubsub",
	Overflow: Waits,
	Options:  []Option{capacityOption},
	Bound:    boundOfQueue,
	New: func(o Options) (Strategy, error) {
		return bounded{capacity: capacity(o), full: blockSource}, nil
	},
}
