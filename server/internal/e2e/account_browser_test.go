//go:build browser

package e2e

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// shownBand is a band as the page shows it, in one moment.
type shownBand struct {
	Parts                            map[string]float64 // bytes
	Produced, Waiting, Consumed, Gap float64
	Full, Line                       string
	Backlog, BacklogOfBand           string // beside its button, and what the band says
	Left, Right                      float64
}

func bandOn(p *tab, lane string) (b shownBand) {
	p.t.Helper()
	text := eval[string](p, `(() => {
		const svg = document.querySelector("#band-`+lane+` > svg"), told = svg.dataset, card = svg.closest(".account");
		const parts = Object.fromEntries([...svg.querySelectorAll("[data-bytes]")].map((e) => [e.dataset.place, Number(e.dataset.bytes)]));
		const box = svg.getBoundingClientRect();
		return JSON.stringify({
			parts, produced: +told.producedBytes, waiting: +told.waitingBytes, consumed: +told.consumedBytes, gap: +told.gapBytes,
			full: told.full, line: card.querySelector(".sum").innerText.replace(/\s+/g, " "),
			backlog: card.querySelector(".part [data-amount=backlog]").textContent, backlogOfBand: told.backlog, left: box.left, right: box.right,
		});
	})()`)
	require.NoError(p.t, json.Unmarshal([]byte(text), &b))
	return b
}

func stopReading(p *program) {
	p.t.Helper()
	status, body := p.call(http.MethodPatch, "api/run", `{"throttleBytesPerSecond":0}`)
	require.Equal(p.t, http.StatusOK, status, body)
}

// The parts in a band add up to what its line says, in both lanes on the same
// scale: push's bytes are in the lane, pull's in the broker.
func TestBrowserShowsWhereTheBytesAre(t *testing.T) {
	p := start(t)
	page := openTab(t, openBrowser(t), p.URL, 1440, 900).focused()
	page.live()
	stopReading(p)
	page.await(time.Minute, `["push", "pull"].every((l) => +document.querySelector("#band-" + l + " > svg").dataset.waitingBytes > 80 << 20)`) // send queues and what is in flight take some 25 MiB of it
	push, pull := bandOn(page, "push"), bandOn(page, "pull")
	for name, b := range map[string]shownBand{"push": push, "pull": pull} {
		sum := 0.0
		for _, bytes := range b.Parts {
			sum += bytes
		}
		require.Equal(t, b.Produced, sum+b.Consumed+b.Gap, name)
		require.Equal(t, b.Waiting, sum-b.Parts["lost"], name)
		require.Regexp(t, `^produced \S+ \S+ = waiting \S+ \S+ \+ lost \S+ \S+ \+ consumed \S+ \S+ · gap −?\S+ \S+$`, b.Line, name)
		require.Equal(t, b.BacklogOfBand, b.Backlog, "%s: the button says what the band says", name)
		require.Equal(t, push.Full, b.Full, "one scale")
		t.Logf("%s: %s; %v", name, b.Line, b.Parts)
	}
	require.InDelta(t, push.Right-push.Left, pull.Right-pull.Left, 1)
	require.InEpsilon(t, push.Waiting, pull.Waiting, 0.2, "as long as each other")
	require.Greater(t, push.Parts["backlog"], push.Waiting/2)
	require.Greater(t, pull.Parts["broker"], pull.Waiting/2)

	const button = `document.querySelector("[data-account=push] .part[data-place=backlog]")`
	const open = `document.getElementById("about-push-backlog").matches(":popover-open")`
	before := bandOn(page, "push").Backlog
	_ = eval[bool](page, `(`+button+`.focus(), true)`)
	page.await(20*time.Second, `document.querySelector("[data-account=push] .part [data-amount=backlog]").textContent != "`+before+`"`)
	require.True(t, eval[bool](page, `document.activeElement == `+button), "figures change and the focus stays")
	page.strike(kb.Enter)
	page.await(5*time.Second, open)
	require.Contains(t, eval[string](page, `document.getElementById("about-push-backlog").innerText`), "RSS at which the lane is killed (limit): 256 MiB")
	page.strike(kb.Escape)
	page.await(5*time.Second, "!"+open)
	require.True(t, eval[bool](page, `document.activeElement == `+button), "the focus is back")

	// A press on the segment opens the same.
	at := eval[[]float64](page, `(() => { const b = document.querySelector("#band-push [data-place=backlog]").getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; })()`)
	page.do(chromedp.MouseClickXY(at[0], at[1]))
	page.await(5*time.Second, open)
	page.strike(kb.Escape)
	page.await(5*time.Second, "!"+open)

	_ = eval[bool](page, `(document.querySelector("[data-over][data-lane=pull] > summary").click(), true)`)
	page.await(10*time.Second, `document.querySelector("#over-pull [data-place=broker] .fill")?.getAttribute("d").length > 20`)
	require.Empty(t, page.problems)
}

