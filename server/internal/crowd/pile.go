package crowd

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"spillway/wasm/reader"
)

// MaxHeldAllBytes is how much the readers of a crowd that cannot push back may
// hold together that they have not read; each holds at most reader.MaxHeldBytes,
// as in a tab. They may not take the machine that lanes, broker and browser
// share: it is half of what the lanes have by default.
const MaxHeldAllBytes = 512 << 20

// Chunks grow with what is held, so that hundreds of readers that hold next to
// nothing take little, and millions of bytes are few allocations.
const (
	leastChunkBytes = bufferBytes
	mostChunkBytes  = 64 << 10
)

// hold counts what all readers of a crowd hold.
type hold struct {
	most  int64 // bytes
	bytes atomic.Int64
}

// take reserves n bytes, or reports that there is no room.
func (h *hold) take(n int) bool {
	if h.bytes.Add(int64(n)) <= h.most {
		return true
	}
	h.bytes.Add(-int64(n))
	return false
}

// pile is what lies between a connection that is read as fast as it can be and
// a reader that takes its time: onmessage and a queue. It reads the connection
// on a goroutine of its own until the connection ends, or more than
// reader.MaxHeldBytes are there; then it hangs up, and what it held is lost.
//
// A stream that the lane ended is read to its end before the reader comes back,
// however long that takes; one that hung up comes back at once.
type pile struct {
	ctx   context.Context
	end   context.CancelCauseFunc // of ctx: wakes a reader that waits for its throttle
	in    io.ReadCloser
	all   *hold
	ended func()        // called when the connection has ended
	news  chan struct{} // one place: something was put, or the end is there; not how often
	work  sync.WaitGroup
	held  *atomic.Int64 // bytes; changed with mu held, read by whoever samples

	mu     sync.Mutex
	chunks [][]byte // oldest first; only the last one grows
	taken  int      // bytes of the first that were read
	last   error    // why nothing more comes
}

// newPile reads in until it is closed. The pile ends ctx, with the reason, where
// it hangs up.
func newPile(ctx context.Context, end context.CancelCauseFunc, in io.ReadCloser, all *hold, held *atomic.Int64, ended func()) *pile {
	p := &pile{ctx: ctx, end: end, in: in, all: all, held: held, ended: ended, news: make(chan struct{}, 1)}
	p.work.Go(p.fill)
	return p
}

// fill blocks in the connection alone.
func (p *pile) fill() {
	defer p.ended()
	buffer := make([]byte, bufferBytes)
	for {
		n, err := p.in.Read(buffer)
		if full := p.put(buffer[:n]); full != nil {
			p.end(full)
			_ = p.in.Close() // the error that counts is why
			return
		}
		if err != nil {
			p.finish(err)
			return
		}
	}
}

// put keeps a copy of b, or lets go of everything and says why.
func (p *pile) put(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	held := int(p.held.Load())
	switch {
	case held+len(b) > reader.MaxHeldBytes:
		p.drop()
		return fmt.Errorf("%w: %d MiB had arrived and were not read, the most a reader holds", errHungUp, reader.MaxHeldBytes>>20)
	case !p.all.take(len(b)):
		p.drop()
		return fmt.Errorf("%w: all readers together hold %d MiB that they have not read, the most they may", errHungUp, p.all.most>>20)
	}
	p.held.Add(int64(len(b)))
	for len(b) > 0 {
		last := len(p.chunks) - 1
		if last < 0 || len(p.chunks[last]) == cap(p.chunks[last]) {
			p.chunks = append(p.chunks, make([]byte, 0, min(max(held, leastChunkBytes), mostChunkBytes)))
			last++
		}
		chunk := p.chunks[last]
		n := min(len(b), cap(chunk)-len(chunk))
		p.chunks[last] = append(chunk, b[:n]...)
		b = b[n:]
	}
	p.tell()
	return nil
}

func (p *pile) finish(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = err
	p.tell()
}

// tell wakes the reader, or finds that it is to be woken already.
func (p *pile) tell() {
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// Read takes the oldest bytes and blocks until there are some. What had arrived
// when the connection ended is still read; then the error is that of its end.
func (p *pile) Read(b []byte) (int, error) {
	for {
		if err := p.ctx.Err(); err != nil {
			return 0, err
		}
		if n, err := p.read(b); n > 0 || err != nil {
			return n, err
		}
		select {
		case <-p.news:
		case <-p.ctx.Done():
		}
	}
}

func (p *pile) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.chunks) == 0 {
		return 0, p.last
	}
	first := p.chunks[0]
	n := copy(b, first[p.taken:])
	p.taken += n
	switch {
	case p.taken < len(first):
	case len(p.chunks) == 1:
		p.chunks, p.taken = p.chunks[:0], 0
		if cap(first) <= leastChunkBytes { // a reader that keeps up needs no other
			p.chunks = append(p.chunks, first[:0])
		}
	default:
		p.chunks[0] = nil
		p.chunks, p.taken = p.chunks[1:], 0
	}
	p.release(n)
	if n == 0 {
		return 0, p.last
	}
	return n, nil
}

// drop lets go of everything. p.mu is held.
func (p *pile) drop() {
	p.chunks, p.taken = nil, 0
	p.release(int(p.held.Load()))
}

func (p *pile) release(n int) {
	p.held.Add(-int64(n))
	p.all.bytes.Add(-int64(n))
}

// Close ends the connection, waits for whoever reads it, and lets go of what is
// held.
func (p *pile) Close() error {
	err := p.in.Close()
	p.work.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
	return err
}
