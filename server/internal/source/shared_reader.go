package source

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"spillway/server/internal/lane"
)

// share is what one reader has of a fanOut.
type share struct {
	of    *fanOut
	stats *lane.Stats
	once  sync.Once
	gone  chan struct{} // closed when the reader has left

	send func(r *lane.Round, now time.Time) int // past Next; nil: never

	mu      sync.Mutex     // held for a copy of at most handRoom messages, or a send of them
	box     []lane.Message // handed over and not taken, one round
	waiting bool           // Next waits, and the box is empty
	ready   chan struct{}  // capacity 1: something is in the box
	room    chan struct{}  // capacity 1: the box was emptied

	taken []lane.Message // out of the box, by whoever calls Next
	at    int            // next of taken
}

// accept counts messages as the reader's, and returns those that have to go
// through its strategy. round is all of them, nil with a hole in it.
func (r *share) accept(ms []lane.Message, round *lane.Round, now time.Time) (rest []lane.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.waiting || r.send == nil || round == nil || !r.stats.Empty() {
		for _, m := range ms {
			r.stats.Accept(m)
		}
		return ms
	}
	r.stats.AcceptAll(round)
	return ms[r.send(round, now):]
}

// take puts messages into the reader's box. It blocks until the ones before are
// taken out, and reports whether that was a stall.
func (r *share) take(ctx context.Context, ms []lane.Message) (late bool, err error) {
	var since time.Time
	for {
		r.mu.Lock()
		empty := len(r.box) == 0
		if empty {
			r.box, r.waiting = append(r.box, ms...), false
		}
		r.mu.Unlock()
		if empty {
			signal(r.ready)
			return !since.IsZero() && time.Since(since) > stallAfter, nil
		}
		if since.IsZero() {
			since = time.Now()
		}
		select {
		case <-r.room:
		case <-r.gone: // its lane settles what was accepted
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// Pass has the loop send what comes while Next waits and nothing of this reader
// waits in the lane. It is called before Next.
func (r *share) Pass(send func(round *lane.Round, now time.Time) int) { r.send = send }

// Next blocks until the loop hands over a message. Next and NextReady belong to
// one goroutine.
func (r *share) Next(ctx context.Context) (lane.Message, error) {
	if r.left() {
		return lane.Message{}, fmt.Errorf("read channel %q: %w", r.of.key, net.ErrClosed)
	}
	if m, ok := r.NextReady(); ok {
		return m, nil
	}
	defer r.wait(false)
	for {
		if m, ok := r.NextReady(); ok {
			return m, nil
		}
		if !r.wait(true) {
			continue
		}
		select {
		case <-r.ready:
		case <-ctx.Done():
			r.Close()
			return lane.Message{}, ctx.Err()
		case <-r.gone:
			return lane.Message{}, fmt.Errorf("read channel %q: %w", r.of.key, net.ErrClosed)
		case <-r.of.done:
			if m, ok := r.NextReady(); ok { // handed over before the end
				return m, nil
			}
			return lane.Message{}, r.ended()
		}
	}
}

// wait says whether Next waits. It reports false if it need not.
func (r *share) wait(yes bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = yes && len(r.box) == 0
	return r.waiting
}

func (r *share) left() bool {
	select {
	case <-r.gone:
		return true
	default:
		return false
	}
}

// ended is why nothing more comes.
func (r *share) ended() error {
	if r.left() {
		return fmt.Errorf("read channel %q: %w", r.of.key, net.ErrClosed)
	}
	r.of.shared.mu.Lock()
	defer r.of.shared.mu.Unlock()
	return r.of.err
}

// NextReady takes what the loop has handed over. What it takes out of the box at
// once makes room for as much.
func (r *share) NextReady() (lane.Message, bool) {
	if r.at == len(r.taken) {
		r.mu.Lock()
		r.taken, r.box, r.at = r.box, r.taken[:0], 0
		r.mu.Unlock()
		if len(r.taken) == 0 {
			return lane.Message{}, false
		}
		signal(r.room)
	}
	m := r.taken[r.at]
	r.taken[r.at] = lane.Message{} // the payload must not outlive its delivery
	r.at++
	return m, true
}

// signal says that something has changed to one who looks again.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Close leaves the channel; the last one to leave closes its source and waits
// for it.
func (r *share) Close() {
	r.once.Do(func() {
		close(r.gone)
		f, s := r.of, r.of.shared
		s.mu.Lock()
		f.readers = slices.DeleteFunc(f.readers, func(other *share) bool { return other == r })
		last := len(f.readers) == 0
		if last && s.channels[f.key] == f {
			delete(s.channels, f.key)
		}
		s.mu.Unlock()
		if last {
			f.cancel()
			<-f.done
		}
	})
}
