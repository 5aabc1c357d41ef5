package strategy

// capacityOption is that of all strategies with a bounded queue. 256 is what
// Reactor gives its operators (Queues.SMALL_BUFFER_SIZE).
var capacityOption = Option{
	Name: "capacity", Kind: Number, Default: "256", Min: 1, Max: 1_000_000,
	Help: "How many messages may wait for the reader.",
}

func capacity(o Options) int { return int(o.Number(capacityOption.Name)) }

// boundOfQueue is the bound of the engine over a queue of that capacity.
func boundOfQueue(o Options) int { return capacity(o) + inSend + atDoor }
