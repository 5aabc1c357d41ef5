//go:build browser

package e2e

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
)

// tabLine is the tab in the account of a lane, in bytes of event text.
type tabLine struct {
	Reader, Connection string
	Connected, Silent  bool
	Broker             uint64 `json:"inBrokerBytes"`
	Backlog            uint64 `json:"inBacklogBytes"`
	SendQueue          uint64 `json:"inSendQueueBytes"`
	InFlight           uint64 `json:"inFlightBytes"`
	Held               uint64 `json:"inReaderBytes"`
	Consumed           uint64 `json:"consumedBytes"`
	Lost               uint64 `json:"lostBytes"`
	Gap                int64  `json:"gapBytes"`
}

func (l tabLine) waiting() uint64 { return l.Broker + l.Backlog + l.SendQueue + l.InFlight + l.Held }

// tabsOf are the lines of a lane that only tabs read.
func (p *program) tabsOf(lane string) []tabLine {
	p.t.Helper()
	status, body := p.call("GET", "api/run/lanes/"+lane+"/readers", "")
	require.Equal(p.t, 200, status, body)
	var got struct{ Readers []tabLine }
	require.NoError(p.t, json.Unmarshal([]byte(body), &got))
	return got.Readers
}

// awaitTab waits until the one tab is as ok says, twice in a row and alike.
func (p *program) awaitTab(what string, ok func(tabLine) bool) tabLine {
	p.t.Helper()
	var last []tabLine
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-time.After(1100 * time.Millisecond) {
		now := p.tabsOf("pull")
		if len(now) == 1 && len(last) == 1 && now[0] == last[0] && ok(now[0]) {
			return now[0]
		}
		last = now
	}
	require.FailNow(p.t, what, "%+v", last)
	return tabLine{}
}

// TestBrowserTabsAccount holds that the account of a tab closes to the byte
// whenever nothing moves, however it reads, and that nothing that it has read on
// earlier connections is forgotten.
func TestBrowserTabsAccount(t *testing.T) {
	p, page := openLoud(t)
	rate := func(perSecond string) {
		status, body := p.call("PATCH", "api/run", `{"ratePerSecond":`+perSecond+`}`)
		require.Equal(t, 200, status, body)
	}
	pause := func() { page.press(".own [data-action=ownPause][data-lane=pull]") }
	consumed := uint64(0)
	connection := ""
	for _, way := range []reader.Way{reader.Fetch, reader.EventSource, reader.DemandSocket} {
		t.Run(string(way), func(t *testing.T) {
			p.t, page.t = t, t
			page.choose(way)
			pause()
			<-time.After(time.Second) // some megabytes; a tab that cannot push back hangs up at 64 MiB
			rate("0")
			still := p.awaitTab("it does not close at rest", func(l tabLine) bool { return l.Gap == 0 && l.waiting() > 0 })
			require.Equal(t, "you (tab)", still.Reader)
			require.True(t, still.Connected && !still.Silent)
			require.NotEqual(t, connection, still.Connection)
			require.Greater(t, still.Consumed, consumed)
			require.Zero(t, still.Lost)
			report(t, "account of a paused tab, "+string(way), "%.0f KB: broker %.0f, lane %.0f, send queue %.0f, in flight %.0f, held in the tab %.0f",
				float64(still.waiting())/1e3, float64(still.Broker)/1e3, float64(still.Backlog)/1e3, float64(still.SendQueue)/1e3, float64(still.InFlight)/1e3, float64(still.Held)/1e3)

			pause()
			all := p.awaitTab("something still waits", func(l tabLine) bool { return l.Gap == 0 && l.waiting() == 0 })
			require.Equal(t, still.Consumed+still.waiting(), all.Consumed, "what waited is what came")
			require.Equal(t, still.Connection, all.Connection)
			connection, consumed = all.Connection, all.Consumed
			rate("1000")
		})
	}
	p.t, page.t = t, t
	require.Empty(t, page.problems.String())
}
