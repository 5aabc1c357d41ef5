package broker

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

const (
	// batchBytes of input, or of replies, are handled before the lock is let go,
	// so that one client's long pipeline does not keep the others waiting.
	batchBytes = 64 << 10
	// farewell bounds how long a connection that is being closed waits for the
	// client to read its last replies.
	farewell = time.Second
)

// conn is one client. Its reading goroutine decodes and runs commands, its
// writing goroutine empties out.
type conn struct {
	s    *Server
	nc   net.Conn
	id   int64
	addr string
	out  *outbox
	dead atomic.Bool // it has been cut off; its commands are not run any more

	in       decoder // used by the reading goroutine only
	buffered atomic.Int64
	reserved atomic.Int64 // capacity of the input buffer, as accounted

	// The rest is guarded by Server.mu.
	reply         []byte // of the commands run in this batch
	name          string
	authenticated bool
	resp3         bool
	quit          bool // end when the replies are written
	isDirty       bool
	created       time.Time
	lastActive    time.Time
	lastCommand   string
	softSince     time.Time
	cutReason     string // for the log, which is written without the lock
	channels      map[string]*channel
	read          *blockedRead // the XREAD it is blocked in
}

// serve runs the client until it leaves, breaks the protocol or is cut off, and
// returns when both goroutines have ended.
func (c *conn) serve() {
	written := make(chan struct{})
	go func() {
		defer close(written)
		c.write()
	}()
	if err := c.receive(); err != nil {
		c.refuse(err)
	}
	if reason := c.s.forget(c); reason != "" {
		c.s.log.Warn("client disconnected", "addr", c.addr, "id", c.id, "name", c.name, "reason", reason)
	}
	_ = c.nc.SetWriteDeadline(time.Now().Add(farewell))
	c.out.end()
	<-written
	c.out.close()
	_ = c.nc.Close()
	c.s.used.input.Add(-c.reserved.Swap(0))
}

// receive reads and runs commands. It returns nil when the client has left, has
// asked to, or has been cut off.
func (c *conn) receive() error {
	for {
		err := c.in.fill(c.nc)
		c.account()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			c.s.expire(c)
		case errors.Is(err, errInputLimit):
			return err
		case err != nil:
			return nil
		}
		for more := true; more; {
			if more, err = c.s.runBatch(c); err != nil {
				return err
			}
		}
		if c.dead.Load() || c.quit {
			return nil
		}
	}
}

// account keeps the size of the input buffer in used_memory.
func (c *conn) account() {
	c.buffered.Store(int64(c.in.buffered()))
	size := int64(cap(c.in.buf))
	if old := c.reserved.Swap(size); old != size {
		c.s.used.input.Add(size - old)
	}
}

// refuse tells the client what was wrong with its input, if Redis would.
func (c *conn) refuse(err error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.cutReason = err.Error()
	var malformed protocolError
	if !errors.As(err, &malformed) {
		c.s.counters.queryLimitDisconnections++
		return
	}
	c.error("ERR " + malformed.Error())
	c.flush()
	c.s.wakeDirty()
}

// write moves the output queue to the socket. It is the only place that waits
// for the client.
func (c *conn) write() {
	var batch net.Buffers
	for {
		taken, size, ok := c.out.take(batch[:0])
		if !ok {
			return
		}
		batch = taken
		n, err := taken.WriteTo(c.nc) // empties taken, whose array batch keeps
		c.s.used.sent.Add(n)
		if err != nil {
			c.cut()
			return
		}
		c.out.written(size)
	}
}

// flush moves the replies collected so far to the output queue.
func (c *conn) flush() {
	if len(c.reply) > 0 {
		reply := c.reply
		c.reply = nil
		c.enqueue(reply)
	}
}

// send puts a piece that is not a reply to the running command, such as a
// published message, behind the replies collected so far.
func (c *conn) send(piece []byte) {
	c.flush()
	c.enqueue(piece)
}

func (c *conn) enqueue(piece []byte) {
	if c.dead.Load() {
		return
	}
	waiting := c.out.put(piece)
	if !c.isDirty {
		c.isDirty = true
		c.s.dirty = append(c.s.dirty, c)
	}
	c.s.enforce(c, waiting)
}

// cut disconnects the client at once; what waits for it is dropped. Its reading
// goroutine notices and cleans up.
func (c *conn) cut() {
	c.dead.Store(true)
	c.out.close()
	_ = c.nc.Close()
}

func (c *conn) class() class {
	if len(c.channels) > 0 {
		return classPubSub
	}
	return classNormal
}
