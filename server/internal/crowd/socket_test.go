package crowd

import (
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/throttle"
)

const patience = 10 * time.Second

// socketLane is an SSE lane on loopback.
type socketLane struct {
	*httptest.Server
	gap     time.Duration // before each event; 0 writes without a pause
	size    int
	open    atomic.Int64 // streams
	written atomic.Int64 // bytes of body that the kernel has taken
}

func newSocketLane(t testing.TB, gap time.Duration, size int) *socketLane {
	t.Helper()
	l := &socketLane{gap: gap, size: size}
	l.Server = httptest.NewUnstartedServer(http.HandlerFunc(l.stream))
	l.Config.ConnContext = nil
	l.Config.ConnState = func(c net.Conn, s http.ConnState) {
		if s == http.StateNew {
			_ = c.(*net.TCPConn).SetWriteBuffer(16 << 10)
		}
	}
	l.Start()
	t.Cleanup(l.Close)
	return l
}

func (l *socketLane) stream(w http.ResponseWriter, r *http.Request) {
	l.open.Add(1)
	defer l.open.Add(-1)
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	_ = out.Flush()
	ticker := time.NewTicker(max(l.gap, 1))
	defer ticker.Stop()
	for seq := uint64(1); ; seq++ {
		if l.gap > 0 {
			select {
			case <-ticker.C:
			case <-r.Context().Done():
				return
			}
		}
		n, err := w.Write(event(seq, l.size))
		if err != nil || out.Flush() != nil {
			return
		}
		l.written.Add(int64(n))
	}
}

func TestOverSockets(t *testing.T) {
	lane := newSocketLane(t, 10*time.Millisecond, 700)
	cfg := Config{
		Lanes: []Lane{{Name: "push", URL: lane.URL + "/?x=1"}, {Name: "pull", URL: lane.URL}},
		Groups: []Group{
			{Name: "healthy", Count: 5, BytesPerSecond: throttle.Unlimited},
			{Name: "slow", Count: 20, BytesPerSecond: 10_000},
		},
	}
	link, stop := startCrowd(t, cfg, nil)
	require.Eventually(t, func() bool { return lane.open.Load() == 50 }, patience, 5*time.Millisecond)
	require.Eventually(t, func() bool {
		return link.cell("push", "healthy").Messages > 100 && link.cell("pull", "slow").Messages > 100
	}, patience, 5*time.Millisecond)
	for _, cell := range []CellReport{link.cell("pull", "healthy"), link.cell("push", "slow")} {
		require.Zero(t, cell.Gaps+cell.Repeats+cell.Malformed+cell.Refused+cell.Disconnects)
	}
	lane.CloseClientConnections()
	require.Eventually(t, func() bool { return link.cell("pull", "slow").Disconnects >= 20 }, patience, 5*time.Millisecond)
	require.Eventually(t, func() bool { return lane.open.Load() == 50 }, patience, 5*time.Millisecond)

	stop()
	require.Eventually(t, func() bool { return lane.open.Load() == 0 }, patience, 5*time.Millisecond)
}

// A reader that does not read must be felt by its lane, and not be hidden by
// megabytes of kernel memory.
func TestKernelHidesLittle(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the numbers are those of Linux")
	}
	lane := newSocketLane(t, 0, 1000)
	link, _ := startCrowd(t, Config{
		Lanes:  []Lane{{Name: "push", URL: lane.URL}},
		Groups: []Group{{Name: "slow", Count: 1, Paused: true, BytesPerSecond: throttle.Unlimited}},
	}, nil)
	require.Eventually(t, func() bool { return lane.open.Load() == 1 && lane.written.Load() > 0 }, patience, time.Millisecond)
	var held int64
	require.Eventually(t, func() bool { // until nothing more is taken
		before := held
		held = lane.written.Load()
		return held == before
	}, patience, 200*time.Millisecond)
	t.Logf("the kernel holds %d KB", held/1000)
	require.Less(t, held, int64(300_000))
	require.Zero(t, link.cell("push", "slow").Bytes)

	link.send(Command{Throttles: []Throttle{{Paused: ptr(false)}}})
	require.Eventually(t, func() bool { return link.cell("push", "slow").Bytes > uint64(2*held) }, patience, time.Millisecond)
	require.Zero(t, link.cell("push", "slow").Gaps)
}

func TestLaneThatRefuses(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	link, _ := startCrowd(t, Config{
		Lanes:  []Lane{{Name: "push", URL: server.URL}},
		Groups: []Group{{Name: "g", Count: 1, BytesPerSecond: throttle.Unlimited}},
	}, nil)
	require.Eventually(t, func() bool { return link.cell("push", "g").Refused > 0 }, patience, 5*time.Millisecond)
	require.Contains(t, link.cell("push", "g").Trouble, "lane answers 404")
}

// A lane notices at once that its readers hang up, also those whose window is
// shut and that it is just writing to.
func TestAwayIsSeenAtOnce(t *testing.T) {
	lane := newSocketLane(t, 0, 1000)
	link, _ := startCrowd(t, Config{
		Lanes:  []Lane{{Name: "push", URL: lane.URL}},
		Groups: []Group{{Name: "slow", Count: 20, Paused: true}},
	}, nil)
	require.Eventually(t, func() bool { return link.cell("push", "slow").Connected == 20 && lane.written.Load() > 20_000 },
		patience, time.Millisecond)
	link.send(Command{Throttles: []Throttle{{Away: ptr(true)}}})
	begin := time.Now()
	require.Eventually(t, func() bool { return lane.open.Load() == 0 }, patience, time.Millisecond)
	t.Logf("the lane has seen it after %v", time.Since(begin))
	require.Less(t, time.Since(begin), time.Second)

	link.send(Command{Throttles: []Throttle{{Away: ptr(false), Paused: ptr(false), BytesPerSecond: ptr[throttle.Rate](50_000)}}})
	require.Eventually(t, func() bool {
		c := link.cell("push", "slow")
		return c.Connected == 20 && c.Messages > 0
	}, patience, time.Millisecond)
	require.Zero(t, link.cell("push", "slow").Disconnects+link.cell("push", "slow").Refused)
}
