package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"spillway/server/internal/kernel"
	"spillway/server/internal/lane"
)

var sseHTTP2 = Definition{
	Name:   "sse-http2",
	Title:  "SSE over HTTP/2",
	Secure: true,
	Open:   openSSEHTTP2,
}

const (
	// MaxStreams bounds the streams of one connection (RFC 9113, section 5.1.2,
	// SETTINGS_MAX_CONCURRENT_STREAMS): as many readers as a scenario may have in a
	// lane, and its tabs. One more waits in the client until another has ended.
	MaxStreams = 512
	// momentToTell bounds how long the reason of an end may wait for room. It is
	// the reader's own goroutine that waits, and other goroutines must run first.
	momentToTell = 100 * time.Millisecond
	// cutPatience is how long a stream that was reset may still be writing, before
	// its whole connection is closed: the reset itself needs room in the kernel.
	cutPatience = time.Second
)

// http2Sink writes server-sent events into one stream of an HTTP/2 connection
// that others may share (RFC 9113). Two windows of credit let a write through,
// the stream's and the connection's (sections 5.2 and 6.9), and the reader opens
// both as it consumes. Send blocks while either is shut. So where all streams
// share a connection, readers that have stopped use up the connection's window,
// and one that has not is stopped with them.
//
// Between a Send that returned and the reader lie
//
//   - 4 KiB in net/http's writer for the stream (handlerChunkBytes), emptied
//     before Send returns;
//   - 4 KiB in its writer for the connection, and one TLS record, likewise;
//   - the kernel's two buffers, which a client empties at once, whoever reads or
//     not: its queues read 0 while everything stands still;
//   - what the client has read and its reader has not, as much as the window of
//     the stream. In Chromium that is 6 MiB for each stream and 15 MiB for all.
//
// A Send that waits for credit holds its encoding. Beside it net/http's scheduler
// (round robin over streams that have credit) keeps nothing but a reference.
type http2Sink struct {
	w         http.ResponseWriter
	control   *http.ResponseController
	conn      net.Conn      // under all streams of this reader; nil where ConnContext was not used
	heartbeat time.Duration // of silence before a sign of life
	gone      context.Context
	leave     context.CancelFunc

	turn chan struct{} // holds one: who writes; Close keeps it
	events
	spoken time.Time // when the last write ended
	bound  *binding  // of the last Send; nil before the first

	end   sync.Once
	mu    sync.Mutex // guards what follows
	over  bool       // cut, or told why it ends: no deadline is set any more
	grace *time.Timer
}

func openSSEHTTP2(w http.ResponseWriter, r *http.Request, o Options) (Sink, context.Context, error) {
	if r.ProtoMajor == 2 {
		return openHTTP2(w, r, o)
	}
	if r.TLS != nil { // it could have had HTTP/2 and wanted none
		return openSSE(w, r, o)
	}
	http.Error(w, "this lane has no TLS, and without it there is no HTTP/2", http.StatusBadRequest)
	return nil, nil, fmt.Errorf("open stream of %s: %w", r.RemoteAddr, errors.New("not HTTP/2"))
}

