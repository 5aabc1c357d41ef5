//go:build js && wasm

package stream

import (
	"syscall/js"

	"spillway/wasm/internal/scope"
	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// demand is a WebSocket that asks: the lane sends no more messages than that. So
// what waits in the tab and on the way is bounded by a window of the reader's
// choice, whatever the browser does.
type demand struct {
	*pushed
	window reader.Window
	frame  [wire.MaxDemandBytes]byte
}

func openDemand(ctx *scope.Scope, url string, bufferBytes int) (Stream, error) {
	p, err := dialPushed(ctx, url, bufferBytes)
	if err != nil {
		return nil, err
	}
	d := &demand{pushed: p}
	d.ask()
	return d, nil
}

// Consumed asks for more when there is room for it.
func (d *demand) Consumed(bytes int, messages uint64) {
	d.window.Read(bytes, messages)
	d.ask()
}

// ask does not block: a request is 5 bytes, which the browser sends when it can.
// On a connection that is closing it does nothing.
func (d *demand) ask() {
	n := d.window.Ask()
	if n == 0 {
		return
	}
	frame := wire.AppendRequest(d.frame[:0], n)
	view := js.Global().Get("Uint8Array").New(len(frame))
	js.CopyBytesToJS(view, frame)
	d.source.Call("send", view)
}
