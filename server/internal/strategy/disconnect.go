package strategy

var disconnect = Definition{
	Name:  "disconnect",
	Title: "a reader that is too slow is cut off",
	Explain: "Keeps messages in a queue, and ends the connection when too many messages or bytes wait, or when one write has waited too long for room. " +
		"Nobody else waits for the slow reader, its memory is bounded and free again at once, and it is told why if its connection still takes bytes. " +
		"What waited is lost with the connection; a reader that comes back with its last id gets it again if the source keeps it. " +
		"This is the slow consumer of NATS, the queue limit of Centrifugo, and what Redis itself does by client-output-buffer-limit.",
	Slow:     "Cuts the reader off; it may come back.",
	Source:   "redis-stream",
	Overflow: Ends,
	// Centrifugo allows 1 MiB (client.queue_max_size), NATS writes for 10 s
	// (write_deadline).
	Options: []Option{
		{Name: "messages", Kind: Number, Default: "1000", Min: 1, Max: 1_000_000, Help: "How many messages may wait."},
		{Name: "bytes", Kind: Bytes, Default: "1MiB", Min: 1, Max: 1 << 30, Help: "How many bytes of messages may wait."},
		{Name: "deadline", Kind: Duration, Default: "10s", Min: 0.001, Max: 3600, Help: "How long one write may wait for room."},
	},
	Bound: func(o Options) int { return int(o.Number("messages")) + inSend + atDoor },
	New: func(o Options) (Strategy, error) {
		return bounded{
			capacity:      int(o.Number("messages")),
			capacityBytes: o.Bytes("bytes"),
			deadline:      o.Duration("deadline"),
			full:          endAtOnce,
			cut:           true,
		}, nil
	},
}
