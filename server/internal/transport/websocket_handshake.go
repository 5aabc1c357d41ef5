package transport

import (
	"bufio"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// readBufferBytes is what gorilla reads into, for each connection: as much as
// the longest control frame. A reader sends little.
const readBufferBytes = maxControl

// upgrader takes every origin: the lane has looked at it. There is no
// compression (permessage-deflate): it costs a window of 32 KiB or more for each
// reader, and hides how many bytes the stream has.
var upgrader = websocket.Upgrader{
	ReadBufferSize:  readBufferBytes,
	WriteBufferPool: noBuffers{},
	CheckOrigin:     func(*http.Request) bool { return true },
	Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
		w.Header().Set("Sec-WebSocket-Version", "13")
		http.Error(w, reason.Error(), status)
	},
}

// noBuffers keeps gorilla from giving each connection a write buffer: nothing is
// written through it.
type noBuffers struct{}

func (noBuffers) Get() any { return nil }
func (noBuffers) Put(any)  {}

// handshake gives gorilla the connection of a request as it may have it.
type handshake struct {
	http.ResponseWriter
	conn *reading // once it was taken over
}

func (h *handshake) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.conn = &reading{Conn: plainOrSecure(conn)}
	return h.conn, rw, nil
}

// reading is the connection as gorilla has it: it reads and writes nothing. What
// it would write, the answer of the handshake and what it thinks of a malformed
// frame, is kept; between the frames of a Send that waits for room it would cut
// the stream in two.
type reading struct {
	net.Conn
	wrote []byte
}

func (r *reading) Write(p []byte) (int, error) {
	r.wrote = append(r.wrote, p...)
	return len(p), nil
}

func (*reading) SetWriteDeadline(time.Time) error { return nil }
