//go:build js && wasm

package stream

import (
	"syscall/js"

	"spillway/wasm/internal/scope"
)

// openEvents reads with the browser's own reader of server-sent events. The
// browser parses, and a pile puts the text together again, byte for byte as the
// lane wrote it except for comments, of which the browser says nothing: 14 bytes
// after a silence. A connection that ends is closed: to connect again is the
// worker's business, with its own waits and its own last id.
func openEvents(ctx *scope.Scope, url string, bufferBytes int) (Stream, error) {
	source, err := try(func() js.Value { return js.Global().Get("EventSource").New(url) })
	if err != nil {
		return nil, err
	}
	p := push(ctx, source, "error", bufferBytes)
	if err := p.open(ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}
