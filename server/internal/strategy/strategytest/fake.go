package strategytest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/strategy"
)

// plenty is more than any test gives or serves: what waits on the test's own
// side must never be the reason for waiting.
const plenty = 1 << 14

// Line is one run of a strategy between a source and a sink that the test
// drives. It belongs into a bubble of testing/synctest. The source counts in
// Stats what is taken from it, the sink what it has received, as the real ones
// do.
type Line struct {
	T      *testing.T
	Stats  lane.Stats
	Source *Source
	Sink   *Sink

	cancel context.CancelFunc
	done   chan struct{} // closed when Run has returned, with err set
	err    error
	given  uint64
}

// Source hands out what the test gives, as soon as it is asked.
type Source struct {
	stats  *lane.Stats
	given  chan lane.Message
	fail   chan error
	calls  atomic.Int64 // of Next that have not returned
	Taken  atomic.Uint64
	Linger time.Duration // between the end of ctx and the return of Next
}

// Sink receives as many messages as the test serves.
type Sink struct {
	stats  *lane.Stats
	served chan struct{}
	fail   chan error
	calls  atomic.Int64  // of Send that have not returned
	Linger time.Duration // between the end of ctx and the return of Send

	mu       sync.Mutex
	received []uint64
	overlap  bool
}

// Start runs the strategy with its defaults. Stop it, or wait for its end, within the bubble.
func Start(t *testing.T, d strategy.Definition) *Line {
	s, err := d.Make(nil)
	require.NoError(t, err)
	l := &Line{T: t, done: make(chan struct{})}
	l.Source = &Source{stats: &l.Stats, given: make(chan lane.Message, plenty), fail: make(chan error, 1)}
	l.Sink = &Sink{stats: &l.Stats, served: make(chan struct{}, plenty), fail: make(chan error, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	l.cancel = cancel
	go func() {
		defer close(l.done)
		l.err = s.Run(ctx, l.Source, l.Sink, &l.Stats)
	}()
	return l
}

// Give lets the source have n more messages, produced now.
func (l *Line) Give(n int) {
	for range n {
		l.given++
		l.Source.given <- lane.Message{Seq: l.given, AtMicros: time.Now().UnixMicro(), Data: "0123456789"}
	}
}

// Given is how many messages the source has been given.
func (l *Line) Given() uint64 { return l.given }

// Serve lets the sink receive n more messages.
func (l *Line) Serve(n int) {
	for range n {
		l.Sink.served <- struct{}{}
	}
}

// Counts reads Stats and holds them against what source and sink have seen.
func (l *Line) Counts() lane.Counts {
	c := l.Stats.Read(time.Now())
	received := uint64(len(l.Sink.Received()))
	require.Equal(l.T, l.Source.Taken.Load(), c.Accepted, "accepted")
	require.Equal(l.T, received, c.Delivered, "delivered")
	require.Equal(l.T, c.Accepted, received+c.Dropped+c.BacklogCount, "received + dropped + backlog = accepted")
	return c
}

// Stop ends the run's context and waits for its end, which is its error.
func (l *Line) Stop() error {
	l.cancel()
	return l.Wait()
}

// Wait waits until Run has returned, and finds nothing of it still at work.
func (l *Line) Wait() error {
	<-l.done
	require.Zero(l.T, l.Source.calls.Load(), "Next is still running")
	require.Zero(l.T, l.Sink.calls.Load(), "Send is still running")
	l.cancel()
	return l.err
}

// Ended tells whether Run has returned.
func (l *Line) Ended() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// Next blocks until the test gives something.
func (s *Source) Next(ctx context.Context) (lane.Message, error) {
	s.calls.Add(1)
	defer s.calls.Add(-1)
	select {
	case m := <-s.given:
		s.Taken.Add(1)
		s.stats.Accept(m)
		return m, nil
	case err := <-s.fail:
		return lane.Message{}, err
	case <-ctx.Done():
		<-time.After(s.Linger)
		return lane.Message{}, ctx.Err()
	}
}

// Fail lets Next fail once nothing else is left.
func (s *Source) Fail(err error) { s.fail <- err }

// Send blocks until the test serves.
func (s *Sink) Send(ctx context.Context, m lane.Message) error {
	if s.calls.Add(1) > 1 {
		s.mu.Lock()
		s.overlap = true
		s.mu.Unlock()
	}
	defer s.calls.Add(-1)
	s.stats.Writing(time.Now())
	defer s.stats.Wrote()
	select {
	case <-s.served:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.received = append(s.received, m.Seq)
		s.stats.Deliver(m)
		return nil
	case err := <-s.fail:
		return err
	case <-ctx.Done():
		<-time.After(s.Linger)
		return ctx.Err()
	}
}

// Fail lets a Send fail that waits for room.
func (s *Sink) Fail(err error) { s.fail <- err }

// Requests is nil: no demand comes from this sink.
func (s *Sink) Requests() <-chan int { return nil }

// Received is what has arrived so far, in this order.
func (s *Sink) Received() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]uint64(nil), s.received...)
}

// Overlapped tells whether a Send began before another had ended.
func (s *Sink) Overlapped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.overlap
}
