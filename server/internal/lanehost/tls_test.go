package lanehost

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/broker/brokertest"
	"spillway/server/internal/certificate"
	"spillway/server/internal/lane"
)

// startSecure serves the pull lane with TLS until stop. Then no goroutine of it
// is left.
func startSecure(t *testing.T) (l *running, get func(path string) *http.Response, stop func()) {
	t.Helper()
	b := brokertest.Embedded(t, broker.Options{})
	made, err := certificate.Make([]string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	l = &running{t: t, host: newHost(t, "pull", b.Addr), client: b.Client(t, nil)}
	l.host.cfg.Transport, l.host.cfg.TLS = "sse-http2", &made
	l.write("you", 1, 1, 10)
	before := runtime.NumGoroutine()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.host.Serve(ctx, listener) }()
	roots, err := certificate.Trust(made.Chain)
	require.NoError(t, err)
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots}}
	get = func(path string) *http.Response {
		t.Helper()
		response, err := (&http.Client{Transport: transport}).Get("https://" + listener.Addr().String() + path)
		require.NoError(t, err)
		t.Cleanup(func() { response.Body.Close() })
		require.Equal(t, 2, response.ProtoMajor)
		return response
	}
	stop = func() {
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(patience):
			require.Fail(t, "the lane does not end")
		}
		transport.CloseIdleConnections()
		goroutines(t, before)
	}
	return l, get, stop
}

func TestReadersOverHTTP2(t *testing.T) {
	l, get, stop := startSecure(t)
	require.Equal(t, http.StatusNotFound, get("/stream?reader=stranger").StatusCode)
	first := get("/stream?reader=you&last=0&tab=7")
	l.write("you", 2, 5, 10)
	lines := bufio.NewReader(first.Body)
	for seq := 1; seq <= 5; {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		if strings.HasPrefix(line, "data: {\"seq\":") {
			seq++
		}
	}
	require.Eventually(t, func() bool { r := l.report(); return r.Readers == 1 && r.Delivered == 5 && r.Tabs[7] > 0 }, patience, tick)
	require.NoError(t, first.Body.Close())
	require.Eventually(t, func() bool { return l.report().Readers == 0 }, patience, tick, "it has not left")
	require.Equal(t, uint64(5), l.report().Delivered)
	stop()
}

// A lane that stops does not wait for readers whose windows are shut.
func TestStoppingALaneWithReadersThatStopped(t *testing.T) {
	l, get, stop := startSecure(t)
	var bodies []io.Reader
	for range 3 {
		bodies = append(bodies, get("/stream?reader=you&last=0").Body)
	}
	for seq := uint64(2); l.report().Stalled < 3; seq++ {
		require.Less(t, seq, uint64(500), "no window is shut")
		l.write("you", seq, seq, 64<<10)
	}
	begin := time.Now()
	stop()
	require.Less(t, time.Since(begin), patience/2)
	for _, body := range bodies {
		_, err := io.Copy(io.Discard, body)
		require.Error(t, err, "a stream never ends by itself")
	}
}

func TestACertificateThatIsNoneIsAnError(t *testing.T) {
	b := brokertest.Embedded(t, broker.Options{})
	h := newHost(t, "pull", b.Addr)
	h.cfg.TLS = new(lane.Certificate)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	require.ErrorContains(t, h.Serve(t.Context(), listener), "read certificate")
}
