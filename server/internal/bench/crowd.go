package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

const (
	// largeBuffer is a healthy reader's while there are few of them, smallBuffer
	// when there are many.
	largeBuffer, smallBuffer = 64 << 10, 4 << 10
	fewReaders               = 200
	// narrow is the receive buffer of a reader that is slow or reads nothing, and
	// narrowSegment its segments: with the usual ones a loopback connection
	// takes megabytes that nobody reads.
	narrow, narrowSegment = 4096, 1400
	// dials is how many readers connect at the same time.
	dials = 64
)

// crowd is all readers. Each has a goroutine that reads as it is meant to, but
// for those that read nothing.
type crowd struct {
	cfg     LoadConfig
	readers []*listener
	fed     []atomic.Uint64 // sequence fed last, by channel
	conns   []net.Conn      // of readers, nil before they connect
	cut     atomic.Uint64   // connections that the other end closed
	work    sync.WaitGroup
	ctx     context.Context // of the pauses of slow readers
	cancel  context.CancelFunc

	mu      sync.Mutex
	refused error // the first answer that is not 200
}

func newCrowd(cfg LoadConfig) *crowd {
	c := &crowd{cfg: cfg, fed: make([]atomic.Uint64, cfg.channels()), conns: make([]net.Conn, cfg.Readers)}
	for range cfg.Readers {
		c.readers = append(c.readers, &listener{pace: throttle.NewPacer(throttle.Unlimited)})
	}
	for _, r := range c.readers[cfg.Stalled : cfg.Stalled+cfg.Slow] {
		r.pace.SetRate(throttle.Rate(cfg.SlowRate))
	}
	for i, r := range c.readers {
		if r.fed = &c.fed[0]; cfg.Own {
			r.fed = &c.fed[i]
		}
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// healthy are the readers that read as fast as they can.
func (c *crowd) healthy() []*listener { return c.readers[c.cfg.Stalled+c.cfg.Slow:] }

// reading are the readers that read at all.
func (c *crowd) reading() []*listener { return c.readers[c.cfg.Stalled:] }

// connect lets readers from (with) to (without) join. It blocks until each has
// its first bytes, if it reads at all.
func (c *crowd) connect(ctx context.Context, from, to int) error {
	group, dialing := errgroup.WithContext(ctx)
	group.SetLimit(dials)
	for i := from; i < to; i++ {
		group.Go(func() error { return c.join(dialing, i) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	err := c.await(ctx, joinPatience, func() bool {
		for _, r := range c.readers[max(from, c.cfg.Stalled):max(to, c.cfg.Stalled)] {
			if !r.answered.Load() {
				return false
			}
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("wait for every reader's answer: %w", err)
	}
	return nil
}

// join connects reader i and starts to read.
func (c *crowd) join(ctx context.Context, i int) error {
	dialer := net.Dialer{Timeout: joinPatience}
	limited := i < c.cfg.Stalled+c.cfg.Slow
	if limited {
		dialer.Control = control(narrow, narrowSegment)
	}
	conn, err := dialer.DialContext(ctx, "tcp", c.cfg.Target)
	if err != nil {
		return fmt.Errorf("connect reader %d: %w", i, err)
	}
	c.conns[i] = conn
	channel := c.cfg.channel(0)
	if c.cfg.Own {
		channel = c.cfg.channel(i)
	}
	ask := "GET /stream?reader=" + channel + " HTTP/1.1\r\nHost: " + c.cfg.Target + "\r\nAccept: text/event-stream\r\n\r\n"
	if _, err := conn.Write([]byte(ask)); err != nil {
		return fmt.Errorf("ask for the stream of reader %d: %w", i, err)
	}
	if i < c.cfg.Stalled {
		return nil
	}
	size := smallBuffer
	if c.cfg.Readers <= fewReaders {
		size = largeBuffer
	}
	c.work.Go(func() {
		err := c.readers[i].read(c.ctx, conn, make([]byte, size))
		if c.ctx.Err() != nil {
			return
		}
		c.cut.Add(1)
		var refused *refusedError
		if errors.As(err, &refused) {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.refused == nil {
				c.refused = err
			}
		}
	})
	return nil
}

// close hangs up and waits for all readers.
func (c *crowd) close() {
	c.cancel()
	for _, conn := range c.conns {
		if conn != nil {
			conn.Close()
		}
	}
	c.work.Wait()
}

// await blocks until a condition holds, a reader is refused, or patience ends.
func (c *crowd) await(ctx context.Context, patience time.Duration, holds func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !holds() {
		c.mu.Lock()
		refused := c.refused
		c.mu.Unlock()
		if refused != nil {
			return refused
		}
		if err := wait(ctx, look); err != nil {
			return err
		}
	}
	return nil
}

func (c *crowd) allHaveMessages() bool {
	for _, r := range c.healthy() {
		if r.last.Load() == 0 {
			return false
		}
	}
	return true
}

func allHaveAll(readers []*listener) bool {
	for _, r := range readers {
		if r.last.Load() < r.fed.Load() {
			return false
		}
	}
	return true
}

// release lets slow readers read as fast as they can.
func (c *crowd) release() {
	for _, r := range c.reading() {
		r.pace.SetRate(throttle.Unlimited)
	}
}

// awaitQuiet blocks until every reader has what was fed last, or nothing has come
// for that long.
func (c *crowd) awaitQuiet(ctx context.Context, quiet time.Duration) {
	for {
		_, before := c.events()
		err := c.await(ctx, quiet, func() bool { return allHaveAll(c.reading()) })
		if _, now := c.events(); err == nil || now == before || ctx.Err() != nil {
			return
		}
	}
}

// slowest is the sequence that every healthy reader of the one channel has.
func (c *crowd) slowest() uint64 {
	low := ^uint64(0)
	for _, r := range c.healthy() {
		low = min(low, r.last.Load())
	}
	return low
}

// floor is the sequence that every reader of a channel has.
func (c *crowd) floor(channel int) uint64 {
	if c.cfg.Own {
		return c.readers[channel].last.Load()
	}
	low := ^uint64(0)
	for _, r := range c.readers {
		low = min(low, r.last.Load())
	}
	return low
}

// events are how many messages healthy readers, and all, have got so far.
func (c *crowd) events() (healthy, all uint64) {
	for _, r := range c.healthy() {
		healthy += r.count.Load()
	}
	for _, r := range c.readers {
		all += r.count.Load()
	}
	return healthy, all
}

// account is what readers should have got since their first message, and what of
// it they have not.
func account(readers []*listener) (expected, missing uint64) {
	for _, r := range readers {
		if first := r.first.Load(); first > 0 {
			want := r.fed.Load() - first + 1
			expected += want
			missing += want - min(r.count.Load(), want)
		}
	}
	return expected, missing
}

func (c *crowd) resetAges() {
	for _, r := range c.readers {
		r.mu.Lock()
		r.aged.Reset()
		r.mu.Unlock()
	}
}

// ages are those of healthy readers since the reset.
func (c *crowd) ages() *reader.Histogram {
	all := new(reader.Histogram)
	for _, r := range c.healthy() {
		r.mu.Lock()
		all.Merge(&r.aged)
		r.mu.Unlock()
	}
	return all
}
