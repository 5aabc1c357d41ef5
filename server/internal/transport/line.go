package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"spillway/server/internal/kernel"
	"spillway/server/internal/lane"
)

// momentToWrite bounds what a sign of life, or the reason of an end, may wait for
// room. A connection without room needs no sign of life: it has unread bytes.
const momentToWrite = time.Millisecond

// line writes events to a connection of one reader's own, one write an event or
// a batch of them. It has taken the connection from net/http, whose two buffers
// of 4 KiB and second copy it does not need, and which would hide where a write
// waits.
type line struct {
	conn      net.Conn
	heartbeat time.Duration // of silence before a sign of life
	leave     context.CancelCauseFunc
	gone      chan struct{} // closed when nobody watches the reader any more
	watchID   uint64        // with those that are watched together; 0: it has a goroutine of its own

	mu     sync.Mutex // held while writing
	events            // the text being written
	owed   []byte     // end of what there was no room for, of a sign of life or of TrySend; it goes first
	begun  begun      // of TrySend
	one    [1]lane.Message
	spoken time.Time // when the last write ended
	bound  *binding  // of the last Send; nil before the first
	ahead  *ahead    // nil where a write always waits for room

	kernel *kernel.Conn // nil where the system cannot be asked; it has a lock of its own
	ended  bool         // the reader was told the end: nothing may follow

	unheard time.Duration // for how long the other machine owed an answer when that was first seen; 0: it does not. See dead
}

// setSendBuffer asks the kernel for a send buffer; 0 leaves its default.
func setSendBuffer(conn net.Conn, size int) error {
	if tcp, ok := beneath(conn).(*net.TCPConn); ok && size > 0 {
		if err := tcp.SetWriteBuffer(size); err != nil {
			return fmt.Errorf("set send buffer: %w", err)
		}
	}
	return nil
}

// beneath is the connection that the kernel knows.
func beneath(conn net.Conn) net.Conn {
	if secure, ok := conn.(secureConn); ok {
		return secure.NetConn()
	}
	return Beneath(conn)
}

// Send blocks while the kernel has no room for the event. When it returns nil
// the event is in the send buffer. The end of ctx during a Send cuts the
// connection: half an event cannot be taken back.
func (l *line) Send(ctx context.Context, m lane.Message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.one[0] = m
	defer func() { l.one[0] = lane.Message{} }() // the payload must not outlive its delivery
	return l.sendAll(ctx, l.one[:])
}

// SendAll is Send with all events in one write. Where they need a head around
// them it holds their encoding while it waits for room, which is as long as they
// are; else that of one event.
func (l *line) SendAll(ctx context.Context, ms []lane.Message) error {
	if len(ms) == 0 {
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sendAll(ctx, ms)
}

func (l *line) sendAll(ctx context.Context, ms []lane.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.ended {
		return fmt.Errorf("write event %d: %w", ms[0].Seq, net.ErrClosed)
	}
	l.bound = l.bound.to(ctx, l)
	l.bound.sending.Store(true)
	defer l.bound.sending.Store(false)
	if err := ctx.Err(); err != nil { // it ended before sending was set: nobody cuts
		return err
	}
	ms, err := l.finish(ms)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("write what was begun: %w", err)
	}
	apart := l.goesAhead()
	for rest, first := ms, true; len(rest) > 0; first = false {
		n, err := len(rest), error(nil)
		l.stats.Writing(time.Now())
		switch {
		case apart && first && n > 1:
			n, err = l.sendAhead(rest)
		case apart: // there was no room for all: one by one
			n, err = 1, l.sendTogether(rest[:1])
		default:
			err = l.sendTogether(rest)
		}
		l.stats.Wrote()
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("write event %d: %w", rest[0].Seq, err)
		}
		rest = rest[n:]
	}
	return nil
}

// sendTogether waits until the kernel has taken all events.
func (l *line) sendTogether(ms []lane.Message) error {
	b, missing := l.encode(ms)
	_, err := l.write(b)
	l.shrink()
	if err == nil {
		l.delivered(ms, missing)
	}
	return err
}

// encode returns the bytes of one write: what is owed, and the events.
func (l *line) encode(ms []lane.Message) (b []byte, missing uint64) {
	if len(ms) == 1 && len(l.owed) == 0 {
		if b := l.once(ms[0]); b != nil {
			return b, 0
		}
	}
	l.begin(l.owed)
	l.owed = l.owed[:0]
	missing = l.appendMessages(ms)
	return l.seal(), missing
}

func (l *line) cut() { l.hangUp() }

// hangUp ends the connection, and the watch of the reader: nobody sees that this
// end has closed.
func (l *line) hangUp() error {
	err := l.conn.Close()
	l.forget()
	return err
}

// Kernel waits for nobody, whoever writes.
func (l *line) Kernel(now time.Time) (kernel.Info, error) {
	if l.kernel == nil {
		return kernel.Info{}, kernel.ErrNotVisible
	}
	return l.kernel.Read(now)
}

// watched is the connection as the kernel knows it; nil where it cannot be asked.
func watched(conn net.Conn) *kernel.Conn {
	k, err := kernel.Of(beneath(conn))
	if err != nil {
		return nil
	}
	return k
}

// write writes in one system call and as many more as the kernel makes of it.
func (l *line) write(b []byte) (n int, err error) {
	n, err = l.conn.Write(b)
	l.spoken = time.Now()
	if err == nil || n > 0 { // a heartbeat cut short goes on with the next write
		l.stats.Sent(l.text)
	}
	l.text = 0
	return n, err
}

// writeOrOwe writes what fits within a moment, and owes the rest unless nothing
// did and nothing was owed. It reports whether all is written. A broken
// connection it closes. Under TLS it writes nothing where there seems to be no
// room: a record that is cut short breaks it for good.
func (l *line) writeOrOwe(b []byte) bool {
	if _, secure := l.conn.(secureConn); secure && unsent(l.conn) {
		l.text = 0
		return false
	}
	l.conn.SetWriteDeadline(time.Now().Add(momentToWrite))
	defer l.conn.SetWriteDeadline(time.Time{})
	n, err := l.write(b)
	if n > 0 || len(l.owed) > 0 {
		l.owed = append(l.owed[:0], b[n:]...)
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		l.hangUp() //nolint:errcheck // it is broken
	}
	return err == nil
}

// Close ends the connection. It waits for the goroutine that watches it, if it
// has one of its own.
func (l *line) Close() error {
	err := l.hangUp()
	<-l.gone
	return err
}
