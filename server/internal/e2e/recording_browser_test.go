//go:build browser

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/web/figure"
)

// TestBrowserRecording runs a scenario without a page, and then looks at what it
// left: the recording on the page, and the report as a file.
func TestBrowserRecording(t *testing.T) {
	dir := t.TempDir()
	tape, sheet := filepath.Join(dir, "death.ndjson"), filepath.Join(dir, "death.html")
	longer := strings.Replace(death, "thresholds:", "  - after: 1s\n    say: Pull lives on.\nthresholds:", 1)
	code, stdout, stderr := once(t, "run", scenario(t, "death", longer), "--record", tape, "--report", sheet)
	require.Zero(t, code, "%s\n%s", stdout, stderr)
	browser := openBrowser(t)
	t.Run("on the page", func(t *testing.T) { watchRecording(t, browser, tape) })
	t.Run("as a report", func(t *testing.T) { readReport(t, browser, sheet) })
}

func readTape(t *testing.T, tape string) *record.Recording {
	t.Helper()
	rec, err := record.Read(bytes.NewReader(readFile(t, tape)), record.ReadOptions{Vocabulary: run.Vocabulary})
	require.NoError(t, err)
	return rec
}

// curve is how long the drawn memory of a lane is, in characters of its path.
const curve = `document.querySelector("[data-chart=push] [data-part=rss]").getAttribute("d").length`

