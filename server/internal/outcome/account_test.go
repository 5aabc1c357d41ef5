package outcome

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

func TestAccountIsTheLastAndTheMost(t *testing.T) {
	moment := func(a wire.Account) run.View {
		return run.View{Sample: wire.Sample{Lanes: []wire.LaneSample{{}, {Account: a}}}}
	}
	first := wire.Account{
		Produced: 10, Broker: 11, Backlog: 12, SendQueue: 13, InFlight: 14, Held: 15, Consumed: 16,
		LostStrategy: 17, LostTrimmed: 18, LostBroker: 19, LostLeft: 20, Gap: -7,
	}
	last := wire.Account{Produced: 30, Broker: 1, Consumed: 29, Gap: 3}
	rec := &record.Recording{Moments: []run.View{moment(wire.Account{}), moment(first), moment(last), moment(wire.Account{}), {}}}
	got := accountOf(rec, 1)
	most := placesOf(first)
	most.Produced, most.Consumed = 30, 29
	require.Equal(t, &Account{Last: Places{Produced: 30, Broker: 1, Consumed: 29}, Most: most, Gap: 7}, got)
	require.Equal(t, Places{
		Produced: 10, Broker: 11, Backlog: 12, SendQueue: 13, InFlight: 14, Held: 15, Consumed: 16,
		LostStrategy: 17, LostTrimmed: 18, LostBroker: 19, LostLeft: 20,
	}, placesOf(first))
	require.Nil(t, accountOf(rec, 0))
}
