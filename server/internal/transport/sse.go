package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

var sse = Definition{
	Name:  "sse",
	Title: "SSE",
	Open:  openSSE,
}

// sseSink writes server-sent events (WHATWG HTML, section 9.2) in HTTP/1.1
// chunks, one event a chunk.
type sseSink struct{ line }

// openSSE hijacks the connection, answers, and sends the first event. Where the
// reader is not watched together with others it starts a goroutine that notices
// when it leaves, and Close waits for that.
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
	if err := setSendBuffer(conn, o.SendBufferBytes); err != nil {
		conn.Close()
		return nil, nil, err
	}
	conn = plainOrSecure(conn)
	conn.SetDeadline(time.Time{}) // net/http's may still be set

	ctx, leave := context.WithCancelCause(context.WithoutCancel(r.Context()))
	s := &sseSink{line{conn: conn, heartbeat: o.Heartbeat, leave: leave, gone: make(chan struct{}), events: newEvents(o), ahead: newAhead(conn), kernel: watched(conn)}}
	s.chunked = r.ProtoAtLeast(1, 1)
	s.buf = appendHead(s.buf, s.chunked, o.Origin)
	s.appendReady(o.Ready)
	if _, err := s.write(s.buf); err != nil {
		leave(err)
		conn.Close()
		return nil, nil, fmt.Errorf("write first event: %w", err)
	}
	s.buf = nil // what an idle reader needs for the first event it does not need again
	if !watchTogether(&s.line) {
		go s.watch()
	}
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
	defer s.leave(nil)
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

func (s *sseSink) Requests() <-chan int { return nil }

// Heartbeat writes a comment after a silence, unless a Send is under way, and
// ends a connection whose other machine is gone.
func (s *sseSink) Heartbeat(now time.Time) {
	if s.dead() {
		s.Close() //nolint:errcheck // nobody is there to lose anything
		return
	}
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	if now.Sub(s.spoken) < s.heartbeat {
		return
	}
	s.begin(s.owed)
	if len(s.owed) == 0 {
		s.appendHeartbeat()
	}
	s.writeOrOwe(s.seal())
}

// CloseWith sends the event "close" with the reason, unless a Send is under way
// or there is no room for it, and closes. A reader that was told may come back:
// the event has no id, so its last one stays.
func (s *sseSink) CloseWith(reason string) error {
	if s.mu.TryLock() {
		s.begin(s.owed)
		s.appendClose(reason)
		s.writeOrOwe(s.seal())
		s.mu.Unlock()
	}
	return s.Close()
}
