//go:build browser

package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"spillway/wasm/throttle"
)

// clientStats is what spillway.stats() says.
type clientStats struct {
	Frames            struct{ Count, P95, Max float64 }
	LongTasks         struct{ Count, Max float64 }
	Samples           struct{ Count, DelayP95, DelayMax float64 }
	Lanes             map[string]struct{ Bytes, Messages, Gaps, Repeats, BytesPerSecond float64 }
	FirstSampleMillis float64
}

func (p *tab) stats() clientStats {
	p.t.Helper()
	return eval[clientStats](p, "spillway.stats()")
}

// live waits for the page to show samples.
func (p *tab) live() {
	p.t.Helper()
	p.await(time.Minute, "globalThis.spillway && spillway.stats().samples.count > 5")
}

// slide moves a slider as a hand does.
func (p *tab) slide(selector string, value int) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf(`(() => {
		const s = document.querySelector(%q);
		s.value = %d;
		s.dispatchEvent(new Event("input", {bubbles: true}));
		s.dispatchEvent(new Event("change", {bubbles: true}));
		return true;
	})()`, selector, value))
}

// press clicks a button.
func (p *tab) press(selector string) {
	p.t.Helper()
	p.await(10*time.Second, fmt.Sprintf("document.querySelector(%q)", selector))
	eval[bool](p, fmt.Sprintf("(document.querySelector(%q).click(), true)", selector))
}

func (p *tab) text(selector string) string {
	p.t.Helper()
	return eval[string](p, fmt.Sprintf("document.querySelector(%q)?.textContent ?? ''", selector))
}

// TestBrowserLesson plays the default lesson through as a visitor does.
func TestBrowserLesson(t *testing.T) {
	p := start(t)
	browser := openBrowser(t)
	page := openTab(t, browser, p.URL, 1440, 900)
	page.live()
	// Once more, now that the browser has compiled the client: this is what
	// everybody but the first visitor sees.
	page.do(chromedp.Reload())
	page.live()
	calm := p.await(30*time.Second, "all readers are there", func(r runState) bool {
		return r.lane("push").Readers >= 211 && r.lane("pull").Readers >= 211 && r.ElapsedSeconds > 8
	})
	page.press(`[data-action=guess][data-guess=push]`)

	slowed := time.Now()
	page.slide("#throttle", throttle.Position(4000))
	p.await(10*time.Second, "the readers are slow", func(r runState) bool { return r.lane("pull").SlowAgeP50Seconds > 0.5 })
	dead := p.await(2*time.Minute, "push is killed", func(r runState) bool { return r.lane("push").State == "killed" })
	took := time.Since(slowed)
	require.Equal(t, 137, *dead.lane("push").ExitCode)
	require.Equal(t, "running", dead.lane("pull").State)

	page.await(5*time.Second, `document.querySelector("#status-push").textContent.includes("137")`)
	page.await(5*time.Second, `document.querySelector("[data-chart=push] .mark-kill")`)
	page.await(5*time.Second, `document.querySelector("#log").textContent.includes("exit code 137")`)
	page.await(5*time.Second, `document.querySelector("#verdict").textContent.includes("push ran out of memory")`)
	require.Contains(t, eval[string](page, `document.querySelector("#verdict").innerText`), "You said push.")
	stats := page.stats()
	pullAtDeath := p.state().lane("pull")

	// A reload shows the run as it is, the curve and its mark included.
	page.do(chromedp.Reload())
	page.live()
	require.Equal(t, dead.ID, p.state().ID)
	require.Contains(t, page.text("#status-push"), "137")
	page.await(5*time.Second, `document.querySelector("[data-chart=push] .mark-kill")`)
	page.await(5*time.Second, `document.querySelector("[data-chart=push] [data-part=rss]").getAttribute("d").length > 100`)

	page.press("[data-action=release]")
	after := p.await(time.Minute, "pull catches up", func(r runState) bool {
		for _, e := range r.Log {
			if strings.Contains(e.Text, "pull has caught up") {
				return true
			}
		}
		return false
	})
	pull := after.lane("pull")
	require.Equal(t, "running", pull.State)
	require.Zero(t, pull.Gaps, "messages lost on the pull lane")
	require.Zero(t, pull.Repeats, "messages repeated on the pull lane")

	page.press("#say-push [data-action=restart]")
	p.await(20*time.Second, "push is back with its readers", func(r runState) bool {
		return r.lane("push").State == "running" && r.lane("push").Readers >= 211
	})
	require.Empty(t, page.problems.String())

	report(t, "navigation to first live sample, warm", "%.0f ms", stats.FirstSampleMillis)
	report(t, "frame time of the main thread, p95", "%.1f ms of %d frames, longest %.0f", stats.Frames.P95, int(stats.Frames.Count), stats.Frames.Max)
	report(t, "tasks over 50 ms after the start", "%d, longest %.0f ms", int(stats.LongTasks.Count), stats.LongTasks.Max)
	report(t, "from taking a sample to the chart, p95", "%.0f ms of %d samples, longest %.0f", stats.Samples.DelayP95, int(stats.Samples.Count), stats.Samples.DelayMax)
	report(t, "from the throttle to the death", "%.1f s", took.Seconds())
	report(t, "RSS over the limit at the kill", "%.1f %%", 100*(float64(dead.lane("push").RSSBytes)/float64(dead.lane("push").LimitBytes)-1))
	report(t, "pull: RSS growth until push died, 200 slow readers", "%.1f MiB (from %.1f)", mebi(pullAtDeath.RSSBytes)-mebi(calm.lane("pull").RSSBytes), mebi(calm.lane("pull").RSSBytes))
	report(t, "pull: lost, repeated", "%d, %d", pull.Gaps, pull.Repeats)
}

