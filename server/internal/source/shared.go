package source

import (
	"context"
	"fmt"
	"sync"
	"time"

	"spillway/server/internal/lane"
)

var sharedPubSub = Definition{
	Name:   "shared-pubsub",
	Title:  "one Redis Pub/Sub subscription for all",
	Open:   openPubSub,
	Shared: func() OpenFunc { return NewShared(openPubSub).Open },
}

// Shared is one source for all readers of a channel, as most servers have it:
// one subscription, and a loop that hands each message to one reader after the
// other. It waits for each of them. So a strategy that does not take the next
// message while its reader is slow holds up everybody on the channel, and the
// broker behind them; one that always takes it holds up nobody.
//
// While all keep up, what has come since the last round goes to each reader at
// once, or every message would be a switch from the loop to each reader and
// back. Once one has made the loop wait, a round is one message for a while. So
// besides what strategies hold a reader has one round in its box, and takes
// another: two messages where they come one by one, and at most two times
// [handRoom]. They count as its backlog. The loop itself holds as much again,
// once for all.
//
// A strategy that passes by ([spillway/server/internal/strategy.Passer]) is not
// even woken while its reader has room: the loop writes to the connection itself,
// what all readers get made once.
type Shared struct {
	open OpenFunc

	mu       sync.Mutex
	channels map[string]*fanOut // by key; only those with readers
}

// handRoom is how many messages make a round at most: as many as go into one
// write.
const handRoom = 64

// stallAfter tells a reader that waits for room from one whose goroutine has not
// had its turn.
const stallAfter = 20 * time.Millisecond

// calmAfter is how long after a stall rounds may grow again: a slow reader takes
// several messages at once now and then, and is still slow.
const calmAfter = time.Second

// NewShared returns a Shared that opens one source for each channel.
func NewShared(open OpenFunc) *Shared {
	return &Shared{open: open, channels: make(map[string]*fanOut)}
}

// fanOut is one channel. Shared.mu guards what follows done.
type fanOut struct {
	shared  *Shared
	key     string
	opened  chan struct{} // closed once the source is open, or cannot be
	cancel  context.CancelFunc
	done    chan struct{} // closed when the loop has ended
	readers []*share
	err     error  // why the loop has ended
	handed  uint64 // messages that all readers of their time have been given
	cut     bool   // the subscription has ended at least once
	cutAt   uint64 // what handed will be when all is given that came before the last time
}

// Open blocks until the channel is open. What is published after it is handed to
// the reader; it does not resume.
func (s *Shared) Open(ctx context.Context, o Options) (Source, error) {
	s.mu.Lock()
	f := s.channels[o.Key]
	if f == nil {
		run, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &fanOut{shared: s, key: o.Key, opened: make(chan struct{}), cancel: cancel, done: make(chan struct{})}
		s.channels[o.Key] = f
		go f.run(run, o)
	}
	r := &share{of: f, stats: o.Stats, gone: make(chan struct{}), ready: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	f.readers = append(f.readers, r)
	if f.away() {
		r.stats.Away()
	}
	s.mu.Unlock()
	select {
	case <-f.opened:
		return r, nil
	case <-ctx.Done():
		r.Close()
		return nil, fmt.Errorf("subscribe to %q: %w", o.Key, ctx.Err())
	}
}

// run hands out messages until the last reader has left or the source fails.
func (f *fanOut) run(ctx context.Context, o Options) {
	defer close(f.done)
	o.Stats = new(lane.Stats) // each reader counts for itself
	o.Resume = false
	var fed uint64 // messages that Next has returned; of who calls it
	o.lost = func() { f.lost(fed) }
	in, err := f.shared.open(ctx, o)
	close(f.opened)
	if err != nil {
		f.fail(err)
		return
	}
	defer in.Close()
	came := make(chan lane.Message, handRoom)
	var failed error // set before came is closed
	go func() {
		defer close(came)
		for {
			m, err := in.Next(ctx)
			if err != nil {
				failed = err
				return
			}
			fed++
			select {
			case came <- m:
			case <-ctx.Done():
				failed = ctx.Err()
				return
			}
		}
	}()
	defer func() {
		for range came { // until its sender has ended
		}
	}()
	ms := make([]lane.Message, 0, handRoom)
	var readers []*share
	var stalled time.Time // last
	for m := range came {
		ms = append(ms[:0], m)
		most := handRoom
		if !stalled.IsZero() && time.Since(stalled) < calmAfter {
			most = 1
		}
		for more := true; more && len(ms) < most; {
			select {
			case m, more = <-came:
				if more {
					ms = append(ms, m)
				}
			default:
				more = false
			}
		}
		readers = f.present(readers[:0]) // last: who has come by now may miss none of these
		round, now, shared := lane.RoundOf(ms), time.Now(), len(readers) == 1
		for _, r := range readers {
			rest := r.accept(ms, round, now)
			if len(rest) == 0 {
				continue
			}
			if !shared {
				for i := range ms {
					ms[i].Shared = new(lane.Encoded)
				}
				shared = true
			}
			late, err := r.take(ctx, rest)
			if err != nil {
				f.fail(err)
				return
			}
			if late {
				stalled = time.Now()
			}
		}
		clear(readers)
		f.gave(uint64(len(ms)))
		clear(ms) // the payloads must not outlive their delivery
	}
	f.fail(failed)
}

// present appends the readers of this moment.
func (f *fanOut) present(to []*share) []*share {
	f.shared.mu.Lock()
	defer f.shared.mu.Unlock()
	return append(to, f.readers...)
}

// lost notes that the subscription has ended, behind the first fed messages. What
// of these is still to be given to readers comes before.
func (f *fanOut) lost(fed uint64) {
	f.shared.mu.Lock()
	defer f.shared.mu.Unlock()
	f.cut, f.cutAt = true, fed
	f.tellAway()
}

// gave notes that n more messages were given to readers.
func (f *fanOut) gave(n uint64) {
	f.shared.mu.Lock()
	defer f.shared.mu.Unlock()
	f.handed += n
	f.tellAway()
}

func (f *fanOut) tellAway() {
	if f.away() {
		for _, r := range f.readers {
			r.stats.Away()
		}
	}
}

// away tells whether all is given that came before the subscription ended, and
// nothing has come since. It ends with the next message.
func (f *fanOut) away() bool { return f.cut && f.handed == f.cutAt }

// fail notes why there is nothing any more. Who comes next opens the channel
// anew.
func (f *fanOut) fail(err error) {
	f.shared.mu.Lock()
	defer f.shared.mu.Unlock()
	f.err = err
	if f.shared.channels[f.key] == f {
		delete(f.shared.channels, f.key)
	}
}
