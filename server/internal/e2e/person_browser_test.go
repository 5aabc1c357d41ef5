//go:build browser

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// openListeningTab is openTab with an ear on the wire: traffic has the addresses
// that the page asked for, frames what came over its WebSockets.
func openListeningTab(t *testing.T, browser context.Context, url string, options ...chromedp.ContextOption) (p *tab, traffic, frames *output) {
	t.Helper()
	p = openTab(t, browser, "about:blank", 1440, 900, options...)
	traffic, frames = &output{}, &output{}
	_, err := chromedp.Call(p.ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	require.NoError(t, chromedp.Listen(p.ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			fmt.Fprintln(traffic, e.Request.URL)
		case *network.EventWebSocketFrameReceived:
			fmt.Fprintf(frames, "%s\n", e.Response.PayloadData)
		}
	}))
	p.do(chromedp.Navigate(url))
	return p, traffic, frames
}

// focused makes the tab behave as the one in front, whatever other tabs there
// are: keys arrive, and elements can have the focus.
func (p *tab) focused() *tab {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	require.NoError(p.t, err)
	return p
}

// strike presses keys as a hand does.
func (p *tab) strike(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		p.do(chromedp.KeyEvent(key))
	}
}

// tabTo presses Tab until the focus is on what is meant, as somebody without a
// mouse does.
func (p *tab) tabTo(selector string) {
	p.t.Helper()
	for range 150 {
		p.strike("\t")
		if eval[bool](p, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			require.True(p.t, eval[bool](p, `document.activeElement.matches(":focus-visible")`), "the focus is shown")
			return
		}
	}
	require.FailNow(p.t, "Tab does not come to "+selector, eval[string](p, "document.activeElement.outerHTML"))
}

// arrives waits for the tab to show another page. While it goes there, nothing in
// it can be asked.
func (p *tab) arrives(path string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	var at string
	require.Eventually(p.t, func() bool {
		at, _ = chromedp.Run(ctx, chromedp.Evaluate[string](`document.readyState == "complete" ? location.pathname + location.search : ""`))
		return at == path
	}, patience, 20*time.Millisecond, "the tab does not come to %s", path)
}

// goes opens another page in the tab.
func (p *tab) goes(url string) {
	p.t.Helper()
	p.do(chromedp.Navigate(url))
}

// shown is the text of what is visible and matches, joined by a bar.
func (p *tab) shown(selector string) string {
	p.t.Helper()
	text := eval[string](p, fmt.Sprintf(`[...document.querySelectorAll(%q)].filter(e => e.checkVisibility()).map(e => e.textContent).join(" | ")`, selector))
	return strings.Join(strings.Fields(text), " ")
}

// awaitShown waits for visible text.
func (p *tab) awaitShown(selector, part string) {
	p.t.Helper()
	p.await(10*time.Second, fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.checkVisibility() && e.textContent.replace(/\s+/g, " ").includes(%q))`, selector, part))
}

// fits tells that a page needs no scrolling to the side on a phone.
func (p *tab) fits(url string) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(390, 844))
	p.goes(url)
	wide := eval[string](p, `(() => {
		if (document.documentElement.scrollWidth <= innerWidth) return ""
		const kept = e => { for (; e; e = e.parentElement) if (getComputedStyle(e).overflowX != "visible") return true }
		const over = e => e.checkVisibility() && !kept(e) && (e.getBoundingClientRect().right > innerWidth || e.scrollWidth > e.clientWidth)
		return [...document.querySelectorAll("body *")].filter(over).map(e => e.outerHTML.slice(0, 200)).join("\n") || "the page"
	})()`)
	require.Empty(p.t, wide, "%s is wider than a phone", url)
	p.do(chromedp.EmulateViewport(1440, 900))
}
