package transport_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// Windows of the client: what Chromium gives, a ninety-sixth of it.
const (
	streamWindow     = 64 << 10
	connectionWindow = 160 << 10
	initialWindow    = 65_535 // of a connection, RFC 9113, section 6.9.2
)

// secureServer opens a sink for every request, as a lane with TLS does: the
// handler of an HTTP/2 request stays until its sink is closed. When the test
// ends no goroutine is left.
type secureServer struct {
	t     testing.TB
	addr  string
	sinks chan opened
	roots *http.Transport // trusts it, and speaks HTTP/2 with the windows above
}

func serveSecure(t testing.TB, name string, o transport.Options) *secureServer {
	t.Helper()
	noGoroutineLeft(t)
	way, ok := transport.Find(name)
	require.True(t, ok)
	const readers = 100 // more than any test has
	s := &secureServer{t: t, sinks: make(chan opened, readers)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := o
		own.Stats = new(lane.Stats)
		sink, ctx, err := way.Open(w, r, own)
		s.sinks <- opened{sink, ctx, own.Stats, err}
		if err != nil {
			return
		}
		if !transport.Multiplexed(r) {
			t.Cleanup(func() { sink.Close() })
			return
		}
		<-ctx.Done()
		sink.Close()
	}))
	server.EnableHTTP2 = true
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		transport.Beneath(c).(*net.TCPConn).SetWriteBuffer(16 << 10) //nolint:errcheck // a request to the kernel
		return transport.ConnContext(ctx, c)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	s.addr = server.Listener.Addr().String()
	s.roots = &http.Transport{
		ForceAttemptHTTP2:  true,
		DisableCompression: true,
		TLSClientConfig:    &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs},
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream:     streamWindow,
			MaxReceiveBufferPerConnection: connectionWindow - initialWindow,
		},
	}
	t.Cleanup(s.roots.CloseIdleConnections)
	return s
}

// connect is one connection, for as many streams as are asked of it.
func (s *secureServer) connect() *http.ClientConn {
	s.t.Helper()
	conn, err := s.roots.NewClientConn(s.t.Context(), "https", s.addr)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { conn.Close() })
	return conn
}

// stream is one stream from both ends. Nobody reads what comes.
func (s *secureServer) stream(conn *http.ClientConn) (*http.Response, opened) {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://"+s.addr+"/stream", nil)
	require.NoError(s.t, err)
	response, err := conn.RoundTrip(r)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { response.Body.Close() })
	require.Equal(s.t, http.StatusOK, response.StatusCode)
	return response, <-s.sinks
}

// expectText reads exactly text.
func expectText(t testing.TB, r io.Reader, text string) {
	t.Helper()
	got := make([]byte, len(text))
	n, err := io.ReadFull(r, got)
	require.Equal(t, text, string(got[:n]))
	require.NoError(t, err)
}

// stoppable is a client's connection that can stop reading what the kernel has:
// a program that hangs, not a reader that is slow.
type stoppable struct {
	net.Conn
	stopped chan struct{}
	ended   chan struct{}
	end     sync.Once
}

func (c *stoppable) Read(p []byte) (int, error) {
	select {
	case <-c.stopped:
		<-c.ended
		return 0, net.ErrClosed
	default:
		return c.Conn.Read(p)
	}
}

func (c *stoppable) Close() error {
	c.end.Do(func() { close(c.ended) })
	return c.Conn.Close()
}

// hang has the transport's connections be stoppable, and returns how to stop.
func (s *secureServer) hang() (stop func()) {
	stopped := make(chan struct{})
	s.roots.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c.(*net.TCPConn).SetReadBuffer(4 << 10) //nolint:errcheck // a request to the kernel
		return &stoppable{Conn: c, stopped: stopped, ended: make(chan struct{})}, nil
	}
	return func() { close(stopped) }
}

// sent waits until a sink has written nothing more for a while, and returns how
// much that is.
func sent(t testing.TB, s opened) uint64 {
	t.Helper()
	require.Eventually(t, func() bool {
		return s.stats.Read(time.Now()).Write > 100*time.Millisecond
	}, patience, tick, "Send does not block")
	return s.stats.Read(time.Now()).SentBytes
}

// readAll reads until the stream ends.
func readAll(r io.Reader) (string, error) {
	var b bytes.Buffer
	_, err := b.ReadFrom(r)
	return strings.ReplaceAll(b.String(), "\r", "\\r"), err
}
