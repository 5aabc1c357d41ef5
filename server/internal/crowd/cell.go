package crowd

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

// cell is one group on one lane.
type cell struct {
	lane  *lane
	group string
	dial  dialFunc

	connected   atomic.Int64
	disconnects atomic.Uint64
	refused     atomic.Uint64
	trouble     atomic.Pointer[string]

	mu      sync.Mutex
	rate    throttle.Rate
	paused  bool
	readers []*synthetic   // reader i is at i
	leaving []*synthetic   // told to stop, not gone yet
	gone    reader.Account // of readers that are
	window  window
}

// limit is the rate that readers are held to. c.mu is held.
func (c *cell) limit() throttle.Rate {
	if c.paused {
		return throttle.Stopped
	}
	return c.rate
}

// setThrottle changes how fast the readers read. Nil changes nothing.
func (c *cell) setThrottle(rate *throttle.Rate, paused *bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if rate != nil {
		c.rate = *rate
	}
	if paused != nil {
		c.paused = *paused
	}
	for _, r := range c.readers {
		r.pacer.SetRate(c.limit())
	}
}

// setCount starts readers, or stops those with the highest numbers. It does not
// wait for them to leave; their goroutines count in all.
func (c *cell) setCount(ctx context.Context, all *sync.WaitGroup, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.readers) < n {
		ctx, stop := context.WithCancel(ctx)
		r := &synthetic{
			name:  c.group + "-" + strconv.Itoa(len(c.readers)),
			cell:  c,
			pacer: throttle.NewPacer(c.limit()),
			stop:  stop,
		}
		c.readers = append(c.readers, r)
		all.Go(func() {
			defer stop()
			r.run(ctx)
			c.leave(r)
		})
	}
	for _, r := range c.readers[n:] {
		r.stop()
		c.leaving = append(c.leaving, r)
	}
	clear(c.readers[n:])
	c.readers = c.readers[:n]
}

// leave takes over the account of a reader whose goroutine ends.
func (c *cell) leave(r *synthetic) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.leaving, r)
	if i < 0 {
		return // the whole crowd ends
	}
	c.leaving = slices.Delete(c.leaving, i, i+1)
	add(&c.gone, r.sample(c.window.open()))
}

// failed notes a connection that ended, or did not come about, by itself.
func (c *cell) failed(connected bool, err error) {
	if connected {
		c.disconnects.Add(1)
	} else {
		c.refused.Add(1)
	}
	words := err.Error()
	c.trouble.Store(&words)
}

// sample is the report on this cell.
func (c *cell) sample(now time.Time, withRead bool) CellReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := CellReport{
		Lane: c.lane.name, Group: c.group,
		Readers: uint64(len(c.readers)), Connected: uint64(max(c.connected.Load(), 0)),
		Disconnects: c.disconnects.Load(), Refused: c.refused.Load(),
		Limit: c.limit(),
	}
	if words := c.trouble.Load(); words != nil && r.Connected < r.Readers {
		r.Trouble = *words
	}
	if withRead {
		r.Read = make(map[string]uint64, len(c.readers))
	}
	sum, ages := c.gone, c.window.open()
	for _, s := range c.readers {
		a := s.sample(ages)
		add(&sum, a)
		if withRead {
			r.Read[s.name] = a.LastSeq
		}
	}
	for _, s := range c.leaving {
		add(&sum, s.sample(ages))
	}
	r.Bytes, r.Messages, r.Gaps, r.Repeats = sum.Bytes, sum.Messages, sum.Gaps, sum.Repeats
	r.Malformed, r.Notices = sum.Malformed, sum.Notices
	c.window.close(now, sum, &r)
	return r
}

func add(sum *reader.Account, a reader.Account) {
	sum.Bytes += a.Bytes
	sum.Messages += a.Messages
	sum.Gaps += a.Gaps
	sum.Repeats += a.Repeats
	sum.Malformed += a.Malformed
	sum.Notices += a.Notices
}
