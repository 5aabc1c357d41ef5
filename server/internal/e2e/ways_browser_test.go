//go:build browser

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
)

// loud is one lane that writes to the tab alone as much as the tab can take.
const loud = `version: 1
title: Ways to read
about: One reader in a tab.
statement: One lane writes to one tab.
question: Where is what the tab does not read?
lanes:
  pull: {source: redis-stream, strategy: pull-drain, transport: sse, send_buffer: 16KiB}
workload: {kind: fixed, rate: 10/s, size: 1KiB}
readers:
  slow: {count: 0}
  you: {rate: 1000/s, size: 8KiB}
`

// between is the account of one lane's connection from both ends, in bytes.
type between struct {
	Way, State    string
	Tab           float64
	Written, Read float64 // by the lane to this connection; by the tab from it
	Held          float64 // in the tab
}

func (b between) bytes() float64 { return b.Written - b.Read }

// account is what the page knows of the lane "pull". The two ends are looked at
// one after the other, so they are exact only when both stand still.
func (p *tab) account() between {
	p.t.Helper()
	return eval[between](p, `(() => {
		const l = spillway.stats().lanes.pull ?? {};
		return {way: l.way ?? "", state: l.state ?? "", tab: l.tab ?? 0, written: l.written ?? 0, read: l.tabBytes ?? 0, held: l.held ?? 0};
	})()`)
}

// settled waits until nothing moves at either end for a second.
func (p *tab) settled(limit time.Duration) between {
	p.t.Helper()
	last, since := p.account(), time.Now()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		<-time.After(100 * time.Millisecond)
		now := p.account()
		if now != last {
			last, since = now, time.Now()
		} else if time.Since(since) > time.Second && last.Written > 0 {
			return last
		}
	}
	require.FailNow(p.t, "it does not come to rest", "%+v", last)
	return last
}

// choose takes a way to read as a visitor does.
func (p *tab) choose(way reader.Way) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf(`(() => {
		const s = document.querySelector("select[data-way][data-lane=pull]");
		s.value = %q;
		s.dispatchEvent(new Event("input", {bubbles: true}));
		return true;
	})()`, way))
	p.await(20*time.Second, fmt.Sprintf(`(l => l.way == %q && l.state == "reading" && l.tabBytes > 200000)(spillway.stats().lanes.pull)`, way))
}

// openLoud runs the lane and opens a tab that reads as fast as it can.
func openLoud(t *testing.T) (*program, *tab) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "loud.yaml"), []byte(loud), 0o644))
	p := start(t, "--scenarios", dir, "--scenario", "loud")
	page := openTab(t, openBrowser(t), p.URL, 1440, 900)
	page.await(time.Minute, "globalThis.spillway && spillway.stats().lanes.pull?.bytes > 1e6")
	return p, page
}

// TestBrowserWays stops a reader that reads at full speed, in each way, and looks
// where the bytes are that the lane has written and the tab has not read.
func TestBrowserWays(t *testing.T) {
	_, page := openLoud(t)
	require.True(t, eval[bool](page, "crossOriginIsolated"), "or no thread can be blocked")
	pause := func() { page.press(".own [data-action=ownPause][data-lane=pull]") }
	for _, c := range []struct {
		way         reader.Way
		least, most float64 // bytes in between
	}{
		{reader.Fetch, 0, 1e9},
		{reader.BlockingSocket, 0, 1e9},
		{reader.SocketStream, 0, 1e9},
		{reader.DemandSocket, 0, 1e9},
	} {
		t.Run(string(c.way), func(t *testing.T) {
			page.t = t
			page.choose(c.way)
			pause()
			still := page.settled(30 * time.Second)
			require.Equal(t, "paused", still.State)
			report(t, "in between, "+string(c.way), "%.0f KB, of these held in the tab %.0f KB", still.bytes()/1e3, still.Held/1e3)
			require.GreaterOrEqual(t, still.bytes(), c.least)
			require.LessOrEqual(t, still.bytes(), c.most)
			require.LessOrEqual(t, still.Held, still.bytes())
			pause()
			page.await(20*time.Second, fmt.Sprintf("spillway.stats().lanes.pull.tabBytes > %v", still.Written))
		})
	}
	page.t = t
	require.Zero(t, page.stats().Lanes["pull"].Gaps)
	require.Zero(t, page.stats().Lanes["pull"].Repeats)
	require.Empty(t, page.problems.String())
}

// TestBrowserWaysThatDoNotPushBack holds that the tab fills up while the lane
// knows of nothing, and that it hangs up in time.
func TestBrowserWaysThatDoNotPushBack(t *testing.T) {
	for _, way := range []reader.Way{reader.EventSource, reader.Socket} {
		t.Run(string(way), func(t *testing.T) {
			p, page := openLoud(t)
			page.choose(way)
			page.press(".own [data-action=ownPause][data-lane=pull]")
			var most between
			var backlog uint64
			for deadline := time.Now().Add(time.Minute); ; <-time.After(20 * time.Millisecond) {
				require.True(t, time.Now().Before(deadline), "%+v", most)
				now := page.account()
				if now.State == "full" {
					break
				}
				if now.Held > most.Held {
					most = now
					backlog = max(backlog, p.state().lane("pull").BacklogBytes)
				}
			}
			report(t, "held, "+string(way), "%.1f MB of %.1f in between, backlog of the lane at most %.0f KB", most.Held/1e6, most.bytes()/1e6, float64(backlog)/1e3)
			require.Greater(t, most.Held, 0.5*reader.MaxHeldBytes)
			require.LessOrEqual(t, most.Held, float64(reader.MaxHeldBytes))
			page.awaitShown(".own-full", "64 MiB that nobody had read")
			require.Zero(t, page.account().Held, "what was held is let go of")
			require.Zero(t, page.account().Tab, "it has hung up, and stays away")
			require.Empty(t, page.problems.String())

			page.press("[data-action=ownPause][data-lane=pull]")
			page.press("[data-action=again][data-lane=pull]")
			page.await(20*time.Second, `(l => l.state == "reading" && l.tabBytes > 0)(spillway.stats().lanes.pull)`)
		})
	}
}
