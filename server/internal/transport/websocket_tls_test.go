package transport_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// A lane with TLS speaks WebSocket too, to whoever has chosen HTTP/1.1 for it.
func TestWebSocketOverTLS(t *testing.T) {
	noGoroutineLeft(t)
	d, _ := transport.Find("websocket-demand")
	sinks := make(chan opened, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stats := new(lane.Stats)
		sink, ctx, err := d.Open(w, r, transport.Options{Stats: stats, Ready: "{}", SendBufferBytes: 16 << 10, Heartbeat: time.Minute})
		sinks <- opened{sink, ctx, stats, err}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	config := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{"http/1.1"}
	dialer := websocket.Dialer{TLSClientConfig: config}
	ws, _, err := dialer.Dial("wss://"+server.Listener.Addr().String()+"/stream", nil)
	require.NoError(t, err)
	t.Cleanup(func() { ws.Close() })
	require.NoError(t, ws.SetReadDeadline(time.Now().Add(patience)))
	s := <-sinks
	require.NoError(t, s.err)
	c := client{t: t, ws: ws}
	c.request(5)
	require.Equal(t, 5, <-s.Requests())
	require.NoError(t, s.Send(s.ctx, message(1, 100_000)))
	s.Heartbeat(time.Now().Add(time.Minute))
	ended := make(chan error, 1)
	go func() { ended <- s.CloseWith("complete") }()
	text, closed := c.read()
	require.NoError(t, <-ended)
	require.Contains(t, text, message(1, 100_000).Data+"\n\nevent: close\ndata: {\"reason\":\"complete\"}\n\n")
	require.Equal(t, websocket.CloseNormalClosure, closed.Code)

	answer, err := server.Client().Get(server.URL + "/stream?reader=you") // over HTTP/2
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusUpgradeRequired, answer.StatusCode)
	require.Error(t, (<-sinks).err)
	server.Client().CloseIdleConnections()
}
