package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	// tick is how often soft output limits are checked for clients to which
	// nothing is being written.
	tick = time.Second
	// peakSeconds is how far client_recent_max_output_buffer looks back
	// (Redis: 8 slots of a second).
	peakSeconds = 8
	// acceptRetry is the pause after a failed accept, for instance when no file
	// descriptors are left.
	acceptRetry = 50 * time.Millisecond
)

// Serve accepts clients on l until ctx is done, then disconnects them and
// returns nil when all goroutines have ended. It closes l. If l fails before
// that, Serve ends in the same way and returns the error. Call it once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer s.cutAll() // nobody is admitted any more, since the loop below has ended
	defer cancel()
	wg.Go(func() {
		<-ctx.Done()
		_ = l.Close()
	})
	wg.Go(func() { s.watchLimits(ctx) })
	for {
		nc, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = nc.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept broker client: %w", err)
		case err != nil:
			s.log.Warn("accept failed", "error", err)
			pause(ctx, acceptRetry)
			continue
		}
		c, ok := s.admit(nc)
		if !ok {
			wg.Go(func() { turnAway(nc) })
			continue
		}
		wg.Go(c.serve)
	}
}

func (s *Server) cutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.cut()
	}
}

func turnAway(nc net.Conn) {
	_ = nc.SetWriteDeadline(time.Now().Add(farewell))
	_, _ = nc.Write([]byte("-ERR max number of clients reached\r\n"))
	_ = nc.Close()
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// admit registers a new client, unless there are too many.
func (s *Server) admit(nc net.Conn) (*conn, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counters.connections++
	if len(s.conns) >= maxConnections {
		s.counters.rejected++
		return nil, false
	}
	s.lastConnID++
	now := time.Now()
	c := &conn{
		s: s, nc: nc, id: s.lastConnID, addr: nc.RemoteAddr().String(),
		out: newOutbox(&s.used.output), created: now, lastActive: now,
		authenticated: s.password == "",
	}
	c.in.authenticated = c.authenticated
	s.conns[c.id] = c
	s.used.conns.Add(connBytes)
	return c, true
}

// forget takes a client out of everything that could write to it, and returns
// why it was disconnected; empty if it left by itself.
func (s *Server) forget(c *conn) (reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unblock(c)
	for name := range c.channels {
		s.unsubscribe(c, name)
	}
	delete(s.conns, c.id)
	s.used.conns.Add(-connBytes)
	return c.cutReason
}

// runBatch runs the commands that c has received, up to batchBytes. more means
// that there may be others.
func (s *Server) runBatch(c *conn) (more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.wakeDirty()
	defer c.flush()
	defer func() { c.buffered.Store(int64(c.in.buffered())) }()
	now := time.Now()
	for budget := c.in.buffered() - batchBytes; ; {
		if c.read != nil || c.quit || c.dead.Load() {
			return false, nil
		}
		if more = c.in.buffered() < budget || len(c.reply) > batchBytes; more {
			return true, nil
		}
		args, err := c.in.next()
		if err != nil || args == nil {
			return false, err
		}
		c.lastActive = now
		s.run(c, args)
	}
}

// wakeDirty wakes the writers of all clients that got output.
func (s *Server) wakeDirty() {
	for i, c := range s.dirty {
		c.isDirty = false
		c.out.signal()
		s.dirty[i] = nil
	}
	s.dirty = s.dirty[:0]
}

// enforce disconnects c if it is over the output limit of its class.
func (s *Server) enforce(c *conn, waiting int64) {
	limit := s.limits[c.class()]
	if !limit.reached(waiting) { // nearly always, and then the clock is not read
		c.softSince = time.Time{}
		return
	}
	over, since := limit.exceeded(waiting, c.softSince, time.Now())
	c.softSince = since
	if !over {
		return
	}
	s.counters.outputLimitDisconnections++
	c.cutReason = fmt.Sprintf("output buffer limit of class %s reached with %d bytes", c.class(), waiting)
	c.cut()
}

// watchLimits enforces the soft limits once a second, until ctx is done, and
// remembers the largest output queue.
func (s *Server) watchLimits(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		s.mu.Lock()
		peak := int64(0)
		for _, c := range s.conns {
			waiting, _ := c.out.state()
			peak = max(peak, waiting)
			if !c.dead.Load() {
				s.enforce(c, waiting)
			}
		}
		s.peakOutputs[n%peakSeconds] = peak
		s.used.notePeak()
		s.mu.Unlock()
	}
}
