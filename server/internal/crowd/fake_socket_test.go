package crowd

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"

	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// upgrader answers from wherever a test is.
var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

// hijacked is the response of a lane that has its connection already.
type hijacked struct {
	http.ResponseWriter
	conn net.Conn
	in   *bufio.Reader
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(h.in, bufio.NewWriter(h.conn)), nil
}

// answer speaks the transport that the request names.
func (l *fakeLane) answer(c net.Conn, in *bufio.Reader, r *http.Request) (io.Writer, error) {
	name := r.URL.Query().Get("transport")
	if !websocket.IsWebSocketUpgrade(r) {
		_, err := fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
		return c, err
	}
	conn, err := upgrader.Upgrade(hijacked{conn: c, in: in}, r, nil)
	if err != nil {
		return nil, err
	}
	out := &text{conn: conn, lane: l, free: name != reader.DemandSocket.Transport()}
	out.more = sync.NewCond(&out.mu)
	l.served.Go(out.listen)
	return out, nil
}

// text writes each event as a message, once it is asked for where that is the
// way of the connection.
type text struct {
	conn *websocket.Conn
	lane *fakeLane
	free bool // nobody has to ask

	mu    sync.Mutex
	more  *sync.Cond
	asked uint64 // and not sent
	gone  bool
}

// listen takes requests, and notices that the reader has gone.
func (w *text) listen() {
	for {
		kind, message, err := w.conn.ReadMessage()
		var d wire.Demand
		if err == nil && (kind != websocket.BinaryMessage || w.free) {
			panic("no reader says this")
		}
		if err == nil {
			if d, err = wire.ParseDemand(message); err != nil {
				panic(err)
			}
		}
		w.mu.Lock()
		w.asked += uint64(d.N)
		w.gone = err != nil
		w.lane.do(func() { w.lane.most = max(w.lane.most, w.asked) })
		w.more.Broadcast()
		w.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (w *text) Write(b []byte) (int, error) {
	if !w.free {
		w.mu.Lock()
		for w.asked == 0 && !w.gone {
			w.more.Wait()
		}
		gone := w.gone
		if !gone {
			w.asked--
		}
		w.mu.Unlock()
		if gone {
			return 0, net.ErrClosed
		}
	}
	return len(b), w.conn.WriteMessage(websocket.TextMessage, b)
}

// end closes every WebSocket with a reason, as a lane does.
func (l *fakeLane) end(reason string) {
	l.do(func() {
		for c := range l.conns {
			// A close frame by hand: writers of the fake are not to be disturbed.
			frame := append([]byte{0x88, byte(2 + len(reason)), 1008 >> 8, 1008 & 0xff}, reason...)
			_, _ = c.Write(frame)
			c.Close()
		}
	})
}
