package strategy

var overflowError = Definition{
	Name:  "error",
	Title: "no queue: overflow ends the stream",
	Explain: "Passes a message on only when the reader is ready for it. The first one that comes too early ends the stream, " +
		"at once and with a typed error: nobody waits, nothing piles up, and nobody can overlook it. " +
		"On a transport without demand that is the first message that comes while another is being written, so a short burst is enough. " +
		"This is onBackpressureError of Reactor, and MissingBackpressureException in RxJava.",
	Slow:     "Ends the stream at the first message too many.",
	Source:   "redis-pubsub",
	Overflow: Ends,
	Bound:    func(Options) int { return inSend + atDoor },
	New:      func(Options) (Strategy, error) { return bounded{full: endAtOnce}, nil },
}
