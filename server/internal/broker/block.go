package broker

import (
	"slices"
	"time"
)

// blockedRead is an XREAD that waits.
type blockedRead struct {
	keys     []string
	after    []streamID
	count    int
	deadline time.Time // zero: without end
}

// block makes c wait for entries. The deadline is one of its socket: the reading
// goroutine goes on reading, because that is how it notices that the client has
// left, and wakes up in time to reply that there was nothing.
func (s *Server) block(c *conn, o readOptions, after []streamID) {
	r := &blockedRead{after: after, count: o.count}
	if o.block > 0 {
		r.deadline = time.Now().Add(o.block)
	}
	for _, k := range o.keys {
		key := string(k)
		r.keys = append(r.keys, key)
		if waiting := s.waiting[key]; !slices.Contains(waiting, c) {
			s.waiting[key] = append(waiting, c)
		}
	}
	c.read = r
	s.blocked++
	_ = c.nc.SetReadDeadline(r.deadline)
}

// unblock ends the wait of c, if it waits. If commands have arrived meanwhile,
// its reading goroutine must be told, by letting its read time out at once.
func (s *Server) unblock(c *conn) {
	r := c.read
	if r == nil {
		return
	}
	c.read = nil
	s.blocked--
	for _, key := range r.keys {
		rest := slices.DeleteFunc(s.waiting[key], func(w *conn) bool { return w == c })
		if len(rest) == 0 {
			delete(s.waiting, key)
		} else {
			s.waiting[key] = rest
		}
	}
	if c.buffered.Load() > 0 {
		_ = c.nc.SetReadDeadline(time.Now())
	}
}

// expire is called when c's read has timed out: its XREAD may be over, or there
// may be commands to run, or the deadline may be one that nobody needs any more.
func (s *Server) expire(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := c.read; r != nil {
		if r.deadline.IsZero() || time.Now().Before(r.deadline) {
			_ = c.nc.SetReadDeadline(r.deadline)
			return
		}
		s.unblock(c)
		c.nullArray()
		c.flush()
		s.wakeDirty()
	}
	_ = c.nc.SetReadDeadline(time.Time{})
}

// serveBlocked replies to the clients that wait for entries of a stream, in the
// order in which they came. Those that wait for a later id go on waiting.
func (s *Server) serveBlocked(key []byte, st *stream) {
	waiting := s.waiting[string(key)]
	if len(waiting) == 0 {
		return
	}
	// The list changes while clients are unblocked.
	for _, c := range slices.Clone(waiting) {
		r := c.read
		i := slices.Index(r.keys, string(key))
		if !st.hasAfter(r.after[i]) {
			continue
		}
		s.unblock(c)
		reply := c.appendReadHeader(nil, 1)
		c.send(c.appendRead(reply, key, st, r.after[i], r.count))
	}
}
