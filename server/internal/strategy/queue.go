package strategy

import (
	"context"
	"sync"

	"spillway/server/internal/lane"
)

// chunkMessages is the unit in which a queue takes and returns memory: large
// enough that pushing is cheap, small enough that a drained queue holds
// nothing worth speaking of (64 × 40 B).
const chunkMessages = 64

// queue is a first-in-first-out queue without a bound, for one goroutine that
// pushes and one that pops. It never blocks; whoever uses it decides what
// waiting means. Memory of popped messages is released chunk by chunk.
type queue struct {
	mu     sync.Mutex
	chunks [][]lane.Message // never an empty chunk but possibly the last
	head   int              // next message of the first chunk
	ended  error            // nothing more is pushed
	ready  chan struct{}    // capacity 1: a message came since the last look, or the end
}

func newQueue() *queue { return &queue{ready: make(chan struct{}, 1)} }

// push appends messages and wakes the popping goroutine.
func (q *queue) push(ms ...lane.Message) {
	q.mu.Lock()
	for _, m := range ms {
		if n := len(q.chunks); n == 0 || len(q.chunks[n-1]) == chunkMessages {
			q.chunks = append(q.chunks, make([]lane.Message, 0, chunkMessages))
		}
		last := len(q.chunks) - 1
		q.chunks[last] = append(q.chunks[last], m)
	}
	q.mu.Unlock()
	signal(q.ready)
}

// end says that nothing more comes, and why.
func (q *queue) end(why error) {
	q.mu.Lock()
	q.ended = why
	q.mu.Unlock()
	signal(q.ready)
}

// next blocks until there is a message, and takes what there is for one write; or
// until the queue has ended and is empty, or ctx is done.
func (q *queue) next(ctx context.Context, t *together) error {
	for {
		t.begin()
		ended := q.take(t)
		switch {
		case len(t.messages) > 0:
			return nil
		case ended != nil:
			return ended
		}
		if err := wait(ctx, q.ready); err != nil {
			return err
		}
	}
}

// take takes the oldest messages and reports whether nothing is pushed any more,
// and why.
func (q *queue) take(t *together) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !t.full() {
		if len(q.chunks) == 0 || q.head == len(q.chunks[0]) {
			return q.ended
		}
		first := q.chunks[0]
		t.add(first[q.head])
		first[q.head] = lane.Message{} // the payload must not outlive its delivery
		q.head++
		if q.head == chunkMessages {
			q.chunks[0] = nil
			q.chunks = q.chunks[1:]
			q.head = 0
		}
	}
	return nil
}
