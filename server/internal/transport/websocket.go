package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"spillway/server/internal/lane"
)

var webSocket = Definition{
	Name:  "websocket",
	Title: "WebSocket",
	Open: func(w http.ResponseWriter, r *http.Request, o Options) (Sink, context.Context, error) {
		return openSocket(w, r, o, nil)
	},
}

var webSocketDemand = Definition{
	Name:  "websocket-demand",
	Title: "WebSocket with demand",
	Open: func(w http.ResponseWriter, r *http.Request, o Options) (Sink, context.Context, error) {
		return openSocket(w, r, o, newDemand())
	},
}

// socketSink writes the same event text as SSE, in WebSocket text messages (RFC
// 6455), one message a write. It makes the frames itself: those of a server have
// no mask, so a message that many readers get is the same bytes for all, and a
// ping for which there is no room can go on later. The handshake, and what the
// reader sends, are gorilla's.
//
// Two goroutines meet here. Whoever sends holds mu while the write waits for
// room. The one that watches reads what the reader sends: pongs, pings, demand,
// the end. It never waits for the first, or a reader that asks for more while
// it does not read would not be heard.
type socketSink struct {
	line
	ws     *websocket.Conn
	asked  *demand                // nil without demand
	pong   atomic.Pointer[string] // payload of the last ping that is not answered (RFC 6455, section 5.5.3)
	bye    atomic.Pointer[goodbye]
	pinged atomic.Int64 // when a ping was written that is not answered, Unix nanoseconds; 0: none, or events came after it
	silent func(conn net.Conn, since time.Duration) bool
}

func openSocket(w http.ResponseWriter, r *http.Request, o Options, asked *demand) (Sink, context.Context, error) {
	if !websocket.IsWebSocketUpgrade(r) {
		h := w.Header()
		h.Set("Connection", "Upgrade") // RFC 9110, section 15.5.22
		h.Set("Upgrade", "websocket")
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusUpgradeRequired)
		fmt.Fprintf(w, "this stream is a WebSocket; to read it with curl, ask for it as text: %s\n", asText(r))
		return nil, nil, fmt.Errorf("open WebSocket of %s: %w", r.RemoteAddr, errors.New("not a WebSocket handshake"))
	}
	shake := &handshake{ResponseWriter: w}
	ws, err := upgrader.Upgrade(shake, r, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("open WebSocket of %s: %w", r.RemoteAddr, err)
	}
	conn := shake.conn
	if err := setSendBuffer(conn.Conn, o.SendBufferBytes); err != nil {
		conn.Conn.Close()
		return nil, nil, err
	}
	ctx, leave := context.WithCancelCause(context.WithoutCancel(r.Context()))
	s := &socketSink{
		line: line{conn: conn.Conn, heartbeat: o.Heartbeat, leave: leave, gone: make(chan struct{}), events: newEvents(o), ahead: newAhead(conn.Conn), kernel: watched(conn.Conn)},
		ws:   ws, asked: asked, silent: silent,
	}
	s.framed = true
	s.begin(conn.wrote) // the answer of the handshake
	conn.wrote = nil
	s.appendReady(o.Ready)
	if _, err := s.write(s.seal()); err != nil {
		leave(err)
		conn.Conn.Close()
		return nil, nil, fmt.Errorf("write first event: %w", err)
	}
	s.buf = nil // what an idle reader needs for the first event it does not need again
	go s.watch(conn)
	return s, ctx, nil
}

// asText is a command that reads the same stream without WebSocket.
func asText(r *http.Request) string {
	query := r.URL.Query()
	query.Set("transport", sse.Name)
	curl := "curl -N 'http://"
	if r.TLS != nil {
		curl = "curl -Nk 'https://" // the certificate is the lane's own
	}
	return curl + r.Host + r.URL.Path + "?" + query.Encode() + "'"
}

// Send is that of a line, and writes afterwards what has become due meanwhile.
func (s *socketSink) Send(ctx context.Context, m lane.Message) error {
	defer s.sent()
	return s.line.Send(ctx, m)
}

// SendAll is Send with all events in one message.
func (s *socketSink) SendAll(ctx context.Context, ms []lane.Message) error {
	defer s.sent()
	return s.line.SendAll(ctx, ms)
}

// TrySend is that of a line. Where the line takes nothing this costs a look at
// what is due.
func (s *socketSink) TrySend(r *lane.Round, now time.Time) int {
	n := s.line.TrySend(r, now)
	if n > 0 {
		s.pinged.Store(0)
	}
	s.answer()
	return n
}

func (s *socketSink) sent() {
	s.pinged.Store(0)
	s.answer()
}

// Requests carries the demand of the reader. It is closed when the reader
// cancels; then the connection ends too.
func (s *socketSink) Requests() <-chan int {
	if s.asked == nil {
		return nil
	}
	return s.asked.requests
}
