package source

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
)

// tap is a source that the test feeds.
type tap struct {
	messages chan lane.Message
	failed   chan error
	mu       sync.Mutex
	closed   bool
}

func newTap() *tap { return &tap{messages: make(chan lane.Message), failed: make(chan error, 1)} }

func (s *tap) Next(ctx context.Context) (lane.Message, error) {
	select {
	case m := <-s.messages:
		return m, nil
	case err := <-s.failed:
		return lane.Message{}, err
	case <-ctx.Done():
		return lane.Message{}, ctx.Err()
	}
}

func (s *tap) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// opener counts how often a source is opened.
type opener struct {
	taps []*tap
	lost func() // of the last one
	err  error
}

func (o *opener) open(_ context.Context, options Options) (Source, error) {
	if o.err != nil {
		return nil, o.err
	}
	o.lost = options.lost
	o.taps = append(o.taps, newTap())
	return o.taps[len(o.taps)-1], nil
}

func join(t *testing.T, s *Shared, key string) (Source, *lane.Stats) {
	t.Helper()
	stats := new(lane.Stats)
	r, err := s.Open(t.Context(), Options{Key: key, Stats: stats})
	require.NoError(t, err)
	return r, stats
}

func next(t *testing.T, r Source) uint64 {
	t.Helper()
	m, err := r.Next(t.Context())
	require.NoError(t, err)
	return m.Seq
}

func TestOneSubscriptionForAllReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o opener
		s := NewShared(o.open)
		a, ofA := join(t, s, "all")
		b, ofB := join(t, s, "all")
		other, _ := join(t, s, "other")
		require.Len(t, o.taps, 2, "one for each channel")
		go func() { o.taps[0].messages <- lane.Message{Seq: 1, Data: "x"} }()
		require.EqualValues(t, 1, next(t, a))
		require.EqualValues(t, 1, next(t, b))
		require.EqualValues(t, 1, ofA.Read(time.Now()).Accepted)
		require.EqualValues(t, 1, ofB.Read(time.Now()).Accepted)
		a.Close()
		a.Close()
		require.False(t, o.taps[0].closed)
		b.Close()
		require.True(t, o.taps[0].closed, "with the last reader")
		other.Close()
		require.Empty(t, s.channels)
	})
}

// The slow one here does not take its messages: when its room is full everybody
// waits with it.
func TestAReaderThatDoesNotTakeHoldsUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count = 10 * handRoom
		var o opener
		s := NewShared(o.open)
		slow, ofSlow := join(t, s, "all")
		fast, ofFast := join(t, s, "all")
		go func() {
			for seq := range uint64(count) {
				o.taps[0].messages <- lane.Message{Seq: seq + 1, Data: "x"}
			}
		}()
		var got atomic.Uint64
		go func() {
			for want := uint64(1); want <= count; want++ {
				m, err := fast.Next(t.Context())
				if err != nil || m.Seq != want {
					t.Errorf("message %d, %v; want %d", m.Seq, err, want)
					return
				}
				got.Store(want)
			}
		}()
		time.Sleep(time.Hour)
		synctest.Wait()
		held := got.Load()
		require.LessOrEqual(t, held, uint64(handRoom), "the fast one waits with the slow one")
		require.LessOrEqual(t, ofSlow.Read(time.Now()).BacklogCount, uint64(2*handRoom), "its room, and what the loop has for it")
		require.EqualValues(t, 1, next(t, slow)) // which makes room
		synctest.Wait()
		require.Greater(t, got.Load(), held)
		require.Less(t, got.Load(), uint64(count))
		slow.Close() // gone while the loop waits for it
		synctest.Wait()
		require.EqualValues(t, count, got.Load())
		require.EqualValues(t, count, ofFast.Read(time.Now()).Accepted)
		fast.Close()
	})
}

func TestAChannelThatFailsCanBeOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o opener
		s := NewShared(o.open)
		r, _ := join(t, s, "all")
		broken := errors.New("not a message")
		o.taps[0].failed <- broken
		_, err := r.Next(t.Context())
		require.ErrorIs(t, err, broken)
		again, _ := join(t, s, "all")
		require.Len(t, o.taps, 2)
		r.Close()
		go func() { o.taps[1].messages <- lane.Message{Seq: 9} }()
		require.EqualValues(t, 9, next(t, again))
		again.Close()

		o.err = errors.New("no broker")
		r, _ = join(t, s, "all")
		_, err = r.Next(t.Context())
		require.ErrorIs(t, err, o.err)
		r.Close()
	})
}

func TestReadersComeAndGo(t *testing.T) {
	s := NewShared(func(context.Context, Options) (Source, error) { return &flood{}, nil })
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 20 {
				r, err := s.Open(context.Background(), Options{Key: "all", Stats: new(lane.Stats)})
				if err != nil {
					t.Error(err)
					return
				}
				last := uint64(0)
				for range 5 {
					m, err := r.Next(context.Background())
					if err != nil {
						t.Error(err)
					}
					if m.Seq <= last {
						t.Errorf("%d after %d", m.Seq, last)
					}
					last = m.Seq
				}
				r.Close()
			}
		})
	}
	all.Wait()
	require.Empty(t, s.channels)
}

// The subscription ends while the loop still has messages: who reads is away
// behind the last of them, and so is who comes later, until the next message.
func TestALostSubscriptionIsToldToAllReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o opener
		s := NewShared(o.open)
		away := func(stats *lane.Stats) bool {
			synctest.Wait()
			return stats.Read(time.Now()).Away
		}
		a, ofA := join(t, s, "all")
		b, ofB := join(t, s, "all")
		o.lost()
		require.True(t, away(ofA), "before the first message")
		for seq := range uint64(4) {
			o.taps[0].messages <- lane.Message{Seq: seq + 1}
			synctest.Wait() // the first is in both boxes, the loop waits with the second
		}
		require.False(t, away(ofA))
		o.lost() // Next of the source belongs to a goroutine that waits in it
		c, ofC := join(t, s, "all")
		require.False(t, away(ofA), "messages of before are still to come")
		require.False(t, away(ofC))
		for seq := range uint64(4) {
			require.EqualValues(t, seq+1, next(t, a))
			require.EqualValues(t, seq+1, next(t, b))
		}
		for _, seq := range []uint64{3, 4} { // the round that began after it came
			require.Equal(t, seq, next(t, c))
		}
		require.True(t, away(ofA))
		require.True(t, away(ofB))
		require.True(t, away(ofC))
		d, ofD := join(t, s, "all")
		require.True(t, away(ofD))
		o.taps[0].messages <- lane.Message{Seq: 9}
		for _, stats := range []*lane.Stats{ofA, ofB, ofC, ofD} {
			require.False(t, away(stats))
		}
		for _, r := range []Source{a, b, c, d} {
			r.Close()
		}
	})
}

// flood is a source that always has a message.
type flood struct{ seq uint64 }

func (f *flood) Next(ctx context.Context) (lane.Message, error) {
	f.seq++
	return lane.Message{Seq: f.seq}, ctx.Err()
}

func (f *flood) Close() {}

// What many readers get has a place for what transports make of it, one for all;
// what one reader gets has none.
func TestManyReadersShareWhatIsMadeOfAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o opener
		s := NewShared(o.open)
		a, _ := join(t, s, "all")
		go func() { o.taps[0].messages <- lane.Message{Seq: 1} }()
		m, err := a.Next(t.Context())
		require.NoError(t, err)
		require.Nil(t, m.Shared)
		b, _ := join(t, s, "all")
		go func() { o.taps[0].messages <- lane.Message{Seq: 2} }()
		first, err := a.Next(t.Context())
		require.NoError(t, err)
		second, err := b.Next(t.Context())
		require.NoError(t, err)
		require.NotNil(t, first.Shared)
		require.Same(t, first.Shared, second.Shared)
		a.(*share).Close()
		b.(*share).Close()
	})
}
