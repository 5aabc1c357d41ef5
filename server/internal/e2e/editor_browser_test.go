//go:build browser

package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"spillway/scenarios"
)

// swap selects a word of the editor's text and types another in its place.
func (p *tab) swap(old, word string) {
	p.t.Helper()
	require.True(p.t, eval[bool](p, fmt.Sprintf(`(() => {
		const text = document.getElementById("text"), at = text.value.indexOf(%[1]q)
		text.focus()
		text.setSelectionRange(at, at + %[1]q.length)
		return at >= 0
	})()`, old)), "the text has no %q", old)
	_, err := chromedp.Call(p.ctx, input.InsertText, input.InsertTextParams{Text: word})
	require.NoError(p.t, err)
}

// TestBrowserEditor changes the first lesson and runs what became of it.
func TestBrowserEditor(t *testing.T) {
	file, err := scenarios.Files.ReadFile("one-slow-reader.yaml")
	require.NoError(t, err)
	p := start(t, "--max-memory", "600MiB")
	page := openTab(t, openBrowser(t), p.URL+"edit?from=one-slow-reader", 1440, 900).focused()
	const value, disabled = `document.getElementById("text").value`, `document.getElementById("run").disabled`
	valid := func() {
		page.t.Helper()
		page.await(10*time.Second, `document.getElementById("status").textContent.startsWith("ok: ") && !`+disabled)
		require.Empty(page.t, page.shown("#errors li, #gutter .bad"))
	}
	valid()
	require.Equal(t, string(file), eval[string](page, value))

	// A wrong word is shown where it is, and replaced by what was meant.
	page.swap("strategy: push-buffered", "strategy: push-bufered")
	page.awaitShown("#status", "1 error")
	require.Regexp(t, `^✕ ?Line 15 .*push-bufered`, page.shown("#errors li > button:first-child"))
	require.Equal(t, "✕ 15", page.shown("#gutter .bad"))
	require.True(t, eval[bool](page, disabled))
	page.press("#errors li > button:first-child")
	require.Equal(t, "push-bufered", eval[string](page, `(t => t.value.slice(t.selectionStart, t.selectionEnd))(document.activeElement)`))
	page.press("#errors li > button + button")
	valid()
	require.Equal(t, string(file), eval[string](page, value))

	// What no server of this size could run is refused here and there.
	page.swap("limit: 256MiB", "limit: 301MiB")
	page.awaitShown("#errors li", "Line 17")
	page.awaitShown("#errors li", "300MiB")
	require.True(t, eval[bool](page, disabled))
	before := p.state().ID
	status, body := p.call(http.MethodPost, "api/run/script?from=one-slow-reader", eval[string](page, value))
	require.Equal(t, http.StatusUnprocessableEntity, status, body)
	require.Contains(t, body, `"line": 17`)
	require.Equal(t, before, p.state().ID)

	// What was typed outlives a reload, until Reset.
	page.do(chromedp.Reload())
	page.awaitShown("#restored", "What you had typed is back.")
	require.Contains(t, eval[string](page, value), "limit: 301MiB")
	page.awaitShown("#errors li", "Line 17")
	page.press("#reset")
	valid()
	require.Equal(t, string(file), eval[string](page, value))
	require.Empty(t, page.shown("#restored"))

	// It runs as it stands here, and the file stays as it was.
	page.swap("title: One slow reader", "title: Mine for a minute")
	page.swap("count: 200", "count: 3")
	valid()
	page.press("#run")
	page.arrives("/")
	page.live()
	r := p.steps()
	require.Equal(t, "playing", r.Steps.State)
	require.Contains(t, page.shown(".top .lesson"), "Mine for a minute")
	require.Equal(t, "3", page.text("[data-out=slowReaders]"))
	_, text := p.call(http.MethodGet, "lessons/one-slow-reader/file", "")
	require.Equal(t, string(file), text)

	// The way back leads to the text as it ran.
	require.Empty(t, page.shown(".place"), "it is none of the lessons")
	eval[bool](page, `(document.querySelector(".lesson a.steer").click(), true)`)
	page.arrives("/edit?from=one-slow-reader")
	page.awaitShown("#restored", "What you had typed is back.")
	require.Contains(t, eval[string](page, value), "title: Mine for a minute")
	require.Empty(t, page.problems.String())
}
