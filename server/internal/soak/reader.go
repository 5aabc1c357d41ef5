package soak

import (
	"bytes"
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

const (
	// retryFirst is doubled from one failed attempt to the next, up to
	// retryLongest; the pause is drawn between half and all of it.
	retryFirst, retryLongest = 100 * time.Millisecond, time.Second
	// slowest and fastest are what a slow reader reads a second.
	slowest, fastest = 2 << 10, 12 << 10
)

// person is one reader of one lane. One goroutine reads, one lives: it decides
// how fast the other reads and when it leaves.
type person struct {
	name    string
	channel string
	of      *crew
	lane    *stageLane
	random  *rand.Rand // of the goroutine that lives
	pacer   *throttle.Pacer
	place   gate // open while the reader wants to be there

	mu      sync.Mutex // held for one line, never while anything blocks
	decoder reader.Reader
	seen    sequence
	link    *link // nil without a connection
	id      uint64
}

// read connects, reads, and connects again until ctx is done.
func (p *person) read(ctx context.Context) {
	failures := 0
	for p.place.wait(ctx) == nil {
		if p.connect(ctx) {
			failures = 0
		}
		failures++
		longest := min(retryFirst<<min(failures-1, 10), retryLongest)
		if pause(ctx, longest/2+rand.N(longest/2)) != nil {
			return
		}
	}
}

// connect is one connection: it blocks until that ends. It reports whether there
// was one.
func (p *person) connect(ctx context.Context) bool {
	addr := p.lane.address()
	if addr == "" {
		return false
	}
	p.mu.Lock()
	p.decoder.Reconnected()
	a := ask{addr: addr, channel: p.channel, id: p.of.ids.Add(1), last: p.decoder.LastEventID(), demand: p.lane.demand()}
	p.mu.Unlock()
	l, err := dial(ctx, a)
	if err != nil {
		return false
	}
	defer context.AfterFunc(ctx, func() { l.end(hangUp) })()
	if !p.enter(l, a.id) {
		l.end(hangUp)
		return true
	}
	p.take(ctx, l)
	l.end(hangUp) // unless it has been ended another way
	p.mu.Lock()
	p.link = nil
	p.mu.Unlock()
	return true
}

// enter takes the connection on, unless the reader has left while it was made.
func (p *person) enter(l *link, id uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.place.isOpen() {
		return false
	}
	p.link, p.id = l, id
	return true
}

// take reads at the reader's pace until the connection ends.
func (p *person) take(ctx context.Context, l *link) {
	restarts := p.of.brokerDeaths.Load()
	first := true
	buffer := make([]byte, bufferBytes)
	n := 0
	for p.pacer.Wait(ctx, n) == nil {
		var err error
		if n, err = l.Read(buffer[:min(p.pacer.ReadBytes(), len(buffer))]); n > 0 {
			messages := p.feed(buffer[:n], &first, restarts)
			if err == nil {
				err = l.consumed(n, messages)
			}
		}
		if err != nil {
			return
		}
	}
}

// feed takes in what was read, line by line, so that each message is seen on its
// own, and returns how many ended in it.
func (p *person) feed(b []byte, first *bool, restarts uint64) (messages uint64) {
	now := time.Now().UnixMicro()
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(b) > 0 {
		end := bytes.IndexByte(b, '\n') + 1
		if end == 0 {
			end = len(b)
		}
		before := p.decoder.Account()
		p.decoder.Feed(b[:end], now)
		b = b[end:]
		after := p.decoder.Account()
		if after.Messages > before.Messages {
			p.seen.take(before, after, *first, p.of.brokerDeaths.Load() != restarts)
			*first = false
			messages++
		}
	}
	return messages
}

// live does one thing after the other while the test is rough, and nothing while
// it is calm.
func (p *person) live(ctx context.Context) {
	for p.of.rough.wait(ctx) == nil {
		p.act(ctx)
	}
}

// act is one thing.
func (p *person) act(ctx context.Context) {
	rough := scope{ctx, p.of.rough.closed()}
	unit := p.of.unit
	span := unit/2 + time.Duration(p.random.Int64N(int64(unit)*7/2))
	switch n := p.random.IntN(100); {
	case n < 30:
	case n < 50:
		p.pacer.SetRate(throttle.Rate(slowest + p.random.IntN(fastest-slowest)))
	case n < 70:
		p.pacer.SetRate(throttle.Stopped)
	case n < 82:
		p.leave(hangUp)
	case n < 94:
		p.stallAndLeave(rough, dropped)
	default:
		p.stallAndLeave(rough, muted)
	}
	hold(rough, span)
	p.pacer.SetRate(throttle.Unlimited)
	p.place.set(true)
}

// stallAndLeave leaves, every other time with a window that has been shut for a
// while: a lane notices that in another way, and the later the longer it was shut,
// because the kernel asks less and less often whether there is room (two more
// questions take up to three times as long as all before). So it is shut for a
// short while only, and what was before does not count.
func (p *person) stallAndLeave(rough scope, w way) {
	shut, long := p.random.IntN(2) == 0, time.Duration(p.random.Int64N(int64(p.of.unit)))
	if !hold(rough, p.of.unit/2) { // read what is there
		return
	}
	if shut {
		p.pacer.SetRate(throttle.Stopped)
		if !hold(rough, p.of.unit/2+long) {
			return
		}
	}
	p.leave(w)
}

// leave ends the connection if there is one, and makes no other.
func (p *person) leave(w way) {
	p.place.set(false)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.link == nil {
		return
	}
	if ended := p.link.end(w); ended != hangUp {
		p.lane.lose(p.link, p.id, ended)
	}
}

// position is the last sequence that the reader has, and what it has counted.
func (p *person) position() (last uint64, here bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen.last, p.link != nil
}

// sequence is a copy of what the reader has seen.
func (p *person) sequence() sequence {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.seen
	s.holes = append([]hole(nil), s.holes...)
	return s
}

// account is what the decoder has counted.
func (p *person) account() reader.Account {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.decoder.Account()
}