// openHTTP2 answers and sends the first event. The handler of the request must
// not return before Close has. It starts no goroutine.
func openHTTP2(w http.ResponseWriter, r *http.Request, o Options) (Sink, context.Context, error) {
	conn := connOf(r.Context())
	if err := setSendBuffer(conn, o.SendBufferBytes); err != nil { // of all its streams
		return nil, nil, err
	}
	ctx, leave := context.WithCancel(r.Context())
	s := &http2Sink{
		w: w, control: http.NewResponseController(w), conn: conn, heartbeat: o.Heartbeat,
		gone: ctx, leave: leave, turn: make(chan struct{}, 1), events: newEvents(o),
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store, no-transform") // as appendHead says
	h.Set("X-Accel-Buffering", "no")
	if o.Origin != "" {
		h.Set("Access-Control-Allow-Origin", o.Origin)
		h.Set("Vary", "Origin")
	}
	s.appendReady(o.Ready)
	if err := s.flush(); err != nil {
		leave()
		return nil, nil, fmt.Errorf("write first event: %w", err)
	}
	return s, ctx, nil
}

// Send blocks while a window is shut. When it returns nil the event is with the
// kernel, or about to be. The end of ctx during a Send resets the stream.
func (s *http2Sink) Send(ctx context.Context, m lane.Message) error {
	ms := [1]lane.Message{m}
	return s.SendAll(ctx, ms[:])
}

// SendAll is Send with all events in one write. While it waits for credit it
// holds their encoding, which is as long as they are.
func (s *http2Sink) SendAll(ctx context.Context, ms []lane.Message) error {
	if err := ctx.Err(); err != nil || len(ms) == 0 {
		return err
	}
	s.stats.Writing(time.Now()) // a heartbeat may wait for credit already
	defer s.stats.Wrote()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	case <-s.gone.Done():
		return fmt.Errorf("write event %d: %w", ms[0].Seq, net.ErrClosed)
	}
	s.bound = s.bound.to(ctx, s)
	s.bound.sending.Store(true)
	defer s.bound.sending.Store(false)
	if err := ctx.Err(); err != nil { // it ended before sending was set: nobody cuts
		return err
	}
	s.buf = s.buf[:0]
	missing := s.appendMessages(ms)
	err := s.flush()
	s.shrink()
	switch {
	case err == nil:
		s.delivered(ms, missing)
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case s.gone.Err() != nil:
		err = errors.Join(net.ErrClosed, err)
	}
	return fmt.Errorf("write event %d: %w", ms[0].Seq, err)
}

// flush writes buf, in frames as large as the client takes them (16 KiB unless
// it says otherwise, section 6.5.2) and as its windows allow.
func (s *http2Sink) flush() error {
	_, err := s.w.Write(s.buf)
	if err == nil {
		err = s.control.Flush()
	}
	s.spoken = time.Now()
	if err == nil {
		s.stats.Sent(s.text)
	}
	s.text = 0
	return err
}

// cut resets the stream, which ends a write that waits for credit. A write that
// waits for the kernel ends with the connection.
func (s *http2Sink) cut() {
	s.leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return
	}
	s.over = true
	s.control.SetWriteDeadline(time.Unix(1, 0)) //nolint:errcheck // a stream has deadlines
	if s.conn != nil {
		s.grace = time.AfterFunc(cutPatience, func() { s.conn.Close() })
	}
}

func (s *http2Sink) Requests() <-chan int { return nil }

// Kernel knows the connection, not the streams on it.
func (s *http2Sink) Kernel(time.Time) (kernel.Info, error) {
	return kernel.Info{}, kernel.ErrNotVisible
}

// Heartbeat has a comment written after a silence, unless something is being
// written. It does not wait: a goroutine writes, and Close waits for that one.
// Whether there is credit cannot be seen from here, and a deadline would cost
// the stream.
func (s *http2Sink) Heartbeat(now time.Time) {
	select {
	case s.turn <- struct{}{}:
	default:
		return
	}
	if now.Sub(s.spoken) < s.heartbeat {
		<-s.turn
		return
	}
	go func() {
		defer func() { <-s.turn }()
		s.buf = s.buf[:0]
		s.appendHeartbeat()
		s.flush() //nolint:errcheck // the context of the request ends with the stream
	}()
}

// CloseWith sends the event "close" with the reason, unless something is being
// written or there is no credit for it, and ends the stream.
func (s *http2Sink) CloseWith(reason string) error {
	select {
	case s.turn <- struct{}{}:
		s.tell(reason)
		<-s.turn
	default:
	}
	return s.Close()
}

// tell writes the reason. Where that goes well the stream is not reset, because
// a client may throw away what it has of a stream that was.
func (s *http2Sink) tell(reason string) {
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return
	}
	s.control.SetWriteDeadline(time.Now().Add(momentToTell)) //nolint:errcheck // a stream has deadlines
	s.mu.Unlock()
	s.buf = s.buf[:0]
	s.appendClose(reason)
	if s.flush() == nil {
		s.mu.Lock()
		s.over = true
		s.mu.Unlock()
	}
}

// Close ends the stream and waits for what is being written to end. The handler
// may return then.
func (s *http2Sink) Close() error {
	s.cut()
	s.end.Do(func() {
		s.turn <- struct{}{}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.grace != nil {
			s.grace.Stop()
		}
	})
	return nil
}
