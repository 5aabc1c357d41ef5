//go:build js && wasm

package stream

import (
	"errors"
	"syscall/js"

	"spillway/wasm/internal/scope"
)

// waiter waits for promises, one at a time, with the same two callbacks: making
// them for each promise costs more than the rest of a small read. It must not be
// used inside a js.FuncOf, whose return the promise would be waiting for.
type waiter struct {
	settled     chan outcome // room for one: the callback must not block the browser
	done, throw js.Func
}

type outcome struct {
	value  js.Value
	failed bool
}

const onePromise = 1 // at a time

func newWaiter() *waiter {
	w := &waiter{settled: make(chan outcome, onePromise)}
	callback := func(failed bool) js.Func {
		return js.FuncOf(func(_ js.Value, args []js.Value) any {
			o := outcome{failed: failed}
			if len(args) > 0 {
				o.value = args[0]
			}
			w.settled <- o
			return nil
		})
	}
	w.done, w.throw = callback(false), callback(true)
	return w
}

// wait returns what the promise resolved to, or why it was rejected. When ctx is
// done it calls abort, which must settle the promise, and waits for that: no
// callback comes later than the wait it belongs to.
func (w *waiter) wait(ctx *scope.Scope, promise js.Value, abort func()) (js.Value, error) {
	promise.Call("then", w.done, w.throw)
	var o outcome
	select {
	case o = <-w.settled:
	case <-ctx.Done():
		abort()
		<-w.settled
		return js.Value{}, ctx.Err()
	}
	if o.failed {
		return js.Value{}, errors.New(reason(o.value))
	}
	return o.value, nil
}

// release gives the callbacks back. No promise may be waited for any more.
func (w *waiter) release() {
	w.done.Release()
	w.throw.Release()
}

// reason is what an exception says.
func reason(v js.Value) string {
	if v.Type() == js.TypeObject {
		if m := v.Get("message"); m.Type() == js.TypeString {
			return m.String()
		}
	}
	if v.Type() == js.TypeString {
		return v.String()
	}
	return "unknown reason"
}

// try calls f and returns the exception it threw, if any.
func try(f func() js.Value) (v js.Value, err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case js.Error:
			err = errors.New(reason(e.Value))
		default:
			panic(e)
		}
	}()
	return f(), nil
}
