package record

import (
	"encoding/json"
	"fmt"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// accountColumns are those of the account of a lane. It changes once a second,
// so it has rows of its own, which are there with the samples in which one of
// them changed.
var accountColumns = []column[wire.Account]{
	number("producedBytes", func(a *wire.Account) *uint64 { return &a.Produced }),
	number("inBrokerBytes", func(a *wire.Account) *uint64 { return &a.Broker }),
	number("inBacklogBytes", func(a *wire.Account) *uint64 { return &a.Backlog }),
	number("inSendQueueBytes", func(a *wire.Account) *uint64 { return &a.SendQueue }),
	number("inFlightBytes", func(a *wire.Account) *uint64 { return &a.InFlight }),
	number("inReaderBytes", func(a *wire.Account) *uint64 { return &a.Held }),
	number("consumedBytes", func(a *wire.Account) *uint64 { return &a.Consumed }),
	number("lostStrategyBytes", func(a *wire.Account) *uint64 { return &a.LostStrategy }),
	number("lostTrimmedBytes", func(a *wire.Account) *uint64 { return &a.LostTrimmed }),
	number("lostBrokerBytes", func(a *wire.Account) *uint64 { return &a.LostBroker }),
	number("lostLeftBytes", func(a *wire.Account) *uint64 { return &a.LostLeft }),
	number("gapBytes", func(a *wire.Account) *int64 { return &a.Gap }),
	number("unseen", func(a *wire.Account) *uint64 { return &a.Unseen }),
	number("silent", func(a *wire.Account) *uint64 { return &a.Silent }),
}

// accountsDiffer tells whether b has another account than a.
func accountsDiffer(a, b *run.View) bool {
	for i := range b.Sample.Lanes {
		var before wire.Account
		if i < len(a.Sample.Lanes) {
			before = a.Sample.Lanes[i].Account
		}
		if b.Sample.Lanes[i].Account != before {
			return true
		}
	}
	return false
}

// appendAccounts appends the row of each lane: [[…],…].
func appendAccounts(dst []byte, v *run.View) []byte {
	dst = append(dst, '[')
	for i := range v.Sample.Lanes {
		dst = appendRow(separate(dst, i), accountColumns, &v.Sample.Lanes[i].Account)
	}
	return append(dst, ']')
}

// setAccounts puts accounts into the sample of v, which nobody else has yet: those
// of the line, or where it has none those of before.
func setAccounts(v *run.View, rows []json.RawMessage, by []*column[wire.Account], before []wire.LaneSample) error {
	lanes := v.Sample.Lanes
	if rows == nil {
		for i := range min(len(lanes), len(before)) {
			lanes[i].Account = before[i].Account
		}
		return nil
	}
	if len(rows) > len(lanes) {
		return fmt.Errorf("accounts of %d lanes, and a sample of %d", len(rows), len(lanes))
	}
	for i, row := range rows {
		if err := readRow(row, by, &lanes[i].Account); err != nil {
			return fmt.Errorf("account of lane %d: %w", i, err)
		}
	}
	return nil
}
