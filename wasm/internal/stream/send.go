//go:build js && wasm

package stream

import (
	"errors"
	"syscall/js"

	"spillway/wasm/internal/scope"
)

// Send makes one request with a JSON body (none if empty) and waits for the
// answer. An answer that is not a success is an error in the server's words
// ({"error":"sentence"}). It must not be called inside a js.FuncOf.
func Send(ctx *scope.Scope, method, url string, body string) error {
	abort := js.Global().Get("AbortController").New()
	w := newWaiter()
	defer w.release()
	await := func(start func() js.Value) (js.Value, error) {
		promise, err := try(start)
		if err != nil {
			return js.Value{}, err
		}
		return w.wait(ctx, promise, func() { abort.Call("abort") })
	}

	options := map[string]any{"method": method, "signal": abort.Get("signal")}
	if body != "" {
		options["body"] = body
		options["headers"] = map[string]any{"Content-Type": "application/json"}
	}
	response, err := await(func() js.Value { return js.Global().Call("fetch", url, options) })
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return errors.New("the server does not answer")
	case response.Get("ok").Bool():
		return nil
	}
	answer, err := await(func() js.Value { return response.Call("json") })
	if err == nil && answer.Type() == js.TypeObject {
		if said := answer.Get("error"); said.Type() == js.TypeString {
			return errors.New(said.String())
		}
	}
	return errors.New("The server refused: " + response.Get("statusText").String())
}
