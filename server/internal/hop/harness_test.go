package hop_test

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/hop"
)

// patience is far above what anything here takes on a busy machine.
const patience = 20 * time.Second

// start runs a hop in front of a lane and returns its URL.
func start(t *testing.T, lane string, mode hop.Mode) (*hop.Hop, string) {
	t.Helper()
	h, err := hop.New(hop.Config{Lane: "pull", Target: strings.TrimPrefix(lane, "http://"), Mode: mode}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
	return h, "http://" + l.Addr().String()
}

// lane is a server whose stream is written by the test.
type lane struct {
	*httptest.Server
	asked chan *http.Request // one for each stream
	write chan []byte        // what it writes, to whoever is connected
	took  chan int           // bytes that a write has put into the kernel
	left  chan struct{}      // one for each stream that has ended
}

func newLane(t *testing.T) *lane {
	t.Helper()
	const streams = 8 // more than a test opens
	l := &lane{asked: make(chan *http.Request, streams), write: make(chan []byte), took: make(chan int, 4096), left: make(chan struct{}, streams)}
	l.Server = httptest.NewServer(http.HandlerFunc(l.stream))
	t.Cleanup(l.Server.Close)
	return l
}

func (l *lane) stream(w http.ResponseWriter, r *http.Request) {
	defer func() { l.left <- struct{}{} }()
	l.asked <- r.Clone(context.Background())
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	w.Header().Set("Vary", "Origin")
	rc := http.NewResponseController(w)
	if rc.Flush() != nil {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case piece := <-l.write:
			n, err := w.Write(piece)
			if err != nil || rc.Flush() != nil {
				return
			}
			l.took <- n
		}
	}
}

// ask opens a stream. Its end is the test's, or the caller's.
func ask(t *testing.T, url string, header http.Header) (*http.Response, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	for name, values := range header {
		r.Header[name] = values
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	return response, cancel
}

// within waits for something to arrive.
func within[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		require.FailNow(t, what)
		panic("unreachable")
	}
}

// stall opens a stream over a connection with a small receive buffer and reads no
// more than the head of the answer.
func stall(t *testing.T, url string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	_, err = c.Write([]byte("GET /stream?reader=slow-0 HTTP/1.1\r\nHost: lane\r\n\r\n"))
	require.NoError(t, err)
	_, err = http.ReadResponse(bufio.NewReaderSize(c, 16), nil)
	require.NoError(t, err)
	return c
}

const (
	piece = 256 << 10
	waits = 500 * time.Millisecond // a lane that cannot write for so long has to wait
)

// fill writes until the lane has to wait, or most bytes are written.
func fill(l *lane, most int) (written int) {
	for written < most {
		select {
		case l.write <- bytes.Repeat([]byte{byte(written / piece)}, piece):
		case <-time.After(waits):
			return written
		}
		written += piece
	}
	return written
}
