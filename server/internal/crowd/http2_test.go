package crowd

import (
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/certificate"
	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

// secureLaneServer is an SSE lane with TLS on loopback that writes as fast as it
// can, and the certificate it shows.
type secureLaneServer struct {
	*socketLane
	chain       string
	connections atomic.Int64 // so far
	versions    sync.Map     // of HTTP, of all requests
	ids         sync.Map     // of connections, as all requests name them
}

func newSecureLane(t *testing.T, gap time.Duration) *secureLaneServer {
	t.Helper()
	l := &secureLaneServer{socketLane: &socketLane{gap: gap, size: 1000}}
	l.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.versions.Store(r.Proto, true)
		l.ids.Store(r.URL.Query().Get("conn"), true)
		if r.URL.Path == "/closed" {
			http.Error(w, "closed", http.StatusGone)
			return
		}
		l.stream(w, r)
	}))
	l.Config.ErrorLog = log.New(devNull{}, "", 0)
	l.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			l.connections.Add(1)
		}
	}
	made, err := certificate.Make([]string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	pair, err := tls.X509KeyPair([]byte(made.Chain), []byte(made.Key))
	require.NoError(t, err)
	l.chain = made.Chain
	l.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	l.EnableHTTP2 = true
	l.StartTLS()
	t.Cleanup(func() { l.CloseClientConnections(); l.Close() })
	return l
}

type devNull struct{}

func (devNull) Write(p []byte) (int, error) { return len(p), nil }

func (l *secureLaneServer) lane() Lane { return Lane{Name: "pull", URL: l.URL, Trust: l.chain} }

// Three readers that stop hold the connection's window between them. The fourth
// is frozen although it reads, and goes on when one of them leaves; the readers
// on connections of their own know nothing of it.
func TestSharedConnectionFreezes(t *testing.T) {
	lane := newSecureLane(t, time.Millisecond)
	link, _ := startCrowd(t, Config{
		Lanes: []Lane{lane.lane()},
		Groups: []Group{
			{Name: "stopped", Count: 3, Paused: true, BytesPerSecond: throttle.Unlimited, Connection: SharedConnection},
			{Name: "tab", Count: 1, BytesPerSecond: throttle.Unlimited, Connection: SharedConnection},
			{Name: "stopped-apart", Count: 3, Paused: true, BytesPerSecond: throttle.Unlimited},
			{Name: "apart", Count: 1, BytesPerSecond: throttle.Unlimited},
		},
	}, nil)
	const all = connectionWindowBytes
	require.Eventually(t, func() bool {
		return lane.open.Load() == 8 && link.cell("pull", "stopped").Held > all-2*creditBytes
	}, patience, 5*time.Millisecond)
	require.Equal(t, int64(5), lane.connections.Load())
	frozen, apart := link.cell("pull", "tab").Messages, link.cell("pull", "apart").Messages
	require.Eventually(t, func() bool { return link.cell("pull", "apart").Messages > apart+300 }, patience, 5*time.Millisecond)
	const rest = 2 * creditBytes / 1000 // messages for which there was credit still
	require.LessOrEqual(t, link.cell("pull", "tab").Messages, frozen+rest)
	require.LessOrEqual(t, link.cell("pull", "stopped").Held, uint64(all))
	require.Eventually(t, func() bool { return link.cell("pull", "stopped-apart").Held == 3*streamWindowBytes }, patience, 5*time.Millisecond)
	require.Zero(t, link.cell("pull", "tab").Held)

	link.send(Command{Counts: map[string]int{"stopped": 2}})
	require.Eventually(t, func() bool { return link.cell("pull", "tab").Messages > frozen+300 }, patience, 5*time.Millisecond)
	for _, group := range []string{"stopped", "tab", "stopped-apart", "apart"} {
		cell := link.cell("pull", group)
		require.Zero(t, cell.Gaps+cell.Repeats+cell.Malformed+cell.Disconnects+cell.Refused, "%+v", cell)
	}
	require.Equal(t, int64(5), lane.connections.Load())
	versions := 0
	lane.versions.Range(func(proto, _ any) bool { versions++; require.Equal(t, "HTTP/2.0", proto); return true })
	require.Equal(t, 1, versions)
	for id := range 8 {
		_, asked := lane.ids.Load(strconv.Itoa(id + 1))
		require.True(t, asked, "each stream has an id: %d", id+1)
	}
}

