package transport_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// patience bounds waiting for a condition on a busy machine.
const patience = 10 * time.Second

// tick is how often a condition is looked at.
const tick = time.Millisecond

// opened is a connection from the inside.
type opened struct {
	transport.Sink
	ctx   context.Context
	stats *lane.Stats
	err   error
}

// each runs a test over every transport that gives a reader a connection of its
// own. Those with TLS have tests beside them.
func each(t *testing.T, f func(t *testing.T, name string)) {
	for _, d := range transport.All {
		if !d.Secure {
			t.Run(d.Name, func(t *testing.T) { f(t, d.Name) })
		}
	}
}

// open serves one reader, which reads nothing by itself.
func open(t testing.TB, name string, o transport.Options) (client, opened) {
	t.Helper()
	addr, sinks := serve(t, name, o)
	c := join(t, name, addr)
	s := <-sinks
	require.NoError(t, s.err)
	return c, s
}

// serve opens a sink for every request, as a lane does: its handler returns at
// once. When the test ends no goroutine is left.
func serve(t testing.TB, name string, o transport.Options) (addr string, sinks <-chan opened) {
	t.Helper()
	noGoroutineLeft(t)
	d, ok := transport.Find(name)
	require.True(t, ok)
	const readers = 200 // more than any test has
	out := make(chan opened, readers)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := o
		own.Stats = new(lane.Stats)
		sink, ctx, err := d.Open(w, r, own)
		if err == nil {
			t.Cleanup(func() { sink.Close() })
		}
		out <- opened{sink, ctx, own.Stats, err}
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), out
}

func noGoroutineLeft(t testing.TB) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		require.Eventually(t, func() bool { // itself runs the condition in one more
			return runtime.NumGoroutine() <= before+1
		}, patience, tick, "goroutines are left")
	})
}

// client is a reader that does nothing by itself.
type client struct {
	t testing.TB
	*net.TCPConn
	ws    *websocket.Conn // nil where it reads text
	pings *atomic.Int64   // seen
}

const get = "GET /stream HTTP/1.1\r\nHost: lane\r\n\r\n"

// join connects a reader as the transport wants it.
func join(t testing.TB, name, addr string) client {
	t.Helper()
	if name == "sse" {
		return dial(t, addr, get)
	}
	conn := connect(t, addr)
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return conn, nil }}
	ws, _, err := dialer.Dial("ws://"+addr+"/stream", nil)
	require.NoError(t, err)
	c := client{t, conn, ws, new(atomic.Int64)}
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	answer := ws.PingHandler()
	ws.SetPingHandler(func(payload string) error {
		c.pings.Add(1)
		return answer(payload)
	})
	return c
}

func connect(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

// dial sends a request.
func dial(t testing.TB, addr, request string) client {
	t.Helper()
	c := client{t, connect(t, addr), nil, new(atomic.Int64)}
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	_, err := io.WriteString(c, request)
	require.NoError(t, err)
	return c
}

// expect reads exactly text.
func (c client) expect(text string) {
	c.t.Helper()
	got := make([]byte, len(text))
	n, err := io.ReadFull(c, got)
	require.Equal(c.t, text, string(got[:n]))
	require.NoError(c.t, err)
}

// stream returns the text of the events.
func (c client) stream() io.Reader {
	c.t.Helper()
	if c.ws != nil {
		return websocket.JoinMessages(c.ws, "")
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, response.StatusCode)
	return response.Body
}

func message(seq uint64, size int) lane.Message {
	data := fmt.Sprintf(`{"seq":%d,"at":1763822400123456,"pad":"%0*d"}`, seq, size, 0)
	return lane.Message{Seq: seq, AtMicros: 1763822400123456, Data: data}
}

// fill sends until the sink blocks, and reports how the last Send ended.
func fill(t testing.TB, s opened, ctx context.Context) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	go func() {
		for seq := uint64(1); ; seq++ {
			m := message(seq, 8<<10)
			s.stats.Accept(m)
			if err := s.Send(ctx, m); err != nil {
				ended <- err
				return
			}
		}
	}()
	require.Eventually(t, func() bool {
		return s.stats.Read(time.Now()).Write > 50*time.Millisecond
	}, patience, tick, "Send does not block")
	return ended
}
