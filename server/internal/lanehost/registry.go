package lanehost

import (
	"sync"
	"time"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// registry knows the readers that are connected and what those that left have
// left behind in the counters.
type registry struct {
	mu     sync.Mutex
	closed bool
	open   map[*connection]struct{}
	gone   lane.Counts    // of connections that ended
	ends   sync.WaitGroup // of all that have entered
	ended  []lane.Row     // of these, since they were taken last
	kernel lane.Kernel    // when it was looked at last
}

// connection is one reader of this lane.
type connection struct {
	channel    string
	tab        uint64 // the id it gave itself, if it is a tab's; 0: none
	id         uint64 // likewise, whoever it is
	stats      lane.Stats
	sink       transport.Sink // nil until it is open
	replayable bool           // its source keeps what was not delivered
}

func newRegistry() *registry {
	return &registry{open: make(map[*connection]struct{})}
}

// enter reports false once the registry is closed. Whoever has entered leaves.
func (r *registry) enter(c *connection) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.open[c] = struct{}{}
	r.ends.Add(1)
	return true
}

// opened tells the registry the sink of a connection that has entered.
func (r *registry) opened(c *connection, sink transport.Sink) {
	r.mu.Lock()
	c.sink = sink
	closed := r.closed
	r.mu.Unlock()
	if closed { // close has not seen it
		sink.Close()
	}
}

// leave settles the account of a connection: what its lane still held is still
// in the source if that can be read again, and lost with the connection if not.
func (r *registry) leave(c *connection, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.ends.Done()
	delete(r.open, c)
	n := c.stats.Read(now)
	if c.sink != nil {
		r.ended = append(r.ended, c.ended(n))
	}
	if c.replayable {
		n.Accepted -= n.BacklogCount
	} else {
		n.Dropped += n.BacklogCount
	}
	r.gone.Accepted += n.Accepted
	r.gone.Delivered += n.Delivered
	r.gone.DeliveredBytes += n.DeliveredBytes
	r.gone.Dropped += n.Dropped
	r.gone.Gaps += n.Gaps
}

// close ends every connection, lets no other in, and waits until all have left,
// but no longer than patience; then it reports false.
func (r *registry) close(patience time.Duration) bool {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	for _, c := range r.opens() {
		c.sink.Close()
	}
	left := make(chan struct{})
	go func() { r.ends.Wait(); close(left) }()
	select {
	case <-left:
		return true
	case <-time.After(patience):
		return false
	}
}

// heartbeat gives every sink the chance to speak.
func (r *registry) heartbeat(now time.Time) {
	for _, c := range r.opens() {
		c.sink.Heartbeat(now)
	}
}

// opens are the connections whose sink is open.
func (r *registry) opens() []*connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opensLocked()
}

func (r *registry) opensLocked() []*connection {
	all := make([]*connection, 0, len(r.open))
	for c := range r.open {
		if c.sink != nil {
			all = append(all, c)
		}
	}
	return all
}

// report adds everything up. written is set when asked for: the lowest sequence
// written on each channel that somebody reads.
func (r *registry) report(now time.Time, stallAfter time.Duration, written bool) lane.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := lane.Report{
		Readers:        uint64(len(r.open)),
		Accepted:       r.gone.Accepted,
		Delivered:      r.gone.Delivered,
		DeliveredBytes: r.gone.DeliveredBytes,
		Dropped:        r.gone.Dropped,
		Gaps:           r.gone.Gaps,
		Kernel:         r.kernel,
	}
	if written {
		out.Written = make(map[string]uint64, len(r.open))
	}
	for c := range r.open {
		n := c.stats.Read(now)
		out.Accepted += n.Accepted
		out.Delivered += n.Delivered
		out.DeliveredBytes += n.DeliveredBytes
		out.Dropped += n.Dropped
		out.Gaps += n.Gaps
		if c.tab != 0 {
			if out.Tabs == nil {
				out.Tabs = make(map[uint64]uint64)
			}
			out.Tabs[c.tab] = n.SentBytes
		}
		out.BacklogCount += n.BacklogCount
		out.BacklogBytes += n.BacklogBytes
		out.OldestMicros = max(out.OldestMicros, uint64(n.Oldest.Microseconds()))
		if n.Write >= stallAfter {
			out.Stalled++
			out.StallMicros = max(out.StallMicros, uint64(n.Write.Microseconds()))
		}
		if written {
			if low, ok := out.Written[c.channel]; !ok || n.Written < low {
				out.Written[c.channel] = n.Written
			}
		}
	}
	return out
}
