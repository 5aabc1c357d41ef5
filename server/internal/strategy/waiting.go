package strategy

import (
	"context"
	"errors"
	"io"
	"sync"

	"spillway/server/internal/lane"
)

// waiting is what lies between the goroutines of a bounded engine. Its lock is
// held for a few instructions, never while anything blocks.
type waiting struct {
	rule    bounded
	counted bool // the transport carries demand
	st      *lane.Stats

	mu      sync.Mutex
	queue   ring
	asked   uint64       // counted: what the reader has asked for and not been given
	busy    bool         // the sender has a message, or is about to take passing
	passing lane.Message // goes past the queue, if handed
	handed  bool
	held    bool  // the receiver waits
	ended   error // nothing more comes
	taken   int   // with replenish: how many more may be taken
	sent    int   // with replenish: since taken was raised

	ready chan struct{} // capacity 1: the sender has to look again
	room  chan struct{} // capacity 1: the receiver has to look again

	hear  chan struct{} // the receiver asks whether there is demand that was sent already
	heard chan struct{} // and is told when that is counted
}

func newWaiting(rule bounded, counted bool, st *lane.Stats) *waiting {
	return &waiting{
		rule: rule, counted: counted, st: st, taken: rule.capacity,
		ready: make(chan struct{}, 1), room: make(chan struct{}, 1),
		hear: make(chan struct{}), heard: make(chan struct{}),
	}
}

// fate is what offer has decided.
type fate uint8

const (
	settled fate = iota // the message is in, or given up
	hold                // nobody can say yet: offer it again after room
	listen              // there may be demand that was sent and is not counted yet
	last                // nothing more may be taken
)

// offer decides about a message that has come. listened says that all demand
// sent before it came is counted.
func (w *waiting) offer(m lane.Message, listened bool) (fate, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch demand := !w.counted || w.asked > 0; {
	case demand && !w.busy && w.queue.n == 0:
		if w.counted {
			w.asked--
		}
		w.busy, w.handed, w.passing = true, true, m
		w.st.Oldest(m)
		signal(w.ready)
		return settled, nil
	case demand && w.counted: // the sender is still with what was asked for before
		w.held = true
		return hold, nil
	case w.fits(m):
		w.push(m)
		return settled, nil
	}
	if w.counted && !listened {
		return listen, nil
	}
	switch w.rule.full {
	case blockSource:
		w.held = true
		return hold, nil
	case dropIncoming:
		w.st.Drop(m)
		return settled, nil
	case dropOldest:
		w.st.Drop(w.queue.pop())
		w.push(m)
		return settled, nil
	case endAfterBacklog:
		w.st.Drop(m)
		w.end(w.overflowError(m))
		return last, nil
	}
	err := w.overflowError(m)
	if w.counted && !w.rule.cut {
		w.end(err) // after the Send that was asked for
		return last, nil
	}
	return last, err
}

func (w *waiting) fits(m lane.Message) bool {
	return w.queue.n < w.rule.capacity &&
		(w.rule.capacityBytes == 0 || w.queue.bytes+int64(m.Bytes()) <= w.rule.capacityBytes)
}

// push lets m wait.
func (w *waiting) push(m lane.Message) {
	w.queue.push(m)
	if !w.busy {
		w.st.Oldest(w.queue.first())
	}
}

// end says that nothing more comes.
func (w *waiting) end(err error) {
	w.ended = err
	signal(w.ready)
}

// take gives the sender its next message, if there is one for it. Whoever calls
// it has sent the one before.
func (w *waiting) take() (m lane.Message, ok bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.handed {
		m, w.passing, w.handed = w.passing, lane.Message{}, false
		return m, true, nil
	}
	if w.busy {
		w.busy = false
		w.replenish()
	}
	switch {
	case w.queue.n == 0:
		err = w.ended
	case w.counted && w.asked == 0:
		w.st.Oldest(w.queue.first())
	default:
		if w.counted {
			w.asked--
		}
		m, ok, w.busy = w.queue.pop(), true, true
		w.st.Oldest(m)
	}
	w.wakeReceiver()
	return m, ok, err
}

// replenish lets the receiver take more once enough has been sent, as publishOn
// of Reactor does: "Once the operator has seen 75% of the prefetch request
// fulfilled, it re-requests 75% from upstream".
func (w *waiting) replenish() {
	if w.rule.replenish == 0 {
		return
	}
	if w.sent++; w.sent == w.rule.replenish {
		w.taken += w.sent
		w.sent = 0
	}
}

// mayTake blocks, with replenish, until another message may be taken from the
// source.
func (w *waiting) mayTake(ctx context.Context) error {
	if w.rule.replenish == 0 {
		return nil
	}
	for {
		w.mu.Lock()
		if w.taken > 0 {
			w.taken--
			w.mu.Unlock()
			return nil
		}
		w.held = true
		w.mu.Unlock()
		if err := wait(ctx, w.room); err != nil {
			return err
		}
	}
}

func (w *waiting) wakeReceiver() {
	if w.held {
		w.held = false
		signal(w.room)
	}
}

// receive blocks in the source, and for room where the policy says so.
func (w *waiting) receive(ctx context.Context, in Source) error {
	for {
		if err := w.mayTake(ctx); err != nil {
			return err
		}
		m, err := in.Next(ctx)
		if errors.Is(err, io.EOF) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.end(err)
			return nil
		}
		if err != nil {
			return err
		}
		if more, err := w.settle(ctx, m); err != nil || !more {
			return err
		}
	}
}

// settle blocks until the fate of m is decided. It tells whether more may be
// taken.
func (w *waiting) settle(ctx context.Context, m lane.Message) (more bool, err error) {
	for listened := false; ; {
		f, err := w.offer(m, listened)
		if err != nil {
			return false, err
		}
		switch f {
		case settled:
			return true, nil
		case last:
			return false, nil
		case hold:
			err = wait(ctx, w.room)
		case listen:
			if err = tell(ctx, w.hear); err == nil {
				err = wait(ctx, w.heard)
			}
			listened = true
		}
		if err != nil {
			return false, err
		}
	}
}

// send blocks in the sink, and for something to send. It returns when it has
// sent all after the end.
func (w *waiting) send(ctx context.Context, out Sink) error {
	if w.rule.deadline > 0 {
		limited := limitWrites(ctx, out, w.rule.deadline)
		defer limited.stop()
		out = limited
	}
	for {
		m, ok, err := w.take()
		switch {
		case err != nil:
			return err
		case ok:
			err = out.Send(ctx, m)
		default:
			err = wait(ctx, w.ready)
		}
		if err != nil {
			return err
		}
	}
}

// listen adds up what the reader asks for, and says when it has added up what
// was sent.
func (w *waiting) listen(ctx context.Context, requests <-chan int) error {
	for {
		select {
		case n, ok := <-requests:
			if !ok {
				requests = nil // it asks for nothing more
				continue
			}
			if err := w.request(n); err != nil {
				return err
			}
		case <-w.hear:
			for again := true; again; {
				select {
				case n, ok := <-requests:
					if !ok {
						requests = nil
						continue
					}
					if err := w.request(n); err != nil {
						return err
					}
				default:
					again = false
				}
			}
			if err := tell(ctx, w.heard); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// request counts a demand.
func (w *waiting) request(n int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := add(&w.asked, n); err != nil {
		return err
	}
	signal(w.ready)
	return nil
}

func tell(ctx context.Context, c chan<- struct{}) error {
	select {
	case c <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// signal wakes whoever waits at c, or will; c has a capacity of 1.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has been told already
	}
}

func wait(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
