package lane_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
)

func TestARoundCountsAsItsMessages(t *testing.T) {
	now := time.UnixMicro(1_763_822_400_000_000)
	ms := []lane.Message{message(5, now.Add(-time.Second)), message(6, now), message(7, now)}
	pos := uint64(100)
	for i := range ms {
		ms[i].Pos = pos
		pos = ms[i].End()
	}
	r := lane.RoundOf(ms)
	require.NotNil(t, r)
	require.Equal(t, pos-100, r.Text)
	for _, before := range []bool{false, true} {
		var each, all lane.Stats
		require.True(t, all.Empty())
		if before {
			first := message(1, now)
			first.Pos = 10
			for _, s := range []*lane.Stats{&each, &all} {
				s.Accept(first)
				s.Deliver(first)
			}
		}
		for _, m := range ms {
			each.Accept(m)
		}
		all.AcceptAll(r)
		require.False(t, all.Empty())
		require.Equal(t, each.Read(now), all.Read(now))
		require.Equal(t, time.Second, all.Read(now).Oldest)
		for _, m := range ms {
			each.Deliver(m)
		}
		all.DeliverAll(r)
		require.True(t, all.Empty())
		require.Equal(t, each.Read(now), all.Read(now))
	}
	require.Equal(t, ms[2], r.From(2).Last())
	require.Nil(t, r.From(3))
}

func TestWithAHoleItIsNoRound(t *testing.T) {
	now := time.Now()
	require.Nil(t, lane.RoundOf(nil))
	require.Nil(t, lane.RoundOf([]lane.Message{message(1, now), message(3, now)}))
	require.Nil(t, lane.RoundOf([]lane.Message{message(2, now), message(1, now)}))
}
