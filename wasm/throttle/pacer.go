package throttle

import (
	"context"
	"sync"
	"time"
)

// shortest is the least time worth a timer. Browsers do not sleep for less than
// 1 to 4 ms; a shorter debt is simply carried on to the next read.
const shortest = time.Millisecond

// Pacer is a [Bucket] that can wait. One goroutine reads and waits; any other
// may change the rate, which wakes the waiting one at once.
type Pacer struct {
	mu      sync.Mutex
	bucket  *Bucket
	changed chan struct{} // closed and replaced at every change of rate
}

// NewPacer returns a pacer at this rate.
func NewPacer(rate Rate) *Pacer {
	return &Pacer{bucket: NewBucket(rate, time.Now()), changed: make(chan struct{})}
}

// SetRate changes the rate. It does not block.
func (p *Pacer) SetRate(r Rate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.bucket.Rate()
	p.bucket.SetRate(r, time.Now())
	if p.bucket.Rate() != before {
		close(p.changed)
		p.changed = make(chan struct{})
	}
}

// Rate is the rate last set.
func (p *Pacer) Rate() Rate {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bucket.Rate()
}

// ReadBytes is how many bytes the next read should ask for; see
// [Bucket.ReadBytes].
func (p *Pacer) ReadBytes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bucket.ReadBytes()
}

// Wait tells the pacer that n bytes were read and blocks until the next read
// may happen: not at all without a limit, until the rate changes while it is
// Stopped. A change of rate counts from the moment it is made. The only error
// is ctx's. Wait(ctx, 0) before the first read holds a reader that starts
// stopped.
func (p *Pacer) Wait(ctx context.Context, n int) error {
	for ; ; n = 0 {
		p.mu.Lock()
		wait, paused := p.bucket.Spend(n, time.Now())
		changed := p.changed
		p.mu.Unlock()

		if !paused && wait < shortest {
			return ctx.Err()
		}
		var due <-chan time.Time // nil while paused: nothing is ever due
		if !paused {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			due = timer.C
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-due:
			return nil
		}
	}
}
