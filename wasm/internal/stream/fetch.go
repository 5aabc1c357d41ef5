//go:build js && wasm

package stream

import (
	"io"
	"syscall/js"

	"spillway/wasm/internal/scope"
)

// maxRefusalBytes is how much of a refusal's text is kept.
const maxRefusalBytes = 200

// body is the body of a fetch. Bytes wait in the browser's pipe and in the
// kernel, never here: it asks for exactly what its caller has room for
// ("bring your own buffer"), again and again in the same piece of memory.
type body struct {
	abort  js.Value // AbortController
	reader js.Value // ReadableStreamBYOBReader
	buffer js.Value // ArrayBuffer, on loan to the browser during a read
	waiter *waiter
}

func openFetch(ctx *scope.Scope, url string, bufferBytes int) (Stream, error) {
	b := &body{abort: js.Global().Get("AbortController").New(), waiter: newWaiter()}
	if err := b.open(ctx, url); err != nil {
		b.Close()
		return nil, err
	}
	b.buffer = js.Global().Get("ArrayBuffer").New(bufferBytes)
	return b, nil
}

func (b *body) open(ctx *scope.Scope, url string) error {
	response, err := b.await(ctx, func() js.Value {
		return js.Global().Call("fetch", url, map[string]any{
			"signal": b.abort.Get("signal"), "cache": "no-store", "credentials": "omit",
		})
	})
	if err != nil {
		return err
	}
	if status := response.Get("status").Int(); status != 200 {
		text, err := b.await(ctx, func() js.Value { return response.Call("text") })
		if err != nil {
			return err
		}
		said := text.String()
		return &RefusedError{Status: status, Text: said[:min(len(said), maxRefusalBytes)]}
	}
	b.reader, err = try(func() js.Value {
		return response.Get("body").Call("getReader", map[string]any{"mode": "byob"})
	})
	if err != nil {
		return ErrUnsupported
	}
	return nil
}

func (b *body) Read(ctx *scope.Scope, p []byte) (int, error) {
	size := min(len(p), b.buffer.Get("byteLength").Int())
	view := js.Global().Get("Uint8Array").New(b.buffer, 0, size)
	result, err := b.await(ctx, func() js.Value { return b.reader.Call("read", view) })
	if err != nil {
		return 0, err
	}
	value := result.Get("value")
	if value.IsUndefined() || result.Get("done").Bool() {
		return 0, io.EOF
	}
	b.buffer = value.Get("buffer") // the same memory under a new name
	return js.CopyBytesToGo(p, value), nil
}

// Held is what a tab can see of the pipe: nothing.
func (b *body) Held() uint64 { return 0 }

// Close is seen by the lane within milliseconds.
func (b *body) Close() {
	b.abort.Call("abort")
	b.waiter.release()
}

func (b *body) await(ctx *scope.Scope, start func() js.Value) (js.Value, error) {
	promise, err := try(start)
	if err != nil {
		return js.Value{}, err
	}
	return b.waiter.wait(ctx, promise, func() { b.abort.Call("abort") })
}
