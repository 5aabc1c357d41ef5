//go:build js && wasm

package stream

import (
	"io"
	"syscall/js"

	"spillway/wasm/internal/scope"
	"spillway/wasm/reader"
)

// socketStream is a WebSocket as a pair of streams, which Chromium has. It hands
// out a message when it is asked, so at most one waits in the tab, half read.
type socketStream struct {
	socket js.Value // WebSocketStream
	reader js.Value // ReadableStreamDefaultReader; undefined before it is open
	pile   js.Value // of one message
	view   js.Value
	waiter *waiter
}

func openSocketStream(ctx *scope.Scope, url string, bufferBytes int) (Stream, error) {
	constructor := js.Global().Get("WebSocketStream")
	if constructor.IsUndefined() {
		return nil, ErrUnsupported
	}
	socket, err := try(func() js.Value { return constructor.New(url) })
	if err != nil {
		return nil, err
	}
	s := &socketStream{
		socket: socket, waiter: newWaiter(),
		pile: js.Global().Get("spillwayPile").New(js.Null(), reader.MaxHeldBytes),
		view: js.Global().Get("Uint8Array").New(bufferBytes),
	}
	connection, err := s.waiter.wait(ctx, socket.Get("opened"), func() { socket.Call("close") })
	if err != nil {
		s.Close()
		return nil, err
	}
	s.reader = connection.Get("readable").Call("getReader")
	return s, nil
}

func (s *socketStream) Read(ctx *scope.Scope, p []byte) (int, error) {
	for {
		if n := s.pile.Call("take", s.view, len(p)).Int(); n > 0 {
			return js.CopyBytesToGo(p[:n], s.view), nil
		}
		result, err := s.waiter.wait(ctx, s.reader.Call("read"), s.cancel)
		if err != nil {
			return 0, err
		}
		if result.Get("done").Bool() {
			return 0, io.EOF
		}
		s.pile.Call("put", result.Get("value"))
	}
}

// Held is the rest of the message that is being read.
func (s *socketStream) Held() uint64 { return uint64(s.pile.Get("held").Int()) }

// cancel settles a read at once and begins to close. That the other end may answer
// too late, or not at all, is nobody's concern: any function takes the rejection.
func (s *socketStream) cancel() {
	s.reader.Call("cancel").Call("catch", js.Global().Get("Boolean"))
}

func (s *socketStream) Close() {
	if s.reader.Truthy() {
		s.cancel()
	} else {
		s.socket.Call("close")
	}
	s.waiter.release()
}
