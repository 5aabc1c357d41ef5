//go:build js && wasm

package page

import (
	"sync"

	"spillway/wasm/internal/scope"
)

// loop runs functions one after the other in one goroutine, which is the only
// one that touches the page's state. Callbacks of the browser post to it and
// return: they must never block, and the Go scheduler may switch to another
// goroutine in the middle of one.
//
// What waits in it is bounded by the browser: it runs callbacks only after the
// Go program has gone idle, that is, after the loop has emptied the queue.
type loop struct {
	mu    sync.Mutex
	queue []func()
	wake  chan struct{}
}

// wakeups is the capacity of loop.wake: one says that there is something to do,
// and a second would say nothing more.
const wakeups = 1

func newLoop() *loop { return &loop{wake: make(chan struct{}, wakeups)} }

// post has f run by the loop. It does not block.
func (l *loop) post(f func()) {
	l.mu.Lock()
	l.queue = append(l.queue, f)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run blocks until ctx is done.
func (l *loop) run(ctx *scope.Scope) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		}
		for _, f := range l.take() {
			f()
		}
	}
}

func (l *loop) take() []func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	queue := l.queue
	l.queue = nil
	return queue
}
