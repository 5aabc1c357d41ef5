package strategy

var drop = Definition{
	Name:  "drop",
	Title: "no queue: what comes too early is lost",
	Explain: "Keeps nothing. A message passes if the reader is ready at that moment, and is given up, counted and announced as a gap if it is not. " +
		"Nobody waits and no memory is held, and the losses fall wherever the reader was busy: on a transport without demand also within a burst, however fast the reader is. " +
		"This is onBackpressureDrop of Reactor, which drops the message that comes and not one that waits, because none does.",
	Slow:     "Loses what comes while it writes.",
	Source:   "redis-pubsub",
	Overflow: Loses,
	Bound:    func(Options) int { return inSend + atDoor },
	New:      func(Options) (Strategy, error) { return bounded{full: dropIncoming}, nil },
}
