//go:build js && wasm

package worker

import (
	"syscall/js"

	"spillway/wasm/internal/clock"
	"spillway/wasm/internal/post"
	"spillway/wasm/internal/scope"
	"spillway/wasm/throttle"
)

const (
	reportEveryMillis = 100
	// ageWindowMillis is how long ages are collected before they are told.
	ageWindowMillis = 1_000
)

// report sends the account to the page ten times a second until ctx is done.
func (w *worker) report(ctx *scope.Scope) {
	for clock.Wait(ctx, reportEveryMillis) == nil {
		w.reportNow()
	}
}

// reportNow sends the account, and only once while there is nothing to read.
// Nothing piles up: the page takes a report in when it arrives.
func (w *worker) reportNow() {
	now := clock.Millis()
	if now-w.reported < reportEveryMillis/2 {
		return // a blocked thread asks after each of its waits
	}
	w.reported = now
	r := w.take(now)
	if r.State == post.Idle && w.last.State == post.Idle && r.Run == w.last.Run {
		return
	}
	js.Global().Call("postMessage", r.JS())
	w.last = r
}

// take is the account now. At the end of a window the ages begin anew.
func (w *worker) take(nowMillis float64) post.Report {
	rate := w.pacer.Rate()
	w.mu.Lock()
	if nowMillis-w.agesSince >= ageWindowMillis {
		ages := w.reader.Ages()
		w.p50, w.p99 = ages.Quantile(0.5), ages.Quantile(0.99)
		ages.Reset()
		w.agesSince = nowMillis
	}
	c := w.connection
	r := post.Report{
		Run: w.run, State: w.state, Way: c.way, Account: w.reader.Account(),
		P50: w.p50, P99: w.p99, AtMicros: uint64(nowMillis * 1e3), Tab: c.id, Before: c.text,
	}
	w.mu.Unlock()
	r.TabBytes = r.Account.Bytes - c.before
	if r.State == post.Reading && rate == throttle.Stopped {
		r.State = post.Holding
	}
	if c.stream != nil {
		r.Held = c.stream.Held()
	}
	r.WASMBytes = uint64(js.Global().Get("spillwayMemory").Get("buffer").Get("byteLength").Int())
	return r
}
