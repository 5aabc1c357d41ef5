package source

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"

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
// The loop holds one message besides those that strategies hold, and each reader
// has room for [handRoom] that its strategy has not taken yet; they count as its
// backlog. Without it every message would be a switch from the loop to each
// reader and back.
type Shared struct {
	open OpenFunc

	mu       sync.Mutex
	channels map[string]*fanOut // by key; only those with readers
}

// handRoom is how many messages wait between the loop and a reader's strategy: as
// many as go into one write at most.
const handRoom = 64

// NewShared returns a Shared that opens one source for each channel.
func NewShared(open OpenFunc) *Shared {
	return &Shared{open: open, channels: make(map[string]*fanOut)}
}

// fanOut is one channel. Shared.mu guards readers and err.
type fanOut struct {
	shared  *Shared
	key     string
	opened  chan struct{} // closed once the source is open, or cannot be
	cancel  context.CancelFunc
	done    chan struct{} // closed when the loop has ended
	readers []*share
	err     error // why the loop has ended
}

// share is what one reader has of a fanOut.
type share struct {
	of    *fanOut
	stats *lane.Stats
	hand  chan lane.Message // capacity handRoom; then the loop waits for the reader
	once  sync.Once
	gone  chan struct{} // closed when the reader has left
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
	r := &share{of: f, stats: o.Stats, hand: make(chan lane.Message, handRoom), gone: make(chan struct{})}
	f.readers = append(f.readers, r)
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
	in, err := f.shared.open(ctx, o)
	close(f.opened)
	if err != nil {
		f.fail(err)
		return
	}
	defer in.Close()
	for {
		m, err := in.Next(ctx)
		if err != nil {
			f.fail(err)
			return
		}
		readers := f.present()
		if len(readers) > 1 {
			m.Shared = new(lane.Encoded)
		}
		for _, r := range readers {
			if !r.take(ctx, m) {
				f.fail(ctx.Err())
				return
			}
		}
	}
}

// take hands a message to the reader. It blocks while that has no room, and
// reports false when ctx is done first.
func (r *share) take(ctx context.Context, m lane.Message) bool {
	r.stats.Accept(m)
	select {
	case r.hand <- m: // much cheaper than a choice of three
		return true
	default:
	}
	select {
	case r.hand <- m:
	case <-r.gone: // its lane settles what was accepted
	case <-ctx.Done():
		return false
	}
	return true
}

// present are the readers of this moment.
func (f *fanOut) present() []*share {
	f.shared.mu.Lock()
	defer f.shared.mu.Unlock()
	return slices.Clone(f.readers)
}

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

// Next blocks until the loop hands over a message.
func (r *share) Next(ctx context.Context) (lane.Message, error) {
	if m, ok := r.NextReady(); ok {
		return m, nil
	}
	select {
	case m := <-r.hand:
		return m, nil
	case <-ctx.Done():
		r.Close()
		return lane.Message{}, ctx.Err()
	case <-r.gone:
		return lane.Message{}, fmt.Errorf("read channel %q: %w", r.of.key, net.ErrClosed)
	case <-r.of.done:
		select {
		case <-r.gone: // which is why
			return lane.Message{}, fmt.Errorf("read channel %q: %w", r.of.key, net.ErrClosed)
		default:
		}
		r.of.shared.mu.Lock()
		defer r.of.shared.mu.Unlock()
		return lane.Message{}, r.of.err
	}
}

// NextReady takes what the loop has handed over.
func (r *share) NextReady() (lane.Message, bool) {
	select {
	case m := <-r.hand:
		return m, true
	default:
		return lane.Message{}, false
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