func watchRecording(t *testing.T, browser context.Context, tape string) {
	rec := readTape(t, tape)
	last := rec.Moments[len(rec.Moments)-1]
	p := startCommand(t, exec.Command(binary, "replay", tape, "--listen", "0.0.0.0:0"))
	entrance := p.URL
	u, err := url.Parse(entrance)
	require.NoError(t, err)
	p.URL = "http://" + u.Host + "/"
	at := func() float64 { return p.state().ElapsedSeconds }
	end := last.Elapsed.Seconds()

	page := openTab(t, browser, entrance, 1440, 900).focused()
	page.arrives("/")
	page.await(patience, `document.body.dataset.link == "up"`)
	room := openTab(t, browser, p.URL, 1440, 900, chromedp.WithNewBrowserContext()).focused()
	room.await(patience, `document.body.dataset.link == "up"`)

	// Its last moment has the words and figures that were recorded.
	page.strike(kb.End)
	for _, tab := range []*tab{page, room} {
		for i, l := range last.Lanes {
			tab.awaitShown("#status-"+l.Name, l.Status)
			tab.awaitShown("#say-"+l.Name+" p", l.Say)
			for _, f := range append(figure.All, figure.Memory...) {
				tab.await(10*time.Second, fmt.Sprintf(`document.querySelector("[data-live='%s.%s']").textContent == %q`, l.Name, f.Key, f.Text(last.Sample.Lanes[i])))
			}
			require.Equal(t, figure.RSS(last.Sample.Lanes[i]), tab.text(fmt.Sprintf("[data-live='%s.rss']", l.Name)))
		}
		require.Contains(t, tab.shown("#log li:first-child"), last.Log[len(last.Log)-1].Text)
		require.Contains(t, tab.text("#verdict"), last.Verdict.Title)
		require.Contains(t, tab.shown("#script p"), "Played to its end")
		tab.await(10*time.Second, curve+" > 100")
		tab.await(10*time.Second, `document.querySelector("[data-chart=push] .mark-kill")`)
	}
	require.InDelta(t, end, at(), 0.01)

	// Back at the beginning nothing of it has happened.
	page.strike(kb.Home)
	for _, tab := range []*tab{page, room} {
		tab.await(10*time.Second, curve+" < 100")
		tab.await(10*time.Second, `!document.querySelector("[data-chart=push] .mark-kill")`)
		tab.await(10*time.Second, `!document.querySelector("#status-push").textContent.includes("killed")`)
	}
	page.strike(kb.ArrowRight)
	require.Eventually(t, func() bool { return at() >= min(5, end)-0.1 }, patience, 20*time.Millisecond)
	page.strike(kb.Home)

	// A jump leads to the death.
	page.await(10*time.Second, `[...document.querySelectorAll("[data-action=jump]")].some(e => e.textContent.includes("push was killed"))`)
	eval[bool](page, `([...document.querySelectorAll("[data-action=jump]")].find(e => e.textContent.includes("push was killed")).click(), true)`)
	for _, tab := range []*tab{page, room} {
		tab.awaitShown("#status-push", "137")
		tab.await(10*time.Second, curve+" > 100")
	}
	require.Less(t, at(), end-0.5)

	// Space plays and pauses, slowly here, so that it is not over before.
	speed := func(key, want string) {
		t.Helper()
		eval[bool](page, `(document.activeElement.blur(), true)`)
		page.tabTo("#replay-speed")
		page.strike(key)
		page.await(10*time.Second, fmt.Sprintf(`document.querySelector("#replay-state [data-speed]").dataset.speed == %q`, want))
		eval[bool](page, `(document.activeElement.blur(), true)`)
		page.strike(kb.Home)
		require.Eventually(t, func() bool { return at() < 0.2 }, patience, 20*time.Millisecond)
	}
	speed("0", "0.5")
	page.strike(" ")
	require.Eventually(t, func() bool { return at() > 0.5 }, patience, 20*time.Millisecond)
	page.await(10*time.Second, `document.getElementById("replay-play").getAttribute("aria-pressed") == "false"`)
	page.strike(" ")
	page.await(10*time.Second, `document.getElementById("replay-play").getAttribute("aria-pressed") == "true"`)
	stays := at()
	require.Less(t, stays, end)
	page.do(chromedp.Reload())
	page.await(patience, `document.body.dataset.link == "up"`)
	require.Equal(t, stays, at(), "it is paused")

	// At four times the pace it is over sooner.
	speed("4", "4")
	began := time.Now()
	page.strike(" ")
	require.Eventually(t, func() bool { return at() >= end-0.001 }, patience, 20*time.Millisecond)
	require.Less(t, time.Since(began).Seconds(), end/2)
	report(t, "replay: seconds for a recording at speed 4", "%.1f of %.1f", time.Since(began).Seconds(), end)

	// Nothing runs, and nothing can be run. Who watches has nothing to press.
	require.Empty(t, p.descendants())
	const controls = `[data-action]:is([data-action=start], [data-action=stop], [data-action=reset], [data-action=pause], [data-action=play], [data-action=stopsteps], [data-action=continue], [data-action=restart], [data-action=release], [data-action=doit], [data-action=guess], [data-action=each], [data-action=ownPause]), [data-set]`
	require.Empty(t, page.shown(controls))
	require.Empty(t, room.shown(controls))
	require.Empty(t, room.shown("#replay :is(button, input, select)"))
	room.strike(kb.Home, " ")
	room.press("[data-action=help]")
	require.InDelta(t, end, at(), 0.001, "the room moves nothing")
	status, body := p.call("POST", "api/run/start", "")
	require.Equal(t, 403, status, body)
	page.fits(p.URL)
	page.do(chromedp.EmulateViewport(390, 844))
	require.Less(t, eval[float64](page, `document.querySelector(".replay-head").offsetHeight`), 60.0, "one row on a phone")
	for _, tab := range []*tab{page, room} {
		require.Empty(t, tab.problems.String())
	}
}

func readReport(t *testing.T, browser context.Context, sheet string) {
	info, err := os.Stat(sheet)
	require.NoError(t, err)
	require.LessOrEqual(t, info.Size(), int64(1<<20))
	report(t, "report: size", "%d KiB", info.Size()>>10)
	address := "file://" + sheet
	page, traffic, _ := openListeningTab(t, browser, address)
	require.Contains(t, page.shown("h1"), "Headless")
	require.Contains(t, page.shown("main"), "exit code 137")
	require.Equal(t, 2, eval[int](page, `[...document.querySelectorAll("svg path[class]")].filter(e => e.getTotalLength() > 100 && e.closest("figure, .chart")).length >= 2 ? 2 : 0`), "curves are drawn")
	pdf, err := chromedp.Run(page.ctx, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4)))
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))
	require.Greater(t, len(pdf), 20<<10, "a page with charts on it")
	report(t, "report: size as PDF", "%d KiB", len(pdf)>>10)
	page.fits(address)
	for asked := range strings.Lines(traffic.String()) {
		if asked = strings.TrimSpace(asked); !strings.HasPrefix(asked, "data:") {
			require.Equal(t, address, asked, "the report asks for nothing but itself")
		}
	}
	require.Empty(t, page.problems.String())
}
