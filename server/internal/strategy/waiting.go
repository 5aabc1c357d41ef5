package strategy

import (
	"fmt"
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

func (w *waiting) wakeReceiver() {
	if w.held {
		w.held = false
		signal(w.room)
	}
}

// overflowError says how much waited.
func (w *waiting) overflowError(m lane.Message) *CloseError {
	reason := ReasonOverflow
	if w.rule.cut {
		reason = ReasonPendingMessages
		if w.queue.n < w.rule.capacity {
			reason = ReasonPendingBytes
		}
	}
	return &CloseError{reason, fmt.Sprintf("message %d came while %d messages with %d bytes waited for the reader", m.Seq, w.queue.n, w.queue.bytes)}
}