// TestBrowserThrottle holds that the slider's rate is the rate at which the tab
// reads, and that the lane feels it.
func TestBrowserThrottle(t *testing.T) {
	const rate = 100_000.0 // bytes per second
	const span = 20 * time.Second
	p := start(t)
	page := openTab(t, openBrowser(t), p.URL, 1440, 900)
	page.live()
	// The tab alone, so that the lane's rate is its rate.
	status, body := p.call("PATCH", "api/run", `{"readers":{"slow":{"count":0},"healthy":{"count":0}}}`)
	require.Equal(t, 200, status, body)
	p.await(20*time.Second, "the crowd has left", func(r runState) bool {
		return r.lane("push").Readers == 1 && r.lane("pull").Readers == 1
	})
	position := throttle.Position(rate)
	require.InEpsilon(t, rate, float64(throttle.FromPosition(position)), 0.02)
	slowed := time.Now()
	page.slide("#throttle", position)
	p.await(40*time.Second, "the lane feels the throttle", func(r runState) bool {
		return float64(r.lane("pull").DeliveredBytesPerSecond) < 1.5*rate
	})
	felt := time.Since(slowed)

	before, laneBefore, began := page.stats(), p.state().lane("pull"), time.Now()
	<-time.After(span) // what is measured is a rate over a time
	after, laneAfter, took := page.stats(), p.state().lane("pull"), time.Since(began).Seconds()
	want := float64(throttle.FromPosition(position))
	for _, lane := range []string{"push", "pull"} {
		got := (after.Lanes[lane].Bytes - before.Lanes[lane].Bytes) / took
		require.InEpsilon(t, want, got, 0.10, "the tab's rate on %s", lane)
		require.Zero(t, after.Lanes[lane].Gaps)
		report(t, "throttle "+lane+": rate of the tab against the slider", "%.1f %%", 100*got/want)
	}
	const messageBytes = 8 << 10
	wrote := float64(laneAfter.DeliveredMessages-laneBefore.DeliveredMessages) * messageBytes / took
	report(t, "throttle pull: rate of the lane against the slider", "%.1f %%", 100*wrote/want)
	report(t, "throttle pull: felt by the lane after", "%.1f s", felt.Seconds())
	require.InEpsilon(t, want, wrote, 0.25, "the lane's rate") // what lies between comes in lumps of 2 MiB
	require.Empty(t, page.problems.String())
}

// TestBrowserTwoTabs holds that two pages show one run and do not disturb each
// other.
func TestBrowserTwoTabs(t *testing.T) {
	p := start(t)
	browser := openBrowser(t)
	one := openTab(t, browser, p.URL, 1440, 900)
	one.live()
	two := openTab(t, browser, p.URL, 390, 844)
	two.live()
	p.await(20*time.Second, "both tabs read from both lanes", func(r runState) bool {
		return r.lane("push").Readers == 212 && r.lane("pull").Readers == 212
	})
	one.slide("#throttle", throttle.Position(32_000))
	two.await(10*time.Second, fmt.Sprintf("document.querySelector('#throttle').value == %d", throttle.Position(32_000)))
	require.Equal(t, throttle.Rate(32_000).String(), two.text("[data-out=throttle]"))
	two.press("[data-action=release]")
	id := p.state().ID
	two.close()
	p.await(20*time.Second, "the closed tab's readers are gone", func(r runState) bool {
		return r.lane("push").Readers == 211 && r.lane("pull").Readers == 211
	})
	require.Equal(t, id, p.state().ID)
	before := one.stats().Samples.Count
	one.await(5*time.Second, "spillway.stats().samples.count > "+strconv.Itoa(int(before)+10))
	require.Zero(t, one.stats().Lanes["pull"].Gaps)
	require.Empty(t, one.problems.String())
}

// TestBrowserStopStart presses Stop and Start ten times and finds everything as
// it was.
func TestBrowserStopStart(t *testing.T) {
	p := start(t)
	page := openTab(t, openBrowser(t), p.URL, 1440, 900)
	page.live()
	running := func(r runState) bool {
		return r.State == "running" && r.lane("push").Readers == 211 && r.lane("pull").Readers == 211
	}
	p.await(20*time.Second, "the run is complete", running)
	processes := len(p.descendants())
	for range 10 {
		id := p.state().ID
		page.press("[data-action=stop]")
		page.await(15*time.Second, `document.body.dataset.state == "stopped"`)
		page.press("[data-action=start]")
		page.await(15*time.Second, `document.body.dataset.state == "running"`)
		require.NotEqual(t, id, p.state().ID)
	}
	p.await(30*time.Second, "the run is complete again", running)
	require.Equal(t, processes, len(p.descendants()), "processes")
	before := page.stats().Lanes["pull"].Messages
	page.await(10*time.Second, fmt.Sprintf("spillway.stats().lanes.pull.messages > %v", before))
	require.Empty(t, page.problems.String())
}