// Readers that leave give the connection up, and come back on another.
func TestSharedConnectionEndsWithItsLastReader(t *testing.T) {
	lane := newSecureLane(t, 5*time.Millisecond)
	link, stop := startCrowd(t, Config{
		Lanes:  []Lane{lane.lane()},
		Groups: []Group{{Name: "tabs", Count: 5, BytesPerSecond: throttle.Unlimited, Connection: SharedConnection}},
	}, nil)
	all := func() bool { return link.cell("pull", "tabs").Connected == 5 && lane.open.Load() == 5 }
	require.Eventually(t, all, patience, 5*time.Millisecond)
	link.send(Command{Throttles: []Throttle{{Away: ptr(true)}}})
	require.Eventually(t, func() bool { return lane.open.Load() == 0 && link.cell("pull", "tabs").Held == 0 }, patience, time.Millisecond)
	link.send(Command{Throttles: []Throttle{{Away: ptr(false)}}})
	require.Eventually(t, all, patience, 5*time.Millisecond)
	require.Equal(t, int64(2), lane.connections.Load())
	require.Zero(t, link.cell("pull", "tabs").Disconnects+link.cell("pull", "tabs").Refused)

	lane.CloseClientConnections()
	require.Eventually(t, func() bool { return link.cell("pull", "tabs").Disconnects == 5 }, patience, 5*time.Millisecond)
	require.Eventually(t, all, patience, 5*time.Millisecond)
	stop()
	require.Eventually(t, func() bool { return lane.open.Load() == 0 }, patience, time.Millisecond)
}

func TestSecureLaneThatRefuses(t *testing.T) {
	lane := newSecureLane(t, time.Millisecond)
	other, err := certificate.Make([]string{"127.0.0.1"}, time.Now())
	require.NoError(t, err)
	plain := httptest.NewUnstartedServer(http.NotFoundHandler())
	plain.TLS = lane.TLS.Clone()
	plain.TLS.NextProtos = []string{"http/1.1"}
	plain.Config.ErrorLog = log.New(devNull{}, "", 0)
	plain.StartTLS()
	defer plain.Close()
	for _, share := range []Connection{OwnConnection, SharedConnection} {
		for want, l := range map[string]Lane{
			"lane answers 410 Gone":                              {Name: "pull", URL: lane.URL + "/closed", Trust: lane.chain},
			"certificate signed by unknown authority":            {Name: "pull", URL: lane.URL, Trust: other.Chain},
			"server selected unadvertised ALPN|no application p": {Name: "pull", URL: plain.URL, Trust: lane.chain},
		} {
			t.Run(fmt.Sprint(share, " ", want), func(t *testing.T) {
				link, _ := startCrowd(t, Config{
					Lanes: []Lane{l}, Groups: []Group{{Name: "g", Count: 1, BytesPerSecond: throttle.Unlimited, Connection: share}},
				}, nil)
				require.Eventually(t, func() bool { return link.cell("pull", "g").Refused > 0 }, patience, 5*time.Millisecond)
				require.Regexp(t, want, link.cell("pull", "g").Trouble)
			})
		}
	}
}

// Other ways go over TLS too, in HTTP/1.1.
func TestSocketOverTLS(t *testing.T) {
	lane := newSecureLane(t, time.Millisecond)
	upgrader := websocket.Upgrader{}
	lane.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for seq := uint64(1); conn.WriteMessage(websocket.TextMessage, event(seq, 1000)) == nil; seq++ {
		}
	})
	link, _ := startCrowd(t, Config{
		Lanes:  []Lane{lane.lane()},
		Groups: []Group{{Name: "g", Count: 2, BytesPerSecond: throttle.Unlimited, Read: reader.SocketStream, Connection: SharedConnection}},
	}, nil)
	require.Eventually(t, func() bool {
		return link.cell("pull", "g").Messages > 100 && link.cell("pull", "g").Connected == 2
	}, patience, 5*time.Millisecond)
	require.Equal(t, int64(2), lane.connections.Load())
}

func TestSecureConfigIsChecked(t *testing.T) {
	for name, cfg := range map[string]Config{
		"trust":      {Lanes: []Lane{{Name: "a", Trust: "nothing"}}},
		"connection": {Lanes: []Lane{{Name: "a"}}, Groups: []Group{{Name: "g", Connection: "both"}}},
	} {
		require.Error(t, cfg.validate(), name)
	}
}
