//go:build js && wasm

// Package stream is the client's side of every connection: the body of a fetch
// that is read at the reader's own pace, the hub's WebSocket, and small requests.
//
//	transport → kernel → browser → reader → throttle → consumed
//
// Of the browser's ways to receive a stream only a fetch body pushes back when
// nobody reads: the browser's pipe (2 MiB in Chromium) and the kernel's buffers
// fill, and then the lane waits. A classic WebSocket and EventSource collect
// everything in the tab instead; the hub may use one because the server never
// queues for it.
package stream

import (
	"errors"
	"io"
	"syscall/js"

	"spillway/wasm/internal/scope"
)

// ErrUnsupported is returned where the browser can only hand out a stream in
// pieces of its own choice, which it collects without a bound that we could set.
var ErrUnsupported = errors.New("this browser has no BYOB stream reader")

// RefusedError is an answer other than 200.
type RefusedError struct {
	Status int
	Text   string // the beginning of the answer's body
}

func (e *RefusedError) Error() string { return "refused: " + e.Text }

// maxRefusalBytes is how much of a refusal's text is kept.
const maxRefusalBytes = 200

// Body is the body of a fetch. Bytes wait in the browser's pipe and in the
// kernel, never here: it asks for exactly what its caller has room for
// ("bring your own buffer"), again and again in the same piece of memory. It
// belongs to one goroutine, and not to a js.FuncOf.
type Body struct {
	abort  js.Value // AbortController
	reader js.Value // ReadableStreamBYOBReader
	buffer js.Value // ArrayBuffer, on loan to the browser during a read
	waiter *waiter
}

// Fetch opens url and waits for the head of the answer. bufferBytes bounds each
// read. Close the body when done with it. The error is ctx's, a [*RefusedError],
// [ErrUnsupported], or the browser's word for a connection that failed.
func Fetch(ctx *scope.Scope, url string, bufferBytes int) (*Body, error) {
	b := &Body{abort: js.Global().Get("AbortController").New(), waiter: newWaiter()}
	if err := b.open(ctx, url); err != nil {
		b.Close()
		return nil, err
	}
	b.buffer = js.Global().Get("ArrayBuffer").New(bufferBytes)
	return b, nil
}

func (b *Body) open(ctx *scope.Scope, url string) error {
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

// Read blocks until there is at least one byte, and reads at most len(p) and the
// buffer's size. At the end of the stream it returns io.EOF. After an error the
// body is good for Close only.
func (b *Body) Read(ctx *scope.Scope, p []byte) (int, error) {
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

// Close ends the connection, which the lane sees within milliseconds, and gives
// the callbacks back.
func (b *Body) Close() {
	b.abort.Call("abort")
	b.waiter.release()
}

func (b *Body) await(ctx *scope.Scope, start func() js.Value) (js.Value, error) {
	promise, err := try(start)
	if err != nil {
		return js.Value{}, err
	}
	return b.waiter.wait(ctx, promise, func() { b.abort.Call("abort") })
}
