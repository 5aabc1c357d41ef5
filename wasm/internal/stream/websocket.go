//go:build js && wasm

package stream

import (
	"syscall/js"

	"spillway/wasm/internal/scope"
)

// openSocket reads a classic WebSocket, whose handler is called for every message
// that comes. It pushes back only as long as the thread of the worker is blocked;
// see the worker's blocking.
func openSocket(ctx *scope.Scope, url string, bufferBytes int) (Stream, error) {
	p, err := dialPushed(ctx, url, bufferBytes)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func dialPushed(ctx *scope.Scope, url string, bufferBytes int) (*pushed, error) {
	source, err := try(func() js.Value { return js.Global().Get("WebSocket").New(url) })
	if err != nil {
		return nil, err
	}
	p := push(ctx, source, "close", bufferBytes)
	if err := p.open(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}
