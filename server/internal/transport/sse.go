package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"spillway/server/internal/lane"
)

var sse = Definition{
	Name:  "sse",
	Title: "SSE",
	Open:  openSSE,
}

// momentToWrite bounds what a heartbeat, or the reason of an end, may wait for
// room. A connection without room needs no sign of life: it has unread bytes.
const momentToWrite = time.Millisecond

// sseSink writes server-sent events (WHATWG HTML, section 9.2) in HTTP/1.1
// chunks, one event a chunk, one write an event or a batch of them. It has taken the connection
// from net/http, whose two buffers of 4 KiB and second copy it does not need,
// and which would hide where a write waits.
type sseSink struct {
	conn      net.Conn
	heartbeat time.Duration // of silence before a sign of life
	leave     context.CancelFunc
	gone      chan struct{} // closed when the goroutine that watches the reader has ended

	mu     sync.Mutex // held while writing
	events            // the text being written
	owed   []byte     // end of a heartbeat for which there was no room; it goes first
	one    [1]lane.Message
	spoken time.Time // when the last write ended
	bound  *binding  // of the last Send; nil before the first
}

// openSSE hijacks the connection, answers, and sends the first event. It starts
// one goroutine that notices when the reader leaves; Close waits for it.
func openSSE(w http.ResponseWriter, r *http.Request, o Options) (Sink, context.Context, error) {
	if Multiplexed(r) {
		return openHTTP2(w, r, o)
	}
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
	conn = plainOrSecure(conn)
	conn.SetDeadline(time.Time{}) // net/http's may still be set

	ctx, leave := context.WithCancel(context.WithoutCancel(r.Context()))
	s := &sseSink{
		conn: conn, events: newEvents(o), heartbeat: o.Heartbeat,
		leave: leave, gone: make(chan struct{}),
	}
	s.chunked = r.ProtoAtLeast(1, 1)
	s.buf = appendHead(s.buf, s.chunked, o.Origin)
	s.appendReady(o.Ready)
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
	s.one[0] = m
	defer func() { s.one[0] = lane.Message{} }() // the payload must not outlive its delivery
	return s.sendAll(ctx, s.one[:])
}

// SendAll is Send with all events in one write. While it waits for room it holds
// their encoding, which is as long as they are.
func (s *sseSink) SendAll(ctx context.Context, ms []lane.Message) error {
	if len(ms) == 0 {
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sendAll(ctx, ms)
}

func (s *sseSink) sendAll(ctx context.Context, ms []lane.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.bound = s.bound.to(ctx, s)
	s.bound.sending.Store(true)
	defer s.bound.sending.Store(false)
	if err := ctx.Err(); err != nil { // it ended before sending was set: nobody cuts
		return err
	}
	s.buf = append(s.buf[:0], s.owed...)
	s.owed = s.owed[:0]
	missing := s.appendMessages(ms)
	s.stats.Writing(time.Now())
	_, err := s.flush()
	s.stats.Wrote()
	s.shrink()
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("write event %d: %w", ms[0].Seq, err)
	}
	s.delivered(ms, missing)
	return nil
}

func (s *sseSink) cut() { s.conn.Close() }

// flush writes buf in one system call and as many more as the kernel makes of
// it.
func (s *sseSink) flush() (n int, err error) {
	n, err = s.conn.Write(s.buf)
	s.spoken = time.Now()
	if err == nil || n > 0 { // a heartbeat cut short goes on with the next write
		s.stats.Sent(s.text)
	}
	s.text = 0
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
	s.conn.SetWriteDeadline(time.Now().Add(momentToWrite))
	defer s.conn.SetWriteDeadline(time.Time{})
	s.buf = append(s.buf[:0], s.owed...)
	if len(s.owed) == 0 {
		s.appendHeartbeat()
	}
	n, err := s.flush()
	if n > 0 {
		s.owed = append(s.owed[:0], s.buf[n:]...)
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		s.conn.Close()
	}
}

// CloseWith sends the event "close" with the reason, unless a Send is under way
// or there is no room for it, and closes. A reader that was told may come back:
// the event has no id, so its last one stays.
func (s *sseSink) CloseWith(reason string) error {
	if s.mu.TryLock() {
		s.buf = append(s.buf[:0], s.owed...)
		s.owed = s.owed[:0]
		s.appendClose(reason)
		s.conn.SetWriteDeadline(time.Now().Add(momentToWrite))
		s.flush() //nolint:errcheck // the connection ends either way
		s.mu.Unlock()
	}
	return s.Close()
}

// Close ends the connection. It waits for the goroutine that watches it.
func (s *sseSink) Close() error {
	err := s.conn.Close()
	<-s.gone
	return err
}
