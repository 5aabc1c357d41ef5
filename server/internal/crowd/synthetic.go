package crowd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

const (
	// spread is the time over which readers connect that could all do so now:
	// when they begin, when a lane is up again, and when they come back.
	spread = 300 * time.Millisecond
	// retryFirst is doubled from one failed attempt to the next. The pause is
	// drawn between half and all of it, so that the readers of a lane that died
	// do not come back in step.
	retryFirst, retryLongest = 200 * time.Millisecond, 3 * time.Second
)

// Why a stream ended.
var (
	errEnded  = errors.New("the lane ended the stream")
	errHungUp = errors.New("hung up") // the reader did
)

// synthetic is one reader. Its goroutine runs read; the crowd samples it.
type synthetic struct {
	name    string // for the log
	channel string // what it reads
	cell    *cell
	pacer   *throttle.Pacer
	stop    context.CancelFunc

	held atomic.Int64 // bytes that have arrived and not been read; see pile

	mu      sync.Mutex // held for the few microseconds of one Feed
	decoder reader.Reader
	id      uint64 // of the connection there is; 0 without one
	before  uint64 // event text received when it began
}

// run connects, reads, and connects again until ctx is done.
func (s *synthetic) run(ctx context.Context) {
	var last *stay
	failures := 0
	for {
		stay, err := s.cell.gate.wait(ctx)
		if err != nil {
			return
		}
		wait := time.Duration(0)
		switch {
		case stay != last:
			failures = 0
			wait = rand.N(spread)
		case failures > 0:
			longest := min(retryFirst<<min(failures-1, 10), retryLongest)
			wait = longest/2 + rand.N(longest/2)
		}
		last = stay
		if pause(ctx, stay.ctx, wait) != nil {
			continue // wait looks at ctx
		}
		connected, err := s.connect(ctx, stay)
		if ctx.Err() != nil || stay.ctx.Err() != nil {
			continue // somebody asked for it
		}
		s.cell.failed(s.name, connected, err)
		if connected {
			failures = 0
		}
		failures++
	}
}

// connect is one connection: it blocks until the stream ends, one of the
// contexts is done, or it fails. It reports whether there was a stream.
func (s *synthetic) connect(ctx context.Context, stay *stay) (connected bool, err error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	defer context.AfterFunc(stay.ctx, func() { end(nil) })()

	s.mu.Lock()
	s.decoder.Reconnected()
	lastEventID := s.decoder.LastEventID()
	s.id, s.before = s.cell.ids.Add(1), s.decoder.Account().Text
	id := s.id
	s.mu.Unlock()
	defer s.disconnected() // once nothing is held any more
	in, ask, err := s.cell.open(ctx, stay.url, s.channel, lastEventID, id, &s.held)
	if err != nil {
		return false, err
	}
	s.cell.connected.Add(1)
	left := sync.OnceFunc(func() { s.cell.connected.Add(-1) })
	defer left()
	if !s.cell.way.PushesBack() {
		in = newPile(ctx, end, in, s.cell.hold, &s.held, left)
	}
	defer in.Close()
	err = s.read(ctx, in, ask)
	if why := context.Cause(ctx); errors.Is(why, errHungUp) {
		err = why
	}
	return true, err
}

// disconnected says that what the reader has is all it will get of its
// connection.
func (s *synthetic) disconnected() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id = 0
}

// read reads at its pace. What it waits for is the throttle or the lane, and
// meanwhile the bytes stay where they are. Where the lane waits for demand, it
// asks for more of what it has read.
func (s *synthetic) read(ctx context.Context, in io.Reader, ask *demand) error {
	var buffer []byte
	n := 0
	for {
		if err := s.pacer.Wait(ctx, n); err != nil {
			return err
		}
		size := min(s.pacer.ReadBytes(), maxReadBytes)
		if len(buffer) < size {
			buffer = make([]byte, size)
		}
		var err error
		n, err = in.Read(buffer[:size])
		if n > 0 {
			messages := s.feed(buffer[:n])
			if ask != nil && err == nil {
				err = ask.consumed(n, messages)
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return errEnded
		case errors.Is(err, errEnded):
			return err // with its reason
		case err != nil:
			return fmt.Errorf("read stream: %w", err)
		}
	}
}

// feed takes in what was read and returns how many messages ended in it.
func (s *synthetic) feed(b []byte) (messages uint64) {
	now := time.Now().UnixMicro()
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.decoder.Account()
	s.decoder.Feed(b, now)
	after := s.decoder.Account()
	return after.Messages + after.Malformed - before.Messages - before.Malformed
}

// sample adds the ages since the last sample to ages and returns the account.
func (s *synthetic) sample(ages *reader.Histogram) reader.Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decoder.Ages().MoveTo(ages)
	return s.decoder.Account()
}

// pause waits for d, or until one of the contexts is done.
func pause(a, b context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-a.Done():
		return a.Err()
	case <-b.Done():
		return b.Err()
	}
}
