package metric

import (
	"spillway/scenarios/script"
	"spillway/wasm/wire"
)

// account are the parts of a lane's account, in the order of the way. They have
// values from the first message on, and go on when the lane has ended: what was
// in it is somewhere, too.
var account = []Definition{
	ofAccount("produced_bytes", script.Counter,
		"Event text produced for the lane's readers, each counted from where it began; the producer tells, once a second.",
		func(a *wire.Account) uint64 { return a.Produced }),
	ofAccount("in_broker", script.Gauge,
		"Of these, what the lane has not read yet: it waits in a stream, or in Redis' output buffers and behind them.",
		func(a *wire.Account) uint64 { return a.Broker }),
	ofAccount("in_backlog", script.Gauge,
		"What the lane has accepted and not yet written, in event text; counted in the lane, once a second.",
		func(a *wire.Account) uint64 { return a.Backlog }),
	inSendQueue,
	ofAccount("in_flight", script.Gauge,
		"What the readers' systems have acknowledged and the readers have not got: in receive queues, proxies and browsers.",
		func(a *wire.Account) uint64 { return a.InFlight }),
	ofAccount("in_reader", script.Gauge,
		"What has arrived at readers and they have not read, in event text; counted by the readers, once a second.",
		func(a *wire.Account) uint64 { return a.Held }),
	ofAccount("consumed_bytes", script.Counter,
		"What readers have read, in event text, those among them that were taken away; counted by the readers.",
		func(a *wire.Account) uint64 { return a.Consumed }),
	ofAccount("lost_bytes", script.Counter,
		"What readers will never get: the four that follow together.",
		func(a *wire.Account) uint64 { return a.LostStrategy + a.LostTrimmed + a.LostBroker + a.LostLeft }),
	ofAccount("lost_strategy", script.Counter,
		"What the lane's strategy has given up; counted in the lane.",
		func(a *wire.Account) uint64 { return a.LostStrategy }),
	ofAccount("lost_trimmed", script.Counter,
		"What was trimmed from the stream before the lane has read it; known by the positions of messages.",
		func(a *wire.Account) uint64 { return a.LostTrimmed }),
	ofAccount("lost_broker", script.Counter,
		"What Redis' Pub/Sub did not keep: while a subscription was cut off, or nobody subscribed.",
		func(a *wire.Account) uint64 { return a.LostBroker }),
	ofAccount("lost_left", script.Counter,
		"What was in a lane or on a connection when it ended, and nowhere else.",
		func(a *wire.Account) uint64 { return a.LostLeft }),
	ofAccount("account_gap", script.Gauge,
		"By how much all these parts differ from what was produced, more or less: two clocks, or a mistake.",
		func(a *wire.Account) uint64 { return uint64(max(a.Gap, -a.Gap)) }),
}

// ofAccount has a value for each lane that has an account.
func ofAccount(name string, kind script.Kind, help string, read func(*wire.Account) uint64) Definition {
	return Definition{
		Metric: script.Metric{Name: name, Kind: kind, Unit: script.UnitBytes, Lane: true, Help: help},
		read: func(p place) (float64, bool) {
			return float64(read(&p.lane.Account)), p.lane.Account.Produced > 0
		},
	}
}

// inSendQueue has no value where the kernel tells of no connection.
var inSendQueue = func() Definition {
	d := ofAccount("in_send_queue", script.Gauge,
		"What was written and is not acknowledged by the readers' systems, in event text; the lane's kernel tells, once a second.",
		func(a *wire.Account) uint64 { return a.SendQueue })
	read := d.read
	d.read = func(p place) (float64, bool) {
		v, ok := read(p)
		return v, ok && (p.lane.Account.Unseen == 0 || p.lane.Account.Unseen < p.lane.Readers)
	}
	return d
}()
