package soak

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

const (
	bufferBytes  = 4096 // SO_RCVBUF, and what lies between the socket and the account
	segmentBytes = 1400 // TCP_MAXSEG
	// answerWait bounds connecting, and then the wait for the answer. A lane that
	// was just started on a busy machine takes its time.
	answerWait = 10 * time.Second
)

// link is one connection of a reader: the text of its events, and how it ends.
type link struct {
	io.Reader
	conn  net.Conn
	asked *reader.Window  // nil without demand
	ws    *websocket.Conn // with demand
	over  sync.Once
}

// ask is what a reader asks a lane for.
type ask struct {
	addr    string // host:port of the lane
	channel string
	id      uint64 // of the connection, in the lane's reports
	last    string // id of the last event; empty: from now on
	demand  bool   // over a WebSocket with demand; else server-sent events
}

func (a ask) url(scheme string) *url.URL {
	q := url.Values{"reader": {a.channel}, "tab": {fmt.Sprint(a.id)}}
	if a.last != "" {
		q.Set("last", a.last)
	}
	return &url.URL{Scheme: scheme, Host: a.addr, Path: "/stream", RawQuery: q.Encode()}
}

// dial connects and blocks until the lane has answered, or ctx is done.
func dial(ctx context.Context, a ask) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	if a.demand {
		return dialSocket(ctx, a)
	}
	return dialEvents(ctx, a)
}

var dialer = net.Dialer{Control: narrow, KeepAlive: -1} // signs of life are the lane's matter

func dialEvents(ctx context.Context, a ask) (*link, error) {
	conn, err := dialer.DialContext(ctx, "tcp", a.addr)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	request := &http.Request{Method: http.MethodGet, URL: a.url("http"), Host: a.addr, Header: http.Header{"Accept": {"text/event-stream"}}}
	answer, err := (*http.Response)(nil), request.Write(conn)
	if err == nil {
		answer, err = http.ReadResponse(bufio.NewReaderSize(conn, bufferBytes), request)
	}
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("lane answers %s", answer.Status)
	}
	if err == nil {
		err = ctx.Err() // or the deadline would stay
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("ask lane: %w", err)
	}
	return &link{Reader: answer.Body, conn: conn}, nil
}

func dialSocket(ctx context.Context, a ask) (*link, error) {
	l := &link{asked: new(reader.Window)}
	d := websocket.Dialer{
		NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			l.conn = conn
			return conn, err
		},
		ReadBufferSize: bufferBytes, WriteBufferSize: 256,
	}
	ws, answer, err := d.DialContext(ctx, a.url("ws").String(), nil)
	if errors.Is(err, websocket.ErrBadHandshake) {
		err = fmt.Errorf("lane answers %s", answer.Status)
	}
	if err != nil {
		return nil, fmt.Errorf("ask lane: %w", err)
	}
	l.ws, l.Reader = ws, &texts{ws: ws}
	if err := l.consumed(0, 0); err != nil {
		ws.Close()
		return nil, err
	}
	return l, nil
}

// consumed asks for more of what was read, where the lane waits for that.
func (l *link) consumed(bytes int, messages uint64) error {
	if l.asked == nil {
		return nil
	}
	l.asked.Read(bytes, messages)
	n := l.asked.Ask()
	if n == 0 {
		return nil
	}
	if err := l.ws.WriteMessage(websocket.BinaryMessage, wire.AppendRequest(nil, n)); err != nil {
		return fmt.Errorf("ask for %d messages: %w", n, err)
	}
	return nil
}

// texts reads the messages of a WebSocket one behind the other.
type texts struct {
	ws   *websocket.Conn
	text io.Reader // the one being read; nil between two
}

func (t *texts) Read(b []byte) (int, error) {
	for {
		if t.text == nil {
			_, text, err := t.ws.NextReader()
			if err != nil {
				return 0, err
			}
			t.text = text
		}
		n, err := t.text.Read(b)
		if errors.Is(err, io.EOF) {
			t.text, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// way is how a connection ends from the reader's side.
type way uint8

const (
	hangUp  way = iota // with a FIN, as a tab that is closed
	dropped            // without a word; what comes next is answered with a reset
	muted              // without a word, and nothing is answered any more
	frozen             // where neither is allowed: read no more, and stay
)

func (w way) String() string { return [...]string{"hung up", "dropped", "muted", "frozen"}[w] }

// end ends the link, once, and returns how it did: a way that is not allowed here
// becomes frozen. A link that was muted or frozen stays open until it is buried,
// and its pending read ends.
func (l *link) end(w way) (ended way) {
	l.over.Do(func() {
		switch w {
		case dropped:
			if drop(l.conn) == nil {
				ended = dropped
				return
			}
			ended = frozen
		case muted:
			if ended = muted; mute(l.conn) != nil {
				ended = frozen
			}
		default:
			l.conn.Close()
			return
		}
		l.conn.SetReadDeadline(time.Unix(1, 0)) // only wakes the read
	})
	return ended
}

// bury closes what end has left open.
func (l *link) bury() {
	if drop(l.conn) != nil {
		l.conn.Close()
	}
}
