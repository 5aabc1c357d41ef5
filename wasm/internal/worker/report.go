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
	// ageWindow is how many reports one window of ages lasts: a second.
	ageWindow = 10
)

// report sends the account to the page ten times a second until ctx is done, and
// once when there is nothing to read. Nothing piles up: the page takes a report
// in when it arrives.
func (w *worker) report(ctx *scope.Scope) {
	var last post.Report
	for n := 1; clock.Wait(ctx, reportEveryMillis) == nil; n++ {
		r := w.take(n%ageWindow == 0)
		if r.State == post.Idle && last.State == post.Idle && r.Run == last.Run {
			continue
		}
		js.Global().Call("postMessage", r.JS())
		last = r
	}
}

// take is the account now. At the end of a window the ages begin anew.
func (w *worker) take(endOfWindow bool) post.Report {
	rate := w.pacer.Rate()
	w.mu.Lock()
	defer w.mu.Unlock()
	if endOfWindow {
		ages := w.reader.Ages()
		w.p50, w.p99 = ages.Quantile(0.5), ages.Quantile(0.99)
		ages.Reset()
	}
	state := w.state
	if state == post.Reading && rate == throttle.Stopped {
		state = post.Holding
	}
	return post.Report{
		Run: w.run, State: state, Account: w.reader.Account(),
		P50: w.p50, P99: w.p99, AtMicros: uint64(clock.Steady{}.NowMicros()),
	}
}
