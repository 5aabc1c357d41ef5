package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"spillway/server/internal/lane"
)

var sse = Definition{
	Name:  "sse",
	Title: "SSE",
	Open:  openSSE,
}

// heartbeatWait bounds what a heartbeat may wait for room. A connection without
// room needs no sign of life: it has unread bytes.
const heartbeatWait = time.Millisecond

// sseSink writes server-sent events (WHATWG HTML, section 9.2) in HTTP/1.1
// chunks, one event a chunk, one write an event. It has taken the connection
// from net/http, whose two buffers of 4 KiB and second copy it does not need,
// and which would hide where a write waits.
type sseSink struct {
	conn      net.Conn
	stats     *lane.Stats
	chunked   bool          // HTTP/1.0, which nginx speaks upstream by default, has no chunks
	heartbeat time.Duration // of silence before a sign of life
	leave     context.CancelFunc
	gone      chan struct{} // closed when the goroutine that watches the reader has ended

	mu     sync.Mutex // held while writing
	buf    []byte     // the event being written, reused
	owed   []byte     // end of a heartbeat for which there was no room; it goes first
	last   uint64     // sequence written last, to tell the reader about holes
	spoken time.Time  // when the last write ended
	bound  *binding   // of the last Send; nil before the first
}

// openSSE hijacks the connection, answers, and sends the first event. It starts
// one goroutine that notices when the reader leaves; Close waits for it.
func openSSE(w http.ResponseWriter, r *http.Request, o Options) (Sink, context.Context, error) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, "this connection cannot stream", http.StatusInternalServerError)
		return nil, nil, fmt.Errorf("take over connection of %s: %w", r.RemoteAddr, err)
	}
	if rw.Reader.Buffered() > 0 { // a pipelined request or a body: not a reader of events
		conn.Close()
		return nil, nil, fmt.Errorf("take over connection of %s: %w", r.RemoteAddr, errors.New("unexpected bytes behind the request"))
	}
	if tcp, ok := conn.(*net.TCPConn); ok && o.SendBufferBytes > 0 {
		if err := tcp.SetWriteBuffer(o.SendBufferBytes); err != nil {
			conn.Close()
			return nil, nil, fmt.Errorf("set send buffer: %w", err)
		}
	}
	conn.SetDeadline(time.Time{}) // net/http's may still be set

	ctx, leave := context.WithCancel(context.WithoutCancel(r.Context()))
	s := &sseSink{
		conn: conn, stats: o.Stats, chunked: r.ProtoAtLeast(1, 1), heartbeat: o.Heartbeat,
		leave: leave, gone: make(chan struct{}), last: o.Last,
	}
	s.buf = appendHead(s.buf, s.chunked, o.Origin)
	s.appendEvent("retry: 1000\nevent: ready\ndata: ", o.Ready, "\n\n")
	if _, err := s.flush(); err != nil {
		leave()
		conn.Close()
		return nil, nil, fmt.Errorf("write first event: %w", err)
	}
	go s.watch()
	return s, ctx, nil
}

