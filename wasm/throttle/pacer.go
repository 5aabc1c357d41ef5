package throttle

import "sync"

// shortestMicros is the least time worth a timer. Browsers do not sleep for less
// than 1 to 4 ms; a shorter debt is simply carried on to the next read.
const shortestMicros = 1_000

// Scope says when to give up waiting. Every context.Context is one.
type Scope interface {
	Done() <-chan struct{}
	Err() error
}

// Clock is where a Pacer has its time from. The WASM client has one of its own:
// the package time alone, whatever is used of it, is 54 KB of a client's
// compressed size, and a context or a timer with a channel 42 KB more.
type Clock interface {
	// NowMicros never runs backwards. Where it begins does not matter.
	NowMicros() int64
	// AfterMicros calls f once, after this time, unless stop is called before.
	// Neither blocks.
	AfterMicros(micros int64, f func()) (stop func())
}

// Pacer is a [Bucket] that can wait. One goroutine reads and waits; any other
// may change the rate, which wakes the waiting one at once.
type Pacer struct {
	clock Clock

	mu      sync.Mutex
	bucket  *Bucket
	changed chan struct{} // closed and replaced at every change of rate
}

// NewPacerOn returns a pacer at this rate on this clock.
func NewPacerOn(clock Clock, rate Rate) *Pacer {
	return &Pacer{clock: clock, bucket: NewBucket(rate, clock.NowMicros()), changed: make(chan struct{})}
}

// SetRate changes the rate. It does not block.
func (p *Pacer) SetRate(r Rate) {
	now := p.clock.NowMicros()
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.bucket.Rate()
	p.bucket.SetRate(r, now)
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
// is that of the scope. Wait(ctx, 0) before the first read holds a reader that
// starts stopped.
func (p *Pacer) Wait(ctx Scope, n int) error {
	for ; ; n = 0 {
		wait, paused, changed := p.spend(n)
		if !paused && wait < shortestMicros {
			return ctx.Err()
		}
		var due chan struct{} // nil while paused: nothing is ever due
		stop := func() {}
		if !paused {
			due = make(chan struct{})
			stop = p.clock.AfterMicros(wait, func() { close(due) })
		}
		select {
		case <-ctx.Done():
			stop()
			return ctx.Err()
		case <-changed:
			stop()
		case <-due:
			return nil
		}
	}
}

func (p *Pacer) spend(n int) (waitMicros int64, paused bool, changed <-chan struct{}) {
	now := p.clock.NowMicros()
	p.mu.Lock()
	defer p.mu.Unlock()
	waitMicros, paused = p.bucket.Spend(n, now)
	return waitMicros, paused, p.changed
}
