//go:build js && wasm

package stream

import (
	"syscall/js"
)

// maxUnsentBytes is what may wait in the browser for the network before Send
// drops: reports are replaced by newer ones anyway.
const maxUnsentBytes = 64 << 10

// Handlers are called by the browser, one after the other, and must not block.
type Handlers struct {
	Open  func()
	Frame func(data []byte) // valid during the call only
	Close func()            // once, also for a connection that never opened
}

// Socket is a WebSocket for binary frames.
type Socket struct {
	socket js.Value
	funcs  []js.Func
	buf    []byte // of the frame being handled, reused
}

// Dial begins to connect. The error is for a URL that is none.
func Dial(url string, h Handlers) (*Socket, error) {
	socket, err := try(func() js.Value { return js.Global().Get("WebSocket").New(url) })
	if err != nil {
		return nil, err
	}
	s := &Socket{socket: socket}
	socket.Set("binaryType", "arraybuffer")
	s.on("onopen", func(js.Value) { h.Open() })
	s.on("onmessage", func(event js.Value) {
		data := event.Get("data")
		if data.Type() != js.TypeObject {
			return // text: nothing of ours
		}
		view := js.Global().Get("Uint8Array").New(data)
		n := view.Length()
		if cap(s.buf) < n {
			s.buf = make([]byte, n)
		}
		js.CopyBytesToGo(s.buf[:n], view)
		h.Frame(s.buf[:n])
	})
	s.on("onclose", func(js.Value) {
		s.release()
		h.Close()
	})
	return s, nil
}

func (s *Socket) on(name string, f func(event js.Value)) {
	callback := js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	})
	s.funcs = append(s.funcs, callback)
	s.socket.Set(name, callback)
}

// release takes the handlers off the socket and gives them back.
func (s *Socket) release() {
	for _, name := range []string{"onopen", "onmessage", "onclose"} {
		s.socket.Set(name, nil)
	}
	for _, f := range s.funcs {
		f.Release()
	}
	s.funcs = nil
}

// Send sends one frame. It does not block; it reports false, and has dropped the
// frame, while the connection is not open or the network does not keep up.
func (s *Socket) Send(frame []byte) bool {
	const open = 1
	if s.socket.Get("readyState").Int() != open || s.socket.Get("bufferedAmount").Int() > maxUnsentBytes {
		return false
	}
	view := js.Global().Get("Uint8Array").New(len(frame))
	js.CopyBytesToJS(view, frame)
	s.socket.Call("send", view)
	return true
}

// Close ends the connection; none of the handlers is called any more.
func (s *Socket) Close() {
	s.release()
	s.socket.Call("close")
}
