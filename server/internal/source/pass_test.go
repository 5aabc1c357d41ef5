package source

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
)

// window is a reader's connection that takes as much as the test lets it.
type window struct {
	stats *lane.Stats
	mu    sync.Mutex
	room  int
	got   []uint64
	tried int
}

// TrySend takes what there is room for.
func (w *window) TrySend(r *lane.Round, _ time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tried++
	n := min(w.room, len(r.Messages))
	w.room -= n
	for _, m := range r.Messages[:n] {
		w.send(m)
	}
	return n
}

func (w *window) send(m lane.Message) {
	w.got = append(w.got, m.Seq)
	w.stats.Deliver(m)
}

// passer is a source that can pass by Next.
type passer interface {
	Source
	Pass(send func(r *lane.Round, now time.Time) int)
}

// What there is room for passes by Next; what there is not comes out of it, and
// until that is delivered nothing passes any more.
func TestWhatThereIsRoomForPassesBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o opener
		s := NewShared(o.open)
		r, stats := join(t, s, "all")
		other, _ := join(t, s, "all") // has nothing to do with it
		w := &window{stats: stats, room: 2}
		r.(passer).Pass(w.TrySend)
		give := func(seq uint64) {
			o.taps[0].messages <- lane.Message{Seq: seq, Data: "x"}
			require.Equal(t, seq, next(t, other))
			synctest.Wait()
		}
		give(1)
		require.Zero(t, w.tried, "Next does not wait")
		require.EqualValues(t, 1, next(t, r))
		w.send(lane.Message{Seq: 1, Data: "x"})

		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		came := make(chan lane.Message)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				m, err := r.Next(ctx)
				if err != nil {
					return
				}
				came <- m
			}
		}()
		synctest.Wait()
		give(2)
		give(3)
		require.Equal(t, []uint64{1, 2, 3}, w.got)
		give(4) // no room
		give(5)
		require.Equal(t, 3, w.tried, "with a message before it that is not delivered")
		w.room = 10
		for _, seq := range []uint64{4, 5} {
			m := <-came
			require.Equal(t, seq, m.Seq)
			synctest.Wait()
			w.send(m)
		}
		give(6)
		require.Equal(t, []uint64{1, 2, 3, 4, 5, 6}, w.got)
		give(9) // 7 and 8 are missing, between rounds and not in one
		require.Equal(t, 5, w.tried)
		require.True(t, stats.Empty())
		stop()
		<-ended
		other.Close()
	})
}

// Whatever passes and whatever goes through a strategy that queues: all of it
// arrives, in order.
func TestNothingOvertakesWhatWaits(t *testing.T) {
	const count = 20_000
	s := NewShared(func(context.Context, Options) (Source, error) { return new(flood), nil })
	var work sync.WaitGroup
	var passed, queued int
	var mu sync.Mutex
	for reader := range uint64(4) {
		stats := new(lane.Stats)
		r, err := s.Open(t.Context(), Options{Key: "all", Stats: stats})
		require.NoError(t, err)
		w := &window{stats: stats}
		random := rand.New(rand.NewPCG(reader, 1))
		r.(passer).Pass(func(round *lane.Round, now time.Time) int {
			w.mu.Lock()
			w.room = random.IntN(2 * len(round.Messages))
			w.mu.Unlock()
			n := w.TrySend(round, now)
			mu.Lock()
			passed += n
			mu.Unlock()
			return n
		})
		queue := make(chan lane.Message, 4)
		work.Go(func() {
			for m := range queue {
				w.mu.Lock()
				w.send(m)
				w.mu.Unlock()
			}
		})
		work.Go(func() {
			defer r.Close()
			defer close(queue)
			for {
				m, err := r.Next(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				queued++
				mu.Unlock()
				queue <- m
				if m.Seq > count {
					return
				}
			}
		})
		t.Cleanup(func() {
			for i, seq := range w.got {
				require.Equal(t, w.got[0]+uint64(i), seq)
			}
		})
	}
	work.Wait()
	require.Positive(t, passed)
	require.Positive(t, queued)
}
