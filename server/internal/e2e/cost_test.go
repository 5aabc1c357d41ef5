package e2e

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
)

// TestCostOfWatching reports what the server process itself costs: supervisor,
// run and hub with two lanes and ten viewers.
func TestCostOfWatching(t *testing.T) {
	const viewers, span = 10, 10 * time.Second
	p := start(t)
	samples := make(chan int, viewers)
	end := time.Now().Add(span + 8*time.Second)
	for range viewers {
		conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(p.URL, "http")+"hub", http.Header{})
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
		go func() {
			n := 0
			for conn.SetReadDeadline(end) == nil {
				_, data, err := conn.ReadMessage()
				if err != nil {
					break
				}
				if kind, ok := wire.KindOf(data); ok && kind == wire.KindSample {
					n++
				}
			}
			samples <- n
		}()
	}
	p.await(20*time.Second, "the run is complete", func(r runState) bool {
		return r.lane("push").Readers == 210 && r.lane("pull").Readers == 210
	})
	before, began := cpuTime(t, p.cmd.Process.Pid), time.Now()
	<-time.After(span) // a share of time is measured over a time
	used, took := cpuTime(t, p.cmd.Process.Pid)-before, time.Since(began)
	for range viewers {
		require.Greater(t, <-samples, 50, "samples that a viewer got")
	}
	report(t, "supervisor, run and hub, 2 lanes, 10 viewers", "%.1f %% of one core", 100*used.Seconds()/took.Seconds())
}

// cpuTime is what a process has used so far (proc(5): fields 14 and 15 of stat,
// in hundredths of a second).
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		t.Skip("this OS does not show a process's CPU time under /proc")
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		require.NoError(t, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
