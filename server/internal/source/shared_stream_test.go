package source_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker/brokertest"
	"spillway/server/internal/lane"
	"spillway/server/internal/source"

	"github.com/redis/go-redis/v9"
)

// readers opens n readers of the shared stream from the beginning.
func readers(t *testing.T, b *brokertest.Broker, n int) []opened {
	t.Helper()
	d, _ := source.Find("shared-stream")
	open := d.Shared()
	all := make([]opened, n)
	for i := range all {
		o := source.Options{
			Broker: &redis.Options{Addr: b.Addr}, Key: key, Resume: true,
			Stats: new(lane.Stats), Health: new(source.Health), Backoff: 10 * time.Millisecond,
		}
		s, err := open(t.Context(), o)
		require.NoError(t, err)
		t.Cleanup(s.Close)
		all[i] = opened{t, s, o.Stats, o.Health}
	}
	return all
}

func TestOneReaderOfTheStreamForAll(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		c := b.Client(t, nil)
		all := readers(t, b, 20)
		require.False(t, all[0].stats.Read(time.Now()).Keeps, "there is nothing yet")
		var work sync.WaitGroup
		for _, r := range all {
			work.Go(func() {
				for seq := uint64(1); seq <= 1000; seq++ {
					if m, err := r.Next(t.Context()); err != nil || m.Seq != seq {
						t.Errorf("message %d, %v; want %d", m.Seq, err, seq)
						return
					}
				}
			})
		}
		for from := uint64(1); from < 1000; from += 100 {
			add(t, c, from, from+99, 100)
		}
		work.Wait()
		require.Equal(t, 1, connections(c), "one for all of them")
		for _, r := range all {
			counts := r.stats.Read(time.Now())
			require.Equal(t, uint64(1000), counts.Accepted)
			require.True(t, counts.Keeps)
			require.Zero(t, counts.Kept, "all of them")
			r.Close()
		}
		require.Eventually(t, func() bool { return connections(c) == 0 }, patience, tick)
	})
}

// Who takes nothing holds up nobody, reads the stream by himself when what is
// kept does not reach back to him, and comes back to the others.
func TestWhoFallsBehindReadsAlone(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		const size, count = 10_000, 300 // three times what is kept
		c := b.Client(t, nil)
		all := readers(t, b, 2)
		fast, slow := all[0], all[1]
		for seq := uint64(1); seq <= count; seq++ {
			add(t, c, seq, seq, size)
			fast.expect(t.Context(), seq, seq)
		}
		require.Equal(t, 1, connections(c))
		slow.expect(t.Context(), 1, 1)
		require.Equal(t, 2, connections(c), "its own one")
		slow.expect(t.Context(), 2, count)
		require.Less(t, slow.stats.Read(time.Now()).BacklogBytes, uint64(count*(size+100)))
		blocked := slow.next(t.Context())
		require.Eventually(t, func() bool { return connections(c) == 1 }, patience, tick, "back with the others")
		add(t, c, count+1, count+1, size)
		require.Equal(t, uint64(count+1), await(t, blocked).Seq)
		fast.expect(t.Context(), count+1, count+1)
	})
}

// What is trimmed away below a reader that is behind is a hole for it alone.
func TestTrimmedBelowAReaderThatIsBehind(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		const size, count = 10_000, 300
		c := b.Client(t, nil)
		all := readers(t, b, 2)
		for seq := uint64(1); seq <= count; seq++ {
			add(t, c, seq, seq, size)
			all[0].expect(t.Context(), seq, seq)
		}
		require.NoError(t, c.XTrimMinID(t.Context(), key, "251-0").Err())
		all[1].expect(t.Context(), 251, count)
		add(t, c, count+1, count+1, size)
		all[0].expect(t.Context(), count+1, count+1)
		all[1].expect(t.Context(), count+1, count+1)
	})
}

func TestReadersOfATailComeAndGo(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		c := b.Client(t, nil)
		add(t, c, 1, 500, 100)
		d, _ := source.Find("shared-stream")
		open := d.Shared()
		var work sync.WaitGroup
		for range 10 {
			work.Go(func() {
				for last := uint64(0); last < 400; {
					s, err := open(t.Context(), source.Options{
						Broker: &redis.Options{Addr: b.Addr}, Key: key, Resume: true, After: last, Stats: new(lane.Stats),
					})
					if err != nil {
						t.Error(err)
						return
					}
					for range 37 {
						m, err := s.Next(t.Context())
						if err != nil || m.Seq != last+1 {
							t.Errorf("message %d, %v; want %d", m.Seq, err, last+1)
						}
						last++
					}
					s.Close()
				}
			})
		}
		work.Wait()
		require.Eventually(t, func() bool { return connections(c) == 0 }, patience, tick)
	})
}
