package site

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"spillway/wasm/wire"
)

const (
	writeLimit = 5 * time.Second  // a page that takes nothing for so long is closed
	pingEvery  = 20 * time.Second // so that a page that vanished is noticed
	pongLimit  = 60 * time.Second

	// sendBufferBytes is the kernel's share of what waits for a page. The usual
	// megabytes would be minutes of old samples.
	sendBufferBytes = 16 << 10

	// A connection that is refused is read on for a moment: closing it with
	// unread bytes resets it, and the page would not learn why.
	lingerLimit = time.Second
	lingerBytes = 64 << 10
)

// viewer is one open page. What it has not been sent yet waits in it, the newest
// of each kind only, so it holds a bounded amount however slow the page is.
type viewer struct {
	conn  *websocket.Conn
	steer bool
	tab   uint64
	ended chan struct{}
	once  sync.Once
	ready chan struct{} // capacity 1: something waits

	mu        sync.Mutex
	hello     []byte
	history   []byte
	fragments map[string][]byte // by id
	sample    []byte
}

func newViewer(conn *websocket.Conn, steer bool) *viewer {
	conn.SetReadLimit(wire.MaxPageFrameBytes)
	if tcp, ok := conn.NetConn().(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBufferBytes) // an OS that refuses holds more
	}
	return &viewer{
		conn: conn, steer: steer,
		ended:     make(chan struct{}),
		ready:     make(chan struct{}, 1),
		fragments: make(map[string][]byte),
	}
}

// class is the place of its hello in the hub.
func (v *viewer) class() int {
	if v.steer {
		return 1
	}
	return 0
}

// offer leaves frames for the page in place of older ones of their kind. nil is
// nothing new.
func (v *viewer) offer(hello, history []byte, fragments map[string][]byte, sample []byte) {
	v.mu.Lock()
	if hello != nil {
		v.hello = hello
	}
	if history != nil {
		v.history = history
	}
	for id, frame := range fragments {
		v.fragments[id] = frame
	}
	if sample != nil {
		v.sample = sample
	}
	v.mu.Unlock()
	select {
	case v.ready <- struct{}{}:
	default:
	}
}

// take empties the viewer, in the order in which a page needs the frames.
func (v *viewer) take() (frames [][]byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, frame := range [][]byte{v.hello, v.history} {
		if frame != nil {
			frames = append(frames, frame)
		}
	}
	for _, frame := range v.fragments {
		frames = append(frames, frame)
	}
	if v.sample != nil {
		frames = append(frames, v.sample)
	}
	v.hello, v.history, v.sample = nil, nil, nil
	clear(v.fragments)
	return frames
}

// write sends what waits until the viewer ends. It alone writes messages. A page
// that cannot be written to any more is closed, which its reading side notices.
func (v *viewer) write() {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		var err error
		select {
		case <-v.ended:
			return
		case <-ping.C:
			err = v.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeLimit))
		case <-v.ready:
			err = v.send(v.take())
		}
		switch {
		case errors.Is(err, websocket.ErrCloseSent):
			return // it is being refused, and reads why
		case err != nil:
			_ = v.conn.Close()
			return
		}
	}
}

func (v *viewer) send(frames [][]byte) error {
	for _, frame := range frames {
		_ = v.conn.SetWriteDeadline(time.Now().Add(writeLimit))
		if err := v.conn.WriteMessage(websocket.BinaryMessage, frame); err != nil {
			return err
		}
	}
	return nil
}

// receive blocks until the page says something.
func (v *viewer) receive() (kind int, data []byte, err error) {
	_ = v.conn.SetReadDeadline(time.Now().Add(pongLimit))
	v.conn.SetPongHandler(func(string) error {
		return v.conn.SetReadDeadline(time.Now().Add(pongLimit))
	})
	return v.conn.ReadMessage()
}

// refuse tells the page what it did wrong, and blocks until it has had the time
// to hear it. The caller closes the connection.
func (v *viewer) refuse(code int, why string) {
	_ = v.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, why), time.Now().Add(lingerLimit))
	conn := v.conn.NetConn()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	_ = conn.SetReadDeadline(time.Now().Add(lingerLimit))
	_, _ = io.CopyN(io.Discard, conn, lingerBytes)
}

// close tells the page why and ends the connection. Control messages may be
// written beside the writing goroutine.
func (v *viewer) close(code int, why string) {
	_ = v.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, why), time.Now().Add(time.Second))
	v.end()
	_ = v.conn.Close()
}

// end stops the writing goroutine.
func (v *viewer) end() { v.once.Do(func() { close(v.ended) }) }
