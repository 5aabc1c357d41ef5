package hop

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"spillway/server/internal/kernel"
)

// counter is of bytes or requests, and may be read while it changes.
type counter = atomic.Uint64

// watched are open connections, to be asked what waits in them. The zero value is
// ready.
type watched struct {
	mu    sync.Mutex
	conns map[*conn]bool
}

// conn is a connection that is forgotten when it is closed.
type conn struct {
	net.Conn
	of *watched
}

func (w *watched) watch(c net.Conn) net.Conn {
	out := &conn{c, w}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conns == nil {
		w.conns = make(map[*conn]bool)
	}
	w.conns[out] = true
	return out
}

// Close closes the connection. It may be called again.
func (c *conn) Close() error {
	c.of.mu.Lock()
	delete(c.of.conns, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// sum asks each connection. It holds up only those that open or close meanwhile.
func (w *watched) sum(ask func(net.Conn) (uint64, error)) (count, bytes, unseen uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		n, err := ask(c.Conn)
		if err != nil {
			unseen++
		}
		bytes += n
	}
	return uint64(len(w.conns)), bytes, unseen
}

func (w *watched) closeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.conns {
		c.Conn.Close()
	}
}

// watchedListener watches what it accepts.
type watchedListener struct {
	net.Listener
	of *watched
}

func (l watchedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.of.watch(c), nil
}

// sendQueue is what the other end has not acknowledged.
func sendQueue(c net.Conn) (uint64, error) {
	k, err := kernel.Of(c)
	if err != nil {
		return 0, err
	}
	info, err := k.Read(time.Now())
	return info.QueueBytes, err
}

// receiveQueue is what has arrived and was not read.
func receiveQueue(c net.Conn) (uint64, error) { return kernel.ReceiveQueue(c) }
