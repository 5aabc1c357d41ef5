package outcome

import (
	"spillway/server/internal/record"
	"spillway/wasm/wire"
)

// Account is where the bytes of a lane were, in event text; see package account.
type Account struct {
	Last Places `json:"last"`        // at the last second of which everybody had spoken
	Most Places `json:"max"`         // each of its own moment
	Gap  uint64 `json:"gapMaxBytes"` // by how much the parts at most did not add up, more or less
}

// Places are the parts of what was produced for the readers of a lane.
type Places struct {
	Produced     uint64 `json:"producedBytes"`
	Broker       uint64 `json:"inBrokerBytes"`
	Backlog      uint64 `json:"inBacklogBytes"`
	SendQueue    uint64 `json:"inSendQueueBytes"`
	InFlight     uint64 `json:"inFlightBytes"`
	Held         uint64 `json:"inReaderBytes"`
	Consumed     uint64 `json:"consumedBytes"`
	LostStrategy uint64 `json:"lostStrategyBytes"`
	LostTrimmed  uint64 `json:"lostTrimmedBytes"`
	LostBroker   uint64 `json:"lostBrokerBytes"`
	LostLeft     uint64 `json:"lostLeftBytes"`
}

func placesOf(a wire.Account) Places {
	return Places{
		Produced: a.Produced, Broker: a.Broker, Backlog: a.Backlog, SendQueue: a.SendQueue, InFlight: a.InFlight, Held: a.Held, Consumed: a.Consumed,
		LostStrategy: a.LostStrategy, LostTrimmed: a.LostTrimmed, LostBroker: a.LostBroker, LostLeft: a.LostLeft,
	}
}

// accountOf follows the account of lane i; nil where there was none.
func accountOf(rec *record.Recording, i int) *Account {
	var out *Account
	for _, m := range rec.Moments {
		if i >= len(m.Sample.Lanes) || m.Sample.Lanes[i].Account == (wire.Account{}) {
			continue
		}
		if out == nil {
			out = new(Account)
		}
		a := m.Sample.Lanes[i].Account
		out.Last = placesOf(a)
		out.Gap = max(out.Gap, uint64(max(a.Gap, -a.Gap)))
		most, last := &out.Most, &out.Last
		for _, p := range []struct {
			most *uint64
			now  uint64
		}{
			{&most.Produced, last.Produced}, {&most.Broker, last.Broker}, {&most.Backlog, last.Backlog}, {&most.SendQueue, last.SendQueue},
			{&most.InFlight, last.InFlight}, {&most.Held, last.Held}, {&most.Consumed, last.Consumed},
			{&most.LostStrategy, last.LostStrategy}, {&most.LostTrimmed, last.LostTrimmed}, {&most.LostBroker, last.LostBroker}, {&most.LostLeft, last.LostLeft},
		} {
			*p.most = max(*p.most, p.now)
		}
	}
	return out
}
