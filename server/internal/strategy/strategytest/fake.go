package strategytest

import (
	"context"
	"fmt"
	"strings"
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

	SizeBytes int // of the messages to come

	cancel context.CancelFunc
	done   chan struct{} // closed when Run has returned, with err set
	err    error
	given  []lane.Message
}

// Source hands out what the test gives, as soon as it is asked.
type Source struct {
	stats  *lane.Stats
	given  chan lane.Message
	fail   chan error
	calls  atomic.Int64 // of Next that have not returned
	Taken  atomic.Uint64
	bytes  atomic.Uint64 // event text of these
	Peak   atomic.Uint64 // the largest backlog that a message has found, itself included
	linger atomic.Int64  // nanoseconds
	Closed atomic.Bool   // by a strategy that takes nothing more
}

// Close is called by a strategy that takes nothing more.
func (s *Source) Close() { s.Closed.Store(true) }

// Sink receives as many messages as the test serves.
type Sink struct {
	stats    *lane.Stats
	served   chan struct{}
	requests chan int // nil: it carries no demand
	fail     chan error
	calls    atomic.Int64 // of Send that have not returned
	linger   atomic.Int64 // nanoseconds

	mu       sync.Mutex
	received []uint64
	bytes    uint64 // event text of these
	writes   []int  // how many messages each had
	sending  uint64 // the first of the messages in a Send that has not returned; 0 without one
	overlap  bool
	unasked  bool
	asked    uint64
}

// Start runs the strategy with its defaults over a sink that carries no demand.
// Stop it, or wait for its end, within the bubble.
func Start(t *testing.T, d strategy.Definition) *Line {
	return StartWith(t, d, nil, false, false)
}

// StartWith runs it with options, over a sink that may carry demand, from a
// source that may have fetched what it was given.
func StartWith(t *testing.T, d strategy.Definition, options map[string]string, demand, fetched bool) *Line {
	s, err := d.Make(options)
	require.NoError(t, err)
	l := &Line{T: t, SizeBytes: 10, done: make(chan struct{})}
	l.Source = &Source{stats: &l.Stats, given: make(chan lane.Message, plenty), fail: make(chan error, 1)}
	l.Sink = &Sink{stats: &l.Stats, served: make(chan struct{}, plenty), fail: make(chan error, 1)}
	if demand {
		l.Sink.requests = make(chan int, plenty)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l.cancel = cancel
	go func() {
		defer close(l.done)
		var in strategy.Source = l.Source
		if fetched {
			in = Fetched{l.Source}
		}
		l.err = s.Run(ctx, in, l.Sink, &l.Stats)
	}()
	return l
}

// Give lets the source have n more messages, produced now.
func (l *Line) Give(n int) {
	for range n {
		m := lane.Message{Seq: l.Given() + 1, AtMicros: time.Now().UnixMicro(), Data: strings.Repeat("x", l.SizeBytes)}
		l.given = append(l.given, m)
		l.Source.given <- m
	}
}

// Given is how many messages the source has been given.
func (l *Line) Given() uint64 { return uint64(len(l.given)) }

// Serve lets the sink receive n more messages.
func (l *Line) Serve(n int) {
	for range n {
		l.Sink.served <- struct{}{}
	}
}

// Request sends a demand of n.
func (l *Line) Request(n int) {
	if n > 0 {
		l.Sink.mu.Lock()
		l.Sink.asked += uint64(n)
		l.Sink.mu.Unlock()
	}
	l.Sink.requests <- n
}

// Counts reads Stats and holds them against what source and sink have seen.
func (l *Line) Counts() lane.Counts {
	c, err := l.counts()
	require.NoError(l.T, err)
	return c
}

func (l *Line) counts() (lane.Counts, error) {
	c := l.Stats.Read(time.Now())
	received := uint64(len(l.Sink.Received()))
	switch {
	case c.Accepted != l.Source.Taken.Load():
		return c, fmt.Errorf("%d accepted, and %d taken", c.Accepted, l.Source.Taken.Load())
	case c.Delivered != received:
		return c, fmt.Errorf("%d delivered, and %d received", c.Delivered, received)
	case received+c.Dropped > c.Accepted:
		return c, fmt.Errorf("%d received and %d dropped of %d accepted", received, c.Dropped, c.Accepted)
	case c.AcceptedBytes != l.Source.bytes.Load():
		return c, fmt.Errorf("%d bytes accepted, and %d taken", c.AcceptedBytes, l.Source.bytes.Load())
	case c.DeliveredBytes != l.Sink.Bytes():
		return c, fmt.Errorf("%d bytes delivered, and %d received", c.DeliveredBytes, l.Sink.Bytes())
	case c.DeliveredBytes+c.DroppedBytes > c.AcceptedBytes:
		return c, fmt.Errorf("%d bytes delivered and %d dropped of %d accepted", c.DeliveredBytes, c.DroppedBytes, c.AcceptedBytes)
	case (c.BacklogCount == 0) != (c.BacklogBytes == 0): // what was dropped is counted as what came
		return c, fmt.Errorf("%d messages wait, of %d bytes", c.BacklogCount, c.BacklogBytes)
	}
	return c, nil
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
		return s.take(m), nil
	default:
	}
	select {
	case m := <-s.given:
		return s.take(m), nil
	case err := <-s.fail:
		select {
		case m := <-s.given: // given before, and seen only now
			s.fail <- err
			return s.take(m), nil
		default:
			return lane.Message{}, err
		}
	case <-ctx.Done():
		<-time.After(time.Duration(s.linger.Load()))
		return lane.Message{}, ctx.Err()
	}
}

