//go:build browser

package e2e

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
workload: {kind: fixed, rate: 1000/s, size: 8KiB}
readers:
  slow: {count: 0}
`

// messageBytes is the size of its messages, with room for what is around them.
const messageBytes = 8<<10 + 256

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

// kernelBytes are what waits in the kernel between a lane and those who read it:
// the lane's send queues and their receive queues, as Linux lists them.
func kernelBytes(t *testing.T, stream string) (send, receive float64) {
	t.Helper()
	u, err := url.Parse(stream)
	require.NoError(t, err)
	port, err := strconv.Atoi(u.Port())
	require.NoError(t, err)
	lane := fmt.Sprintf(":%04X", port)
	table, err := os.ReadFile("/proc/net/tcp")
	require.NoError(t, err)
	for line := range strings.Lines(string(table)) {
		column := strings.Fields(line)
		const local, remote, state, queues = 1, 2, 3, 4
		if column[state] != "01" { // established; an earlier one may still be closing
			continue
		}
		tx, rx, _ := strings.Cut(column[queues], ":")
		number := func(hex string) float64 {
			n, _ := strconv.ParseUint(hex, 16, 64) // the head of the table has words
			return float64(n)
		}
		switch {
		case strings.HasSuffix(column[local], lane):
			send += number(tx)
		case strings.HasSuffix(column[remote], lane):
			receive += number(rx)
		}
	}
	return send, receive
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
	p, page := openLoud(t)
	require.True(t, eval[bool](page, "crossOriginIsolated"), "or no thread can be blocked")
	pause := func() { page.press(".own [data-action=ownPause][data-lane=pull]") }
	for _, c := range []struct {
		way         reader.Way
		least, most float64 // bytes between the kernel and whoever reads, measured, give or take a factor of 1.5
	}{
		{reader.Fetch, 2 << 20 / 1.5, 2 << 20 * 1.5}, // its pipe
		// A WebSocket has a pipe of 128 KiB, and as much again when a piece was read
		// for it and found the pipe full.
		{reader.BlockingSocket, 115e3 / 1.5, 246e3 * 1.5},
		{reader.SocketStream, 115e3 / 1.5, 246e3 * 1.5},
		{reader.DemandSocket, 0, 0},
	} {
		t.Run(string(c.way), func(t *testing.T) {
			page.t = t
			page.choose(c.way)
			pause()
			still := page.settled(30 * time.Second)
			require.Equal(t, "paused", still.State)
			send, receive := kernelBytes(t, p.state().lane("pull").StreamURL)
			report(t, "in between, "+string(c.way), "%.0f KB: send queue %.0f, receive queue %.0f, held in the tab %.0f, in the browser %.0f",
				still.bytes()/1e3, send/1e3, receive/1e3, still.Held/1e3, (still.bytes()-send-receive-still.Held)/1e3)
			browser := still.bytes() - send - receive - still.Held
			require.GreaterOrEqual(t, browser, c.least)
			require.LessOrEqual(t, browser, c.most)
			if c.way == reader.DemandSocket {
				require.LessOrEqual(t, still.bytes(), float64(reader.WindowBytes))
				require.GreaterOrEqual(t, still.Held, float64(reader.WindowBytes/4-messageBytes), "it asks again when three quarters are read")
			} else {
				require.Less(t, still.Held, 128e3, "some messages that came while the thread was let go")
				// 16 KiB of send buffer, which the kernel doubles and counts generously, and a
				// receive buffer that it tunes by itself: 0.1 to 4.2 MB were seen.
				require.LessOrEqual(t, send, 128e3)
				require.LessOrEqual(t, receive, 1.5*4.2e6)
			}
			pause()
			page.await(20*time.Second, fmt.Sprintf("spillway.stats().lanes.pull.tabBytes > %v", still.Written))
		})
	}
	page.t = t
	require.Zero(t, page.stats().Lanes["pull"].Gaps)
	require.Zero(t, page.stats().Lanes["pull"].Repeats)
	require.Empty(t, page.problems.String())
}

// TestBrowserWaysAgree holds that both ends count the same: when nothing more is
// written and all is read, nothing is in between, whatever the way.
func TestBrowserWaysAgree(t *testing.T) {
	p, page := openLoud(t)
	rate := func(perSecond string) {
		status, body := p.call("PATCH", "api/run", `{"ratePerSecond":`+perSecond+`}`)
		require.Equal(t, 200, status, body)
	}
	for _, way := range reader.Ways {
		t.Run(string(way), func(t *testing.T) {
			page.t = t
			page.choose(way)
			rate("0")
			still := page.settled(30 * time.Second)
			require.Equal(t, still.Written, still.Read)
			require.Zero(t, still.Held)
			rate("1000")
		})
	}
	page.t = t
	require.Zero(t, page.stats().Lanes["pull"].Gaps)
	require.Zero(t, page.stats().Lanes["pull"].Repeats)
	require.Empty(t, page.problems.String())
}

// TestBrowserWaysOfALAN holds that a page that may not share memory, as on plain
// HTTP from another machine, says so and offers the other ways.
func TestBrowserWaysOfALAN(t *testing.T) {
	host := lanAddress(t)
	dir := t.TempDir()
	blocked := strings.Replace(loud, "  slow: {count: 0}\n", "  slow: {count: 0}\n  you: {read: websocket-blocking}\n", 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "loud.yaml"), []byte(blocked), 0o644))
	p := start(t, "--scenarios", dir, "--scenario", "loud", "--listen", host+":0")
	u, err := url.Parse(p.URL)
	require.NoError(t, err)
	page := openTab(t, openBrowser(t), "http://"+net.JoinHostPort(host, u.Port())+"/", 390, 844)
	page.await(time.Minute, "globalThis.spillway && spillway.stats().lanes.pull?.bytes > 1e6")
	require.False(t, eval[bool](page, "crossOriginIsolated"))
	require.Equal(t, "WebSocket, thread blocked (needs a page from localhost or https)", page.text("[data-lane=pull] option:disabled"))
	require.Equal(t, "fetch", page.account().Way, "what every browser has, instead of what the scenario says")
	page.choose(reader.SocketStream)
	require.GreaterOrEqual(t, eval[float64](page, `document.querySelector("select[data-way]").getBoundingClientRect().height`), 44.0, "for a finger")
	require.LessOrEqual(t, eval[float64](page, `document.documentElement.scrollWidth`), 390.0)
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
			require.Less(t, backlog, uint64(1<<20), "the lane knows of nothing")
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
