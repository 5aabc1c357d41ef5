package source_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker/brokertest"
	"spillway/server/internal/lane"
)

// passer is a source that can pass by Next.
type passer interface {
	Pass(send func(r *lane.Round, now time.Time) int)
}

// Whatever passes by and whatever comes out of Next: all of it arrives, in order,
// and is counted once.
func TestWhatPassesAndWhatDoesNotIsAllOfTheStream(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		const count, burst = 6000, 30
		all := readers(t, b, 5)
		var work sync.WaitGroup
		var mu sync.Mutex
		got := make([][]uint64, len(all)) // mu guards it, and what follows
		var passed, returned int
		deliver := func(i int, ms ...lane.Message) {
			mu.Lock()
			defer mu.Unlock()
			for _, m := range ms {
				got[i] = append(got[i], m.Seq)
				all[i].stats.Deliver(m)
			}
		}
		for i, r := range all {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			r.Source.(passer).Pass(func(round *lane.Round, _ time.Time) int {
				n := min(len(round.Messages), random.IntN(2*len(round.Messages)))
				deliver(i, round.Messages[:n]...)
				mu.Lock()
				passed += n
				mu.Unlock()
				return n
			})
			work.Go(func() {
				for {
					m, err := r.Next(t.Context())
					if err != nil {
						return // closed
					}
					deliver(i, m)
					mu.Lock()
					returned++
					mu.Unlock()
				}
			})
		}
		delivered := func(r opened) uint64 { return r.stats.Read(time.Now()).Delivered }
		c := b.Client(t, nil)
		for from := uint64(1); from < count; from += burst {
			add(t, c, from, from+burst-1, 100)
			if from%(10*burst) == 1 { // all are idle
				require.Eventually(t, func() bool {
					for _, r := range all {
						if delivered(r) < from+burst-1 {
							return false
						}
					}
					return true
				}, patience, tick)
			}
		}
		for _, r := range all {
			require.Eventually(t, func() bool { return delivered(r) == count }, patience, tick)
		}
		mu.Lock()
		require.Positive(t, passed)
		require.Positive(t, returned)
		for i, r := range all {
			require.Len(t, got[i], count)
			for at, seq := range got[i] {
				require.Equal(t, uint64(at+1), seq)
			}
			counts := r.stats.Read(time.Now())
			require.Equal(t, uint64(count), counts.Accepted)
			require.Zero(t, counts.BacklogBytes)
		}
		mu.Unlock()
		for _, r := range all {
			r.Close()
		}
		work.Wait()
		require.Eventually(t, func() bool { return connections(c) == 0 }, patience, tick)
	})
}
