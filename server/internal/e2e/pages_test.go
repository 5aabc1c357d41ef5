package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
)

// hubPage is a page as far as the hub knows it.
type hubPage struct {
	t         *testing.T
	conn      *websocket.Conn
	hello     wire.Hello
	sample    wire.Sample
	fragments map[string]string
}

func (p *program) openHub() *hubPage {
	p.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(p.URL, "http")+"hub", http.Header{})
	require.NoError(p.t, err)
	p.t.Cleanup(func() { conn.Close() })
	return &hubPage{t: p.t, conn: conn, fragments: make(map[string]string)}
}

// until takes frames until the page is as wanted.
func (h *hubPage) until(what string, ok func() bool) {
	h.t.Helper()
	require.NoError(h.t, h.conn.SetReadDeadline(time.Now().Add(patience)))
	for !ok() {
		_, data, err := h.conn.ReadMessage()
		require.NoError(h.t, err, "while it waits: %s", what)
		kind, _ := wire.KindOf(data)
		switch kind {
		case wire.KindHello:
			require.NoError(h.t, wire.Decode(data, &h.hello))
		case wire.KindSample:
			require.NoError(h.t, wire.Decode(data, &h.sample))
		case wire.KindFragment:
			var f wire.Fragment
			require.NoError(h.t, wire.Decode(data, &f))
			h.fragments[f.ID] = f.HTML
		}
	}
}

// shows tells whether hello, sample and words agree on the state of the run and
// its first lane.
func (h *hubPage) shows(run, push wire.State, status string) func() bool {
	return func() bool {
		return h.hello.State == run && h.sample.State == run &&
			len(h.hello.Lanes) > 0 && h.hello.Lanes[0].State == push &&
			len(h.sample.Lanes) > 0 && h.sample.Lanes[0].State == push &&
			strings.Contains(h.fragments["status-push"], status)
	}
}

func TestPagesFollowEveryChange(t *testing.T) {
	p := start(t)
	page := p.openHub()
	page.until("the page wakes the run", page.shows(wire.StateRunning, wire.StateRunning, "running"))
	first := page.hello.RunID

	p.post("stop")
	page.until("stopped", page.shows(wire.StateStopped, wire.StateStopped, "stopped"))
	require.Contains(t, page.fragments["log"], "The run was stopped.")
	late := p.openHub() // nothing ticks any more
	late.until("a page that comes late", late.shows(wire.StateStopped, wire.StateStopped, "stopped"))
	require.Contains(t, late.fragments["verdict"], "Stopped")
	late.until("the log", func() bool { return strings.Contains(late.fragments["log"], "The run was stopped.") })

	p.post("reset")
	page.until("another run", func() bool {
		return page.hello.RunID != first && page.shows(wire.StateRunning, wire.StateRunning, "running")()
	})
	p.awaitRunning(210)

	p.patch(`{"lanes": {"push": {"limitBytes": 33554432}}}`)
	page.until("push is killed", page.shows(wire.StateRunning, wire.StateKilled, "killed, exit code 137"))
	require.Zero(t, page.hello.Lanes[0].Port, "nobody knocks at a closed door")
	require.EqualValues(t, 137, page.sample.Lanes[0].ExitCode)

	p.patch(`{"lanes": {"push": {"limitBytes": 268435456}}}`)
	p.post("lanes/push/restart")
	page.until("push is back", page.shows(wire.StateRunning, wire.StateRunning, "running"))
	require.NotZero(t, page.hello.Lanes[0].Port)
	require.EqualValues(t, 1, page.sample.Lanes[0].Restarts)
	late.until("the other page too", func() bool {
		return late.hello.RunID == page.hello.RunID && late.shows(wire.StateRunning, wire.StateRunning, "running")() && late.sample.Lanes[0].Restarts == 1
	})
}

// TestALaneThatDoesNotStart: its port was taken while it was down.
func TestALaneThatDoesNotStart(t *testing.T) {
	needsProc(t)
	p := start(t)
	page := p.openHub()
	page.until("the run runs", page.shows(wire.StateRunning, wire.StateRunning, "running"))
	before := p.awaitRunning(210)
	kill(t, before.lane("push").PID)
	page.until("push has ended", page.shows(wire.StateRunning, wire.StateCrashed, "ended, exit code 137"))

	squatter := &http.Server{Addr: strings.TrimSuffix(strings.TrimPrefix(before.lane("push").StreamURL, "http://"), "/stream")}
	done := make(chan error, 1)
	go func() { done <- squatter.ListenAndServe() }()
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + squatter.Addr)
		return err == nil && response.Body.Close() == nil
	}, patience, 10*time.Millisecond)
	p.post("lanes/push/restart")
	page.until("it says why", page.shows(wire.StateRunning, wire.StateCrashed, "could not start"))
	require.Contains(t, page.fragments["say-push"], "address already in use")
	require.Equal(t, "running", p.state().lane("pull").State)

	require.NoError(t, squatter.Close())
	require.ErrorIs(t, <-done, http.ErrServerClosed)
	p.post("lanes/push/restart")
	p.awaitRunning(210)
}
