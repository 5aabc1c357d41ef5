package crowd

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
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
	lane      string
	group     string
	channel   string // of all its readers; empty: each its own
	way       reader.Way
	transport string // asked of the lane; empty: its own
	dial      dialFunc
	secure    *secureLane // for an https:// lane
	share     Connection
	gate      *gate
	hold      *hold
	ids       *atomic.Uint64 // of connections: the last one given out by the whole crowd
	log       *slog.Logger

	connected   atomic.Int64
	disconnects atomic.Uint64
	hungUp      atomic.Uint64 // of the disconnects
	refused     atomic.Uint64
	trouble     atomic.Pointer[string]

	mu      sync.Mutex
	rate    throttle.Rate
	paused  bool
	away    bool
	readers []*synthetic   // reader i is at i
	leaving []*synthetic   // told to stop, not gone yet
	gone    reader.Account // of readers that are
	left    Row            // likewise; as CellReport.Left
	window  window
	ages    reader.Histogram // of all messages until the window's open slot
}

// limit is the rate that readers are held to. c.mu is held.
func (c *cell) limit() throttle.Rate {
	if c.paused {
		return throttle.Stopped
	}
	return c.rate
}

// set changes how fast the readers read, and whether at all. It does not wait
// for those that are sent away.
func (c *cell) set(t Throttle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.BytesPerSecond != nil {
		c.rate = *t.BytesPerSecond
	}
	if t.Paused != nil {
		c.paused = *t.Paused
	}
	if t.Away != nil {
		c.away = *t.Away
		c.gate.setAway(c.away)
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
		name := c.group + "-" + strconv.Itoa(len(c.readers))
		r := &synthetic{
			name:    name,
			channel: cmp.Or(c.channel, name),
			cell:    c,
			pacer:   throttle.NewPacer(c.limit()),
			stop:    stop,
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
	a := r.sample(c.window.open())
	add(&c.gone, a)
	c.left.leave(a)
}

// failed notes a connection that ended, or did not come about, by itself.
func (c *cell) failed(reader string, connected bool, err error) {
	c.log.Debug("connection failed", "lane", c.lane, "reader", reader, "connected", connected, "err", err)
	if connected {
		if errors.Is(err, errHungUp) {
			c.hungUp.Add(1)
		}
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
	words := c.trouble.Load() // before who is connected: a failure takes that back first
	r := CellReport{
		Lane: c.lane, Group: c.group,
		Readers: uint64(len(c.readers)), Connected: uint64(max(c.connected.Load(), 0)),
		HungUp: c.hungUp.Load(), Disconnects: c.disconnects.Load(), Refused: c.refused.Load(),
		Limit: c.limit(),
	}
	switch {
	case words == nil:
	case r.Connected >= r.Readers || c.away:
		c.trouble.CompareAndSwap(words, nil)
	default:
		r.Trouble = *words
	}
	if withRead {
		r.Read = make(map[string]uint64, len(c.readers))
	}
	sum, ages := c.gone, c.window.open()
	for _, s := range c.readers {
		a := s.sample(ages)
		add(&sum, a)
		r.Held += uint64(max(s.held.Load(), 0))
		if withRead && (a.LastSeq > 0 || !c.away) {
			if low, ok := r.Read[s.channel]; !ok || a.LastSeq < low {
				r.Read[s.channel] = a.LastSeq
			}
		}
	}
	for _, s := range c.leaving {
		add(&sum, s.sample(ages))
	}
	r.Bytes, r.Messages, r.Gaps, r.Repeats = sum.Bytes, sum.Messages, sum.Gaps, sum.Repeats
	r.Malformed, r.Notices = sum.Malformed, sum.Notices
	c.ages.Merge(ages)
	if withRead {
		r.Ages = agesOf(&c.ages)
	}
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