// appendHead is written by hand because the connection is no longer net/http's.
//
// no-store is what makes a browser push back: Chromium reads the body of any
// other answer ahead into 64 MiB of the tab (BufferingBytesConsumer), and the
// lane would feel a slow tab only after that; with it 2 MiB lie in its pipe.
// no-transform and X-Accel-Buffering keep proxies (nginx) from collecting what
// must arrive at once.
func appendHead(b []byte, chunked bool, origin string) []byte {
	b = append(b, "HTTP/1.1 200 OK\r\n"+
		"Content-Type: text/event-stream; charset=utf-8\r\n"+
		"Cache-Control: no-store, no-transform\r\n"+
		"X-Accel-Buffering: no\r\n"+
		"Connection: close\r\n"...)
	if chunked {
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	if origin != "" {
		b = append(b, "Access-Control-Allow-Origin: "...)
		b = append(b, origin...)
		b = append(b, "\r\nVary: Origin\r\n"...)
	}
	return append(b, "\r\n"...)
}

// watch reads what a reader of events never sends, until the connection ends.
func (s *sseSink) watch() {
	defer close(s.gone)
	defer s.leave()
	var discard [64]byte
	for {
		if _, err := s.conn.Read(discard[:]); err != nil {
			// A Send may be blocked on a connection whose other end has gone
			// without a reset.
			s.conn.Close()
			return
		}
	}
}

// Send blocks while the kernel has no room for the event. When it returns nil
// the event is in the send buffer. The end of ctx during a Send cuts the
// connection: half an event cannot be taken back.
func (s *sseSink) Send(ctx context.Context, m lane.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	b := s.bind(ctx)
	b.sending.Store(true)
	defer b.sending.Store(false)
	if err := ctx.Err(); err != nil { // it ended before sending was set: nobody cuts
		return err
	}
	s.buf = append(s.buf[:0], s.owed...)
	s.owed = s.owed[:0]
	var missing uint64
	if s.last != 0 && m.Seq > s.last+1 {
		missing = m.Seq - s.last - 1
		s.appendGap(s.last+1, m.Seq-1)
	}
	var id [20]byte // the longest uint64
	s.appendEvent("id: ", string(strconv.AppendUint(id[:0], m.Seq, 10)), "\ndata: ", m.Data, "\n\n")
	s.stats.Writing(time.Now())
	_, err := s.flush()
	s.stats.Wrote()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("write event %d: %w", m.Seq, err)
	}
	s.last = m.Seq
	s.stats.Gap(missing)
	s.stats.Deliver(m)
	return nil
}

// binding is a context whose end cuts the Sends that were given it.
type binding struct {
	done    <-chan struct{} // of the context
	sending atomic.Bool     // one of its Sends is under way
	unbind  func() bool
}

// bind returns the binding of ctx. Sends come with the same one over and over;
// then this costs a comparison.
func (s *sseSink) bind(ctx context.Context) *binding {
	done := ctx.Done()
	if s.bound != nil {
		if s.bound.done == done {
			return s.bound
		}
		s.bound.unbind()
	}
	b := &binding{done: done}
	b.unbind = context.AfterFunc(ctx, func() {
		if b.sending.Load() {
			s.conn.Close()
		}
	})
	s.bound = b
	return b
}

// appendGap tells the reader which messages it will never get.
func (s *sseSink) appendGap(from, to uint64) {
	s.appendEvent("event: gap\ndata: {\"from\":", strconv.FormatUint(from, 10),
		",\"to\":", strconv.FormatUint(to, 10), "}\n\n")
}

// appendEvent appends one event made of parts, as one HTTP/1.1 chunk (RFC 9112,
// section 7.1) where the reader speaks that.
func (s *sseSink) appendEvent(parts ...string) {
	b := s.buf
	if s.chunked {
		size := 0
		for _, p := range parts {
			size += len(p)
		}
		b = strconv.AppendInt(b, int64(size), 16)
		b = append(b, "\r\n"...)
	}
	for _, p := range parts {
		b = append(b, p...)
	}
	if s.chunked {
		b = append(b, "\r\n"...)
	}
	s.buf = b
}

// flush writes buf in one system call and as many more as the kernel makes of
// it.
func (s *sseSink) flush() (n int, err error) {
	n, err = s.conn.Write(s.buf)
	s.spoken = time.Now()
	return n, err
}

func (s *sseSink) Requests() <-chan int { return nil }

// Heartbeat writes a comment after a silence, unless a Send is under way.
func (s *sseSink) Heartbeat(now time.Time) {
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	if now.Sub(s.spoken) < s.heartbeat {
		return
	}
	s.conn.SetWriteDeadline(time.Now().Add(heartbeatWait))
	defer s.conn.SetWriteDeadline(time.Time{})
	s.buf = append(s.buf[:0], s.owed...)
	if len(s.owed) == 0 {
		s.appendEvent(": still here\n\n")
	}
	n, err := s.flush()
	if n > 0 {
		s.owed = append(s.owed[:0], s.buf[n:]...)
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		s.conn.Close()
	}
}

// Close ends the connection. It waits for the goroutine that watches it.
func (s *sseSink) Close() error {
	err := s.conn.Close()
	<-s.gone
	return err
}