// Fetched is a Source that has fetched what it was given.
type Fetched struct{ *Source }

// NextReady hands on what was given.
func (s Fetched) NextReady() (lane.Message, bool) {
	select {
	case m := <-s.given:
		return s.take(m), true
	default:
		return lane.Message{}, false
	}
}

// Linger sets the time between the end of ctx and the return of Next.
func (s *Source) Linger(d time.Duration) { s.linger.Store(int64(d)) }

func (s *Source) take(m lane.Message) lane.Message {
	s.Taken.Add(1)
	s.bytes.Add(m.Text())
	s.stats.Accept(m)
	if n := s.stats.Read(time.Now()).BacklogCount; n > s.Peak.Load() {
		s.Peak.Store(n)
	}
	return m
}

// Fail lets Next fail once nothing else is left.
func (s *Source) Fail(err error) { s.fail <- err }

// Send blocks until the test serves.
func (s *Sink) Send(ctx context.Context, m lane.Message) error {
	return s.SendAll(ctx, []lane.Message{m})
}

// SendAll blocks until the test has served all of them.
func (s *Sink) SendAll(ctx context.Context, ms []lane.Message) error {
	s.begin(ms)
	defer s.end()
	s.stats.Writing(time.Now())
	defer s.stats.Wrote()
	for range ms {
		select {
		case <-s.served:
			continue
		default:
		}
		select {
		case <-s.served:
		case err := <-s.fail:
			return err
		case <-ctx.Done():
			<-time.After(time.Duration(s.linger.Load()))
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, len(ms))
	for _, m := range ms {
		s.received = append(s.received, m.Seq)
		s.bytes += m.Text()
		s.stats.Deliver(m)
	}
	return nil
}

// Linger sets the time between the end of ctx and the return of Send.
func (s *Sink) Linger(d time.Duration) { s.linger.Store(int64(d)) }

func (s *Sink) begin(ms []lane.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overlap = s.calls.Add(1) > 1 || s.overlap
	s.unasked = s.requests != nil && uint64(len(s.received)+len(ms)) > s.asked || s.unasked
	s.sending = ms[0].Seq
}

func (s *Sink) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sending = 0
	s.calls.Add(-1)
}

// Fail lets a Send fail that waits for room.
func (s *Sink) Fail(err error) { s.fail <- err }

// Requests is nil unless the sink carries demand.
func (s *Sink) Requests() <-chan int {
	if s.requests == nil {
		return nil
	}
	return s.requests
}

// Hangup says that nothing more will be asked for.
func (s *Sink) Hangup() { close(s.requests) }

// Received is what has arrived so far, in this order.
func (s *Sink) Received() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]uint64(nil), s.received...)
}

// Bytes is the event text of what has arrived.
func (s *Sink) Bytes() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// Writes is how many messages each write had.
func (s *Sink) Writes() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]int(nil), s.writes...)
}

// Unasked tells whether a Send began that nobody had asked for.
func (s *Sink) Unasked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unasked
}

// Overlapped tells whether a Send began before another had ended.
func (s *Sink) Overlapped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.overlap
}
