//go:build js && wasm

// Package clock tells the time and waits, with the browser's own means: the
// package time, whatever is used of it, would be 54 KB of the client's
// compressed size.
package clock

import (
	"syscall/js"

	"spillway/wasm/internal/scope"
)

// Steady is a clock that never runs backwards. Its zero value is ready, and it
// is a throttle.Clock.
type Steady struct{}

// NowMicros is the time since the page or the worker began.
func (Steady) NowMicros() int64 {
	return int64(js.Global().Get("performance").Call("now").Float() * 1e3)
}

// AfterMicros calls f once after this time, unless stop is called before. The
// browser rounds to whole milliseconds and to 4 ms at the least.
func (Steady) AfterMicros(micros int64, f func()) (stop func()) {
	var callback js.Func
	callback = js.FuncOf(func(js.Value, []js.Value) any {
		callback.Release()
		f()
		return nil
	})
	id := js.Global().Call("setTimeout", callback, float64(micros)/1e3)
	return func() {
		js.Global().Call("clearTimeout", id)
		callback.Release()
	}
}

// Millis is the steady time in milliseconds.
func Millis() float64 { return js.Global().Get("performance").Call("now").Float() }

// WallMicros is the time of day in microseconds since the Unix epoch, exact to a
// millisecond.
func WallMicros() int64 { return int64(js.Global().Get("Date").Call("now").Float() * 1e3) }

// After calls f once after this many milliseconds.
func After(millis int, f func()) { Steady{}.AfterMicros(int64(millis)*1e3, f) }

// Wait blocks for this many milliseconds or until the scope has ended, which is
// an error. It must not be called inside a js.FuncOf.
func Wait(s *scope.Scope, millis int) error {
	due := make(chan struct{})
	stop := Steady{}.AfterMicros(int64(millis)*1e3, func() { close(due) })
	select {
	case <-s.Done():
		stop()
		return s.Err()
	case <-due:
		return nil
	}
}
