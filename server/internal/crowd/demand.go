package crowd

import (
	"fmt"

	"github.com/gorilla/websocket"

	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// demand asks a lane for messages, as many as a reader in a browser would.
type demand struct {
	socket *websocket.Conn
	frame  [wire.MaxDemandBytes]byte
	window reader.Window
}

// begin asks for the first message.
func (d *demand) begin() error { return d.ask() }

// consumed is told of bytes that were read, and of the messages that ended in
// them. It blocks while the lane takes no request, which are a few bytes each.
func (d *demand) consumed(bytes int, messages uint64) error {
	d.window.Read(bytes, messages)
	return d.ask()
}

func (d *demand) ask() error {
	n := d.window.Ask()
	if n == 0 {
		return nil
	}
	if err := d.socket.WriteMessage(websocket.BinaryMessage, wire.AppendRequest(d.frame[:0], n)); err != nil {
		return fmt.Errorf("ask for %d messages: %w", n, err)
	}
	return nil
}
