//go:build browser

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// acceptAll has the browser take a certificate that nobody vouches for, as a
// person does who opens the lane once.
var acceptAll = chromedp.Flag("ignore-certificate-errors", true)

// openHTTP2 opens the page of the lane over HTTP/2. Its reader reads as fast as
// it can.
func openHTTP2(t *testing.T) (page *tab, stream string, spoken *output) {
	t.Helper()
	p, stream := startHTTP2(t)
	spoken = &output{}
	browser := openBrowser(t, acceptAll)
	page = openTab(t, browser, "about:blank", 1440, 900)
	_, err := chromedp.Call(page.ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	chromedp.Listen(page.ctx, func(event any) {
		if e, ok := event.(*network.EventResponseReceived); ok {
			fmt.Fprintln(spoken, e.Response.Protocol, e.Response.URL)
		}
	})
	page.do(chromedp.Navigate(p.URL))
	page.await(time.Minute, "globalThis.spillway && spillway.stats().lanes.two?.bytes > 1e6")
	return page, stream, spoken
}

// inBetween is what the lane has written to the tab's own connection and the tab
// has not read.
func (p *tab) inBetween() float64 {
	return eval[float64](p, "(l => l.written - l.tabBytes)(spillway.stats().lanes.two)")
}

// still waits until an expression has the same value for a second.
func still[T comparable](p *tab, limit time.Duration, expression string) T {
	p.t.Helper()
	last, since := eval[T](p, expression), time.Now()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		<-time.After(100 * time.Millisecond)
		if now := eval[T](p, expression); now != last {
			last, since = now, time.Now()
		} else if time.Since(since) > time.Second {
			return last
		}
	}
	require.FailNow(p.t, "it does not come to rest: "+expression)
	return last
}

// A tab that stops has megabytes in its browser. The kernel, which shows them over
// HTTP/1.1, shows nothing.
func TestBrowserHTTP2HidesWhatLiesInBetween(t *testing.T) {
	page, stream, _ := openHTTP2(t)
	page.await(10*time.Second, `document.querySelector(".accept a[href='/lanes/two/open']")`)
	page.press(".own [data-action=ownPause][data-lane=two]")
	still[float64](page, 30*time.Second, "(l => l.written + l.tabBytes)(spillway.stats().lanes.two)")
	between := page.inBetween()
	queue, connections := sendQueue(t, stream)
	report(t, "HTTP/2: in between, a tab that is paused", "%.2f MiB, in the lane's send queue %d B", between/(1<<20), queue)
	require.Equal(t, 1, connections)
	require.Greater(t, between, 4.0*(1<<20))
	require.Zero(t, queue)

	before := page.stats().Lanes["two"].Bytes
	page.press(".own [data-action=ownPause][data-lane=two]")
	page.await(20*time.Second, fmt.Sprintf("spillway.stats().lanes.two.bytes > %v + 3e7", before))
	require.Zero(t, page.stats().Lanes["two"].Repeats)
}

// readers are four of a page's own: they count what they get, and stop when they
// are told to.
const readers = `(async stream => {
	globalThis.four = [0, 1, 2, 3].map(() => ({bytes: 0, stopped: false, go: () => {}}));
	for (const f of four) {
		const body = (await fetch(stream)).body.getReader();
		(async () => {
			for (;;) {
				if (f.stopped) await new Promise(go => f.go = go);
				const {value, done} = await body.read();
				if (done) return;
				f.bytes += value.length;
			}
		})();
	}
	return true;
})`

// Three streams that nobody reads freeze a fourth that somebody does, and the
// page's own reader with it.
func TestBrowserHTTP2ThreeStalledStreamsFreezeAFourth(t *testing.T) {
	page, stream, spoken := openHTTP2(t)
	began := page.awaited(fmt.Sprintf("%s(%q)", readers, stream+"?reader=you"))
	require.True(t, began)
	page.await(30*time.Second, "four.every(f => f.bytes > 1e6)")
	require.Contains(t, spoken.String(), "h2 "+stream)
	_, connections := sendQueue(t, stream)
	require.Equal(t, 1, connections, "five readers, one connection")

	const others = "four[3].bytes + spillway.stats().lanes.two.tabBytes" // what those have that read on
	stop := func(who string) { eval[bool](page, "("+who+".forEach(f => f.stopped = true), true)") }
	resume := func(who string) { eval[bool](page, "("+who+".forEach(f => { f.stopped = false; f.go(); }), true)") }
	stop("four.slice(0, 2)")
	<-time.After(4 * time.Second) // a rate is looked at
	two := page.flowing(others)
	stop("four.slice(2, 3)")
	still[float64](page, 30*time.Second, others)
	for range 3 {
		require.False(t, page.flowing(others), "the fourth goes on")
	}
	queue, _ := sendQueue(t, stream)
	require.Zero(t, queue)
	resume("four.slice(0, 1)")
	one := page.flowing(others)
	resume("four")
	page.await(20*time.Second, fmt.Sprintf("%s > %v", others, eval[float64](page, others)+1e7))
	// The rest depends on when a browser gives credit back, and is only reported.
	report(t, "HTTP/2: the fourth goes on", "two stalled: %v; three: false; one of them reads again: %v; all read: true; in the lane's send queue %d B", two, one, queue)
}

// flowing tells whether an expression grows within a second and a half.
func (p *tab) flowing(expression string) bool {
	before := eval[float64](p, expression)
	<-time.After(1500 * time.Millisecond)
	return eval[float64](p, expression) > before
}

// awaited runs JavaScript in the page and waits for its promise.
func (p *tab) awaited(expression string) bool {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression, chromedp.EvalAwaitPromise))
	require.NoError(p.t, err)
	return v
}
