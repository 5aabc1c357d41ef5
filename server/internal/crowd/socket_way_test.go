package crowd

import (
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
)

// webSocketLane is a lane on loopback that writes as fast as its readers let it.
type webSocketLane struct {
	*httptest.Server
	size    int
	open    atomic.Int64
	written atomic.Int64 // bytes of messages that the kernel has taken
}

func newWebSocketLane(t *testing.T, size int) *webSocketLane {
	l := &webSocketLane{size: size}
	var served sync.WaitGroup
	t.Cleanup(served.Wait) // those that were hijacked the server does not wait for
	l.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		defer served.Done()
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		l.open.Add(1)
		defer l.open.Add(-1)
		demand := r.URL.Query().Get("transport") == reader.DemandSocket.Transport()
		for seq := uint64(1); ; {
			n := uint32(1)
			if demand {
				_, request, err := conn.ReadMessage()
				d, _ := wire.ParseDemand(request)
				if n = d.N; err != nil {
					return
				}
			}
			for range n {
				if conn.WriteMessage(websocket.TextMessage, event(seq, l.size)) != nil {
					return
				}
				l.written.Add(int64(l.size))
				seq++
			}
		}
	}))
	l.Config.ConnState = func(c net.Conn, s http.ConnState) {
		if s == http.StateNew {
			_ = c.(*net.TCPConn).SetWriteBuffer(16 << 10)
		}
	}
	l.Start()
	t.Cleanup(l.Close)
	return l
}

// What a reader that stops leaves between itself and its lane, over real
// sockets: for those that push back the buffers of the kernel, which are those
// of the group, and with demand what was asked for.
func TestHowMuchIsInBetween(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the numbers are those of Linux")
	}
	for way, most := range map[reader.Way]int64{
		reader.BlockingSocket: 300_000, reader.SocketStream: 300_000, reader.DemandSocket: reader.WindowBytes + bufferBytes,
	} {
		t.Run(string(way), func(t *testing.T) {
			lane := newWebSocketLane(t, 1000)
			link, stop := startCrowd(t, Config{
				Lanes:  []Lane{{Name: "pull", URL: lane.URL}},
				Groups: []Group{{Name: "g", Count: 1, BytesPerSecond: throttle.Unlimited, Read: way}},
			}, nil)
			cell := func() CellReport { return link.cell("pull", "g") }
			require.Eventually(t, func() bool { return cell().Bytes > 1_000_000 }, patience, time.Millisecond)
			link.send(Command{Throttles: []Throttle{{Paused: ptr(true)}}})
			var between int64
			require.Eventually(t, func() bool { // until nothing more is taken, or read
				before := between
				between = lane.written.Load() - int64(cell().Bytes)
				return between == before && cell().BytesPerSecond == 0
			}, patience, 200*time.Millisecond)
			t.Logf("%d KB lie between", between/1000)
			require.Less(t, between, most)
			require.Zero(t, cell().Gaps+cell().Disconnects+cell().Held)

			stop()
			lane.CloseClientConnections()
			require.Eventually(t, func() bool { return lane.open.Load() == 0 }, patience, time.Millisecond)
		})
	}
}

// A WebSocket whose handler does not get done takes all that comes, up to its
// cap, whatever the kernel's buffers.
func TestAWebSocketTakesEverything(t *testing.T) {
	lane := newWebSocketLane(t, 20_000)
	link, _ := startCrowd(t, Config{
		Lanes:  []Lane{{Name: "pull", URL: lane.URL}},
		Groups: []Group{{Name: "g", Count: 1, Paused: true, BytesPerSecond: throttle.Unlimited, Read: reader.Socket, BufferBytes: 64 << 10}},
	}, nil)
	require.Eventually(t, func() bool { return link.cell("pull", "g").Disconnects > 0 }, 3*patience, time.Millisecond)
	require.Zero(t, link.cell("pull", "g").Bytes)
	require.Greater(t, lane.written.Load(), int64(reader.MaxHeldBytes-lane.size))
	t.Logf("hung up after %d MiB", lane.written.Load()>>20)
}
