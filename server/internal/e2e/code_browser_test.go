//go:build browser

package e2e

import (
	"encoding/json"
	"flag"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

var codeShots = flag.String("code-shots", "", "folder for pictures of the code that waits")

// waits is what GET /api/run/lanes/NAME/code says, as far as tests need it.
type waits struct {
	Looked     bool
	Goroutines uint64
	CostMicros uint64
	Parked     []struct {
		File, Text, Reason string
		Line, Count        uint64
		Via                []struct{ Text string }
	}
}

// at is how many wait at the lines that say text, or have gone on from there.
func (w waits) at(text string) (n uint64) {
	for _, p := range w.Parked {
		hit := strings.Contains(p.Text, text)
		for _, v := range p.Via {
			hit = hit || strings.Contains(v.Text, text)
		}
		if hit && p.Reason != "running" {
			n += p.Count
		}
	}
	return n
}

func (p *program) code(lane string) (w waits) {
	p.t.Helper()
	status, body := p.call(http.MethodGet, "api/run/lanes/"+lane+"/code", "")
	require.Equal(p.t, http.StatusOK, status, body)
	require.NoError(p.t, json.Unmarshal([]byte(body), &w))
	return w
}

// stalled is how many readers of each lane have a write that waits for room, by
// the lane's own count.
func (p *program) stalled() map[string]uint64 {
	p.t.Helper()
	var run struct {
		Lanes []struct {
			Name           string
			StalledReaders uint64
		}
	}
	status, body := p.call(http.MethodGet, "api/run", "")
	require.Equal(p.t, http.StatusOK, status, body)
	require.NoError(p.t, json.Unmarshal([]byte(body), &run))
	out := make(map[string]uint64)
	for _, l := range run.Lanes {
		out[l.Name] = l.StalledReaders
	}
	return out
}

const (
	atSend  = "out.SendAll(ctx, "
	atQueue = "waiting.next(ctx, &next)"
)

// badge is the number beside the line of a lane's source that contains a text.
func badge(lane, text string) string {
	return `(() => {
		const line = [...document.querySelectorAll('[data-code=` + lane + `] [data-line]')].find((e) => e.querySelector("code").textContent.includes("` + text + `"));
		return Number(line?.querySelector(".parked").textContent || 0);
	})()`
}

// Who reads nothing is found at the write, in both lanes, and the page says so in
// the same second as the numbers of the lane.
func TestBrowserShowsTheCodeThatWaits(t *testing.T) {
	p := start(t)
	page := openTab(t, openBrowser(t), p.URL, 1440, 900)
	page.await(startLimit, "document.documentElement.dataset.ready !== undefined || document.body.dataset.link === 'up'")
	p.await(startLimit, "all readers are there", func(r runState) bool {
		return r.State == "running" && r.lane("push").Readers >= 210 && r.lane("pull").Readers >= 210
	})
	for _, lane := range []string{"push", "pull"} {
		require.Zero(t, eval[int](page, "document.querySelectorAll('[data-code="+lane+"] [data-line]').length"), "nothing is fetched before it is asked for")
		page.await(10*time.Second, "document.querySelector('[data-code="+lane+"] > summary')")
		_ = eval[bool](page, "(document.querySelector('[data-code="+lane+"] > summary').click(), true)")
		page.await(10*time.Second, "document.querySelectorAll('[data-code="+lane+"] [data-line]').length > 30")
	}

	// Nothing is slow: the queue is empty, and there they wait.
	page.await(20*time.Second, badge("push", atQueue)+" >= 200")
	page.await(10*time.Second, "document.querySelector('#code-push [data-main]').textContent.includes('"+atQueue+"')")

	status, body := p.call(http.MethodPatch, "api/run", `{"throttleBytesPerSecond":0}`)
	require.Equal(t, http.StatusOK, status, body)
	p.await(30*time.Second, "the slow readers stall", func(runState) bool {
		now := p.stalled()
		return now["push"] >= 200 && now["pull"] >= 200
	})
	for _, lane := range []string{"push", "pull"} {
		page.await(5*time.Second, badge(lane, atSend)+" >= 200")
		stalled := float64(p.stalled()[lane])
		require.InDelta(t, stalled, eval[float64](page, badge(lane, atSend)), 12, lane)
		code := p.code(lane)
		require.True(t, code.Looked)
		require.InDelta(t, stalled, float64(code.at(atSend)), 12, lane)
		require.NotZero(t, code.CostMicros)
		t.Logf("%s: %d goroutines, %d wait at Send, %d readers stalled; looking cost %d µs", lane, code.Goroutines, code.at(atSend), int(stalled), code.CostMicros)
		page.await(5*time.Second, "document.querySelector('#code-"+lane+" [data-main]').textContent.includes('"+atSend+"')")
		page.await(5*time.Second, "document.getElementById('code-cost-"+lane+"').textContent.includes(' ms ')")
	}

	// The explanation is read with the keyboard too.
	_ = eval[bool](page, `([...document.querySelectorAll("[data-code=pull] .parked > span")].find((e) => e.closest("[data-line]").textContent.includes("`+atSend+`")).focus(), true)`)
	page.await(5*time.Second, `document.getElementById("why-pull").textContent.includes("The kernel has no room for this reader")`)
	require.Equal(t, 1, eval[int](page, `new Set([...document.querySelectorAll(".code-line")].map((e) => e.getBoundingClientRect().height)).size`), "a line with a number is as high as one without")
	require.True(t, eval[bool](page, `[...document.querySelectorAll(".lane")].every((card) => card.querySelector(".code-words").getBoundingClientRect().bottom <= card.querySelector(".own").getBoundingClientRect().top + 1)`), "the fold lies over the reader below it")
	require.True(t, eval[bool](page, `(() => {
		const box = document.querySelector("[data-code=push] .code-box").getBoundingClientRect();
		const line = [...document.querySelectorAll("[data-code=push] [data-line] code")].find((e) => e.textContent.includes("`+atQueue+`")).getBoundingClientRect();
		return line.top >= box.top && line.bottom <= box.bottom;
	})()`), "the box shows the line that says most")
	page.do(chromedp.EmulateViewport(390, 844))
	require.LessOrEqual(t, eval[int](page, "document.documentElement.scrollWidth"), 390)
	page.do(chromedp.EmulateViewport(1440, 900))
	if *codeShots != "" {
		_ = eval[bool](page, "(document.querySelector('[data-code=push]').scrollIntoView(), true)")
		page.shoot(*codeShots, "stage-1440")
	}
	require.Empty(t, page.problems.String())
}

// Two lanes side by side: every line that differs is marked, the numbers move,
// and on a phone the code scrolls and the page does not.
func TestBrowserComparesTheCode(t *testing.T) {
	p := start(t)
	page := openTab(t, openBrowser(t), p.URL+"code?left=push&right=pull", 1920, 1080)
	page.await(10*time.Second, "document.querySelectorAll('.code-line').length > 50")
	p.call(http.MethodPost, "api/run/start", "")
	page.await(startLimit, badge("push", "in.Next(ctx)")+" >= 210 && "+badge("pull", "in.Next(ctx)")+" >= 1")
	p.call(http.MethodPatch, "api/run", `{"throttleBytesPerSecond":0}`)
	page.await(30*time.Second, badge("push", atSend)+" >= 200 && "+badge("pull", atSend)+" >= 200")
	require.True(t, eval[bool](page, `[...document.querySelectorAll("[data-code=push] [data-change=only] code")].some((e) => e.textContent.includes("newQueue()"))`))
	require.Equal(t, "−", eval[string](page, `getComputedStyle(document.querySelector("[data-code=push] [data-change=only]"), "::before").content.replaceAll('"', "")`))
	require.Equal(t, "+", eval[string](page, `getComputedStyle(document.querySelector("[data-code=pull] [data-change=only]"), "::before").content.replaceAll('"', "")`))
	beside := `(() => {
		const tops = (lane) => [...document.querySelectorAll("[data-code=" + lane + "] .code-file:first-of-type li")].map((e) => Math.round(e.getBoundingClientRect().top));
		const [a, b] = [tops("push"), tops("pull")];
		return a.length === b.length && a.every((y, i) => Math.abs(y - b[i]) <= 1);
	})()`
	require.True(t, eval[bool](page, beside), "lines stand beside each other")
	if *codeShots != "" {
		page.shoot(*codeShots, "compare-1920")
	}
	phone := openTab(t, page.ctx, p.URL+"code?left=push&right=pull", 390, 844)
	phone.await(20*time.Second, badge("push", atSend)+" >= 200")
	require.LessOrEqual(t, eval[int](phone, "document.documentElement.scrollWidth"), 390)
	require.True(t, eval[bool](phone, "(() => { const box = document.querySelector('.code-box'); return box.scrollWidth > box.clientWidth })()"))
	if *codeShots != "" {
		phone.shoot(*codeShots, "compare-390")
	}
	require.Empty(t, page.problems.String()+phone.problems.String())
}
