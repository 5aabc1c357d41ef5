package strategy

var latest = Definition{
	Name:  "latest",
	Title: "one slot for the newest",
	Explain: "Keeps one message, the newest. Each one that comes takes the place of the one that waits, which is given up, counted and announced as a gap. " +
		"Nobody waits; a slow reader skips, and what it gets next is never older than its last read. " +
		"This is right where a message replaces the one before: a price, a position, a progress bar. It is onBackpressureLatest of Reactor, conflate in Kotlin and Akka, and a watch channel in Tokio.",
	Slow:     "Skips to the newest.",
	Source:   "redis-pubsub",
	Overflow: Loses,
	Bound:    func(Options) int { return latestSlot + inSend + atDoor },
	New: func(Options) (Strategy, error) {
		return bounded{capacity: latestSlot, full: dropOldest}, nil
	},
}

// latestSlot is how many messages wait: that is the whole idea.
const latestSlot = 1
