//go:build js && wasm

package worker

import (
	"syscall/js"

	"spillway/wasm/internal/clock"
	"spillway/wasm/internal/scope"
	"spillway/wasm/throttle"
)

// sliceMillis is how long the thread is blocked at a time: between two slices the
// page gets a report.
const sliceMillis = 100

// shortestMicros is the least time worth blocking for; a shorter debt is carried
// on to the next read.
const shortestMicros = 1_000

// thread paces reads as a throttle.Pacer does, but lets nothing else happen while
// it waits: no timer, no message, no handler of a socket. So a browser that would
// go on handing out what comes has to leave it in its pipe and in the kernel.
//
// A blocked thread cannot receive what the page posts either. The page counts what
// it has posted in memory that both share, and wakes it; then the thread is let go
// until that has been taken in.
type thread struct {
	mail     js.Value // Int32Array of one; undefined where pages share no memory
	received int      // commands taken in
	report   func()   // to the page
}

// taken counts a command.
func (t *thread) taken() { t.received++ }

// hasMail reports whether the page has posted what is not taken in.
func (t *thread) hasMail() bool { return t.mail.Index(0).Int() != t.received }

// wait is Pacer.Wait for a bucket of its own, whose rate is that of the pacer.
func (t *thread) wait(ctx *scope.Scope, pacer *throttle.Pacer, bucket *throttle.Bucket, n int) error {
	for ; ctx.Err() == nil; n = 0 {
		if t.hasMail() {
			if err := clock.Wait(ctx, 0); err != nil {
				return err
			}
		}
		now := clock.Steady{}.NowMicros()
		bucket.SetRate(pacer.Rate(), now)
		micros, paused := bucket.Spend(n, now)
		if !paused && micros < shortestMicros {
			return nil
		}
		if paused || micros > sliceMillis*1e3 {
			micros = sliceMillis * 1e3
		}
		js.Global().Get("Atomics").Call("wait", t.mail, 0, t.received, float64(micros)/1e3)
		t.report()
	}
	return ctx.Err()
}
