//go:build browser

package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestBrowserComparison chooses three strategies, watches the table fill, and sorts
// it with the keyboard meanwhile. A stage that is open says where to look, and
// comes back by itself.
func TestBrowserComparison(t *testing.T) {
	p := start(t)
	browser := openBrowser(t)
	stage := openTab(t, browser, p.URL, 1440, 900)
	stage.await(time.Minute, `document.querySelectorAll(".lane").length === 2`)
	page := openTab(t, browser, p.URL+"compare", 1440, 900)
	page.await(time.Minute, `document.querySelectorAll("[name=strategy]:checked").length > 10`)
	eval[bool](page, `document.querySelector(".compare-begin details").open = true`)
	eval[bool](page, `document.querySelectorAll("[name=strategy]").forEach((e) => e.checked = ["block", "drop", "latest"].includes(e.value)) ?? true`)
	eval[string](page, `document.getElementById("seconds").value = "8"`)
	eval[bool](page, `document.getElementById("begin").click() ?? true`)

	page.await(time.Minute, `document.querySelectorAll(".compare-table tbody tr").length === 3`)
	require.True(t, eval[bool](page, `document.getElementById("begin").disabled`), "one at a time")
	stage.await(time.Minute, `document.body.textContent.includes("Strategies are being compared")`)

	// Whoever stands on a head of the table stays there, whatever changes.
	page.do(chromedp.Focus(`[data-sort=rss]`), chromedp.KeyEvent("\r"))
	page.await(10*time.Second, `document.querySelector("[data-sort=rss]").parentElement.ariaSort === "ascending"`)
	require.Equal(t, "rss", eval[string](page, `document.activeElement.dataset.sort`))
	page.do(chromedp.KeyEvent("\r"))
	page.await(10*time.Second, `document.querySelector("[data-sort=rss]").parentElement.ariaSort === "descending"`)
	require.Equal(t, "rss", eval[string](page, `document.activeElement.dataset.sort`))
	require.Contains(t, eval[string](page, `location.search`), "turned=true")
	page.do(chromedp.Focus(`[data-strategy=drop] th a`))
	eval[string](page, `window.was = document.getElementById("compare-status").textContent`)
	page.await(20*time.Second, `document.getElementById("compare-status").textContent !== window.was`)
	require.Equal(t, "#explain-drop", eval[string](page, `document.activeElement.getAttribute("href")`))
	sorted := eval[bool](page, `(() => {
		const bytes = [...document.querySelectorAll(".compare-table tbody tr")].map((r) => parseFloat(r.cells[2].textContent));
		return bytes.every((v, i) => i === 0 || bytes[i - 1] >= v);
	})()`)
	require.True(t, sorted)

	page.await(time.Minute, `document.getElementById("compare-status").dataset.playing === "false"`)
	require.Contains(t, eval[string](page, `document.getElementById("compare-status").textContent`), "Finished: 3 strategies")
	require.False(t, eval[bool](page, `document.getElementById("begin").disabled`))
	require.NotNil(t, eval[*string](page, `document.querySelector("#compare-actions a[download]")?.href`))
	require.Equal(t, "completed", p.compared().State)
	stage.await(time.Minute, `document.querySelectorAll(".lane").length === 2`)

	page.do(chromedp.EmulateViewport(390, 844))
	page.await(10*time.Second, `innerWidth === 390`)
	require.LessOrEqual(t, eval[int](page, `document.documentElement.scrollWidth`), 390, "the table scrolls by itself, the page does not")
	require.Empty(t, page.problems.String())
	require.Empty(t, stage.problems.String())
}

// TestBrowserHeap takes two snapshots with the page's own button and compares them.
func TestBrowserHeap(t *testing.T) {
	p := start(t)
	browser := openBrowser(t)
	stage := openTab(t, browser, p.URL, 1440, 900)
	stage.await(time.Minute, `document.querySelector("[data-lane-card=push] a[href='/lanes/push/heap']")?.checkVisibility()`)
	p.await(time.Minute, "push has its readers", func(r runState) bool { return r.lane("push").Readers >= 210 })
	page := openTab(t, browser, p.URL+"lanes/push/heap", 1440, 900)
	take := `document.querySelector("main form button.first").click() ?? true`
	eval[bool](page, take)
	page.await(time.Minute, `document.querySelectorAll(".site-table tbody tr").length > 3`)
	require.Zero(t, eval[int](page, `document.querySelectorAll("#with").length`), "there is nothing to compare it with")
	eval[bool](page, take)
	page.await(time.Minute, `document.querySelector("#with")`)
	eval[bool](page, `document.querySelector(".compare-form button").click() ?? true`)
	page.await(time.Minute, `document.querySelector("#growth-sentence")?.textContent.startsWith("From #1")`)
	require.Contains(t, eval[string](page, `location.search`), "with=1")
	require.Equal(t, "/lanes/push/heap/2.pb.gz", eval[string](page, `document.querySelector("a.button[download]").getAttribute("href")`))
	widest := eval[float64](page, `Math.max(...[...document.querySelectorAll(".share rect")].map((e) => e.getBoundingClientRect().width))`)
	require.Positive(t, widest, "the shares are drawn")
	page.do(chromedp.EmulateViewport(390, 844))
	page.await(10*time.Second, `innerWidth === 390`)
	require.LessOrEqual(t, eval[int](page, `document.documentElement.scrollWidth`), 390)
	require.Empty(t, page.problems.String())
}
