package crowd

import (
	"fmt"

	"github.com/gorilla/websocket"

	"spillway/wasm/wire"
)

// demandWindowBytes is about what a reader asks for ahead of what it has read.
const demandWindowBytes = 64 << 10

// demand asks a lane for messages. It begins with one, since nobody knows yet
// how large they are. From then on it has as many asked for as make up the
// window at their mean size, at least one, and asks for more when three quarters
// of them have been read.
type demand struct {
	socket *websocket.Conn
	frame  [wire.MaxDemandBytes]byte

	asked uint64 // messages, on this connection
	read  uint64 // messages of these

	sinceMessages, sinceBytes uint64 // read since the last request
}

// begin asks for the first message.
func (d *demand) begin() error { return d.ask(1) }

// consumed is told of bytes that were read, and of the messages that ended in
// them. It blocks while the lane takes no request, which are a few bytes each.
func (d *demand) consumed(bytes int, messages uint64) error {
	d.read += messages
	d.sinceBytes += uint64(bytes)
	d.sinceMessages += messages
	if d.sinceMessages == 0 {
		return nil
	}
	window := max(demandWindowBytes*d.sinceMessages/max(d.sinceBytes, 1), 1)
	open := d.asked - min(d.read, d.asked)
	if open > window/4 {
		return nil
	}
	d.sinceMessages, d.sinceBytes = 0, 0
	return d.ask(uint32(window - open))
}

func (d *demand) ask(n uint32) error {
	d.asked += uint64(n)
	if err := d.socket.WriteMessage(websocket.BinaryMessage, wire.AppendRequest(d.frame[:0], n)); err != nil {
		return fmt.Errorf("ask for %d messages: %w", n, err)
	}
	return nil
}
