package site

import "spillway/wasm/wire"

// accountJSON is where the bytes of a lane are, in event text, at the last whole
// second of which everybody has spoken:
//
//	produced = what is in … + consumed + lost … + gap
type accountJSON struct {
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
	Gap          int64  `json:"gapBytes"`
	Unseen       uint64 `json:"unseenReaders,omitempty"` // of which the kernel does not tell
	Silent       uint64 `json:"silentReaders,omitempty"` // that report nothing
}

// accountJSONOf is nil where there is none.
func accountJSONOf(a wire.Account) *accountJSON {
	if a == (wire.Account{}) {
		return nil
	}
	return &accountJSON{
		Produced: a.Produced, Broker: a.Broker, Backlog: a.Backlog, SendQueue: a.SendQueue, InFlight: a.InFlight, Held: a.Held, Consumed: a.Consumed,
		LostStrategy: a.LostStrategy, LostTrimmed: a.LostTrimmed, LostBroker: a.LostBroker, LostLeft: a.LostLeft,
		Gap: a.Gap, Unseen: a.Unseen, Silent: a.Silent,
	}
}
