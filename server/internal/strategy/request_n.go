package strategy

var requestN = Definition{
	Name:  "request-n",
	Title: "the reader asks for so many",
	Explain: "Sends only what the reader has asked for, and fetches ahead of it: 256 messages at first, and 192 more each time the reader has taken 192. " +
		"Nobody waits while the reader keeps asking, because the next ones are here already; when it stops, the server holds at most the 256 and the source keeps the rest. " +
		"Nothing is lost. This is request(n) of Reactive Streams with the prefetch of publishOn, and RSocket carries it over the network. " +
		"Where the transport carries no demand, a connection with room asks for one.",
	Slow:     "Sends what is asked for, fetches a little ahead.",
	Source:   "redis-stream",
	Overflow: Waits,
	Options: []Option{
		{Name: "prefetch", Kind: Number, Default: "256", Min: 1, Max: 65536, Help: "How many messages are fetched ahead of the reader."},
		{Name: "replenish", Kind: Number, Default: "75", Min: 1, Max: 100, Help: "The percentage of them that the reader must have taken before as many more are fetched."},
	},
	Bound: func(o Options) int { return int(o.Number("prefetch")) },
	New: func(o Options) (Strategy, error) {
		prefetch := int(o.Number("prefetch"))
		// prefetch - (prefetch >> 2) of Reactor, which is the same at 75 %.
		keep := prefetch * int(100-o.Number("replenish")) / 100
		return bounded{capacity: prefetch, full: blockSource, replenish: prefetch - keep}, nil
	},
}