// The table of readers is sorted by what was asked for, is live, and keeps the
// focus.
func TestBrowserShowsEachReader(t *testing.T) {
	p := start(t)
	page := openTab(t, openBrowser(t), p.URL, 1440, 900).focused()
	page.live()
	stopReading(p)
	page.await(time.Minute, `+document.querySelector("#band-push > svg").dataset.waitingBytes > 20 << 20`)
	page.goes(p.URL + "lanes/push/readers")
	page.await(10*time.Second, `document.querySelectorAll("[data-reader]").length == 64`)
	require.Regexp(t, `^64 of 2\d\d shown`, eval[string](page, `document.getElementById("readers-told").innerText.trim()`))
	page.await(10*time.Second, `document.getElementById("readers-rows").innerText.includes("window is shut")`)

	_ = eval[bool](page, `([...document.querySelectorAll("thead a")].find((a) => a.textContent.includes("backlog")).click(), true)`)
	page.await(10*time.Second, `location.search == "?sort=backlog" && document.querySelector("[aria-sort=descending]")?.innerText.includes("backlog")`)
	const bytes = `(() => {
		const unit = { B: 1, KiB: 1024, MiB: 1024 ** 2 };
		return [...document.querySelectorAll("[data-reader]")].map((r) => { const [n, u] = r.cells[5].textContent.trim().split(" "); return parseFloat(n) * unit[u]; });
	})()`
	page.await(10*time.Second, `document.querySelectorAll("[data-reader]").length == 64`)
	shown := eval[[]float64](page, bytes)
	require.Greater(t, shown[0], 0.0)
	for i := 1; i < len(shown); i++ {
		require.GreaterOrEqual(t, shown[i-1]*1.02, shown[i], "row %d", i) // figures of a tenth of a second, an order of a second
	}

	_ = eval[bool](page, `(scrollTo(0, 300), document.querySelectorAll("thead a")[1].focus({ preventScroll: true }), globalThis.kept = document.querySelectorAll("[data-reader]")[5], globalThis.first = document.getElementById("readers-rows").innerText, true)`)
	page.await(10*time.Second, `document.getElementById("readers-rows").innerText != first`)
	require.True(t, eval[bool](page, `document.activeElement == document.querySelectorAll("thead a")[1] && scrollY == 300 && kept.isConnected`))
	require.Empty(t, page.problems)
}

// TestAccountScreenshots takes pictures of the band over time, of what is said of
// a part, and of the readers, alive and dead.
func TestAccountScreenshots(t *testing.T) {
	if *shots == "" {
		t.Skip("no -shots folder given")
	}
	p := start(t)
	page := openTab(t, openBrowser(t), p.URL, 1440, 900).focused()
	page.live()
	page.shootAll("a-calm")
	stopReading(p)
	page.await(time.Minute, `+document.querySelector("#band-pull > svg").dataset.waitingBytes > 40 << 20`)
	page.shootAll("a-slow")
	_ = eval[bool](page, `(document.querySelectorAll("[data-over] > summary").forEach((e) => e.click()), document.querySelector("[data-over]").scrollIntoView({ block: "center" }), true)`)
	page.await(10*time.Second, `document.querySelector("#over-pull [data-place=broker] .fill")`)
	page.shootSome("a-over")
	_ = eval[bool](page, `(document.querySelector("[data-account=pull] .part[data-place=broker]").click(), true)`)
	page.shootSome("a-part")
	page.goes(p.URL + "lanes/push/readers")
	page.await(10*time.Second, `document.querySelectorAll("[data-reader]").length == 64`)
	page.shootSome("a-readers")
	p.await(2*time.Minute, "push is killed", func(r runState) bool { return r.lane("push").State == "killed" })
	page.await(10*time.Second, `document.getElementById("readers-told").innerText.includes("does not run")`)
	page.shootSome("a-readers-dead")
	page.goes(p.URL)
	page.await(20*time.Second, `+document.querySelector("#band-push [data-place=lost]")?.dataset.bytes > 0`)
	page.shootAll("a-dead")
}
