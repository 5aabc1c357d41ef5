package crowd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	// streamWindowBytes is what may have arrived on one stream and not been read
	// (RFC 9113, section 5.2), and connectionWindowBytes on all of a connection
	// together. Chromium has 6 MiB and 15 MiB: the same ratio, so that here too the
	// third stream that nobody reads shuts the connection.
	streamWindowBytes     = 64 << 10
	connectionWindowBytes = 160 << 10
	// creditBytes are read before the lane is told that there is room for them.
	creditBytes = 4 << 10
	// firstWindowBytes is a connection's window until it is widened (section 6.9.2).
	firstWindowBytes = 65_535
)

var errGone = errors.New("the connection has ended")

// http2Conn is the client's end of an HTTP/2 connection (RFC 9113) with as many
// streams as readers. One goroutine takes from the kernel whatever comes, at
// once: so the kernel's queues are empty however slow the readers are, and what
// holds the lane back are the two windows alone.
//
// It is written by hand on the frames of x/net/http2, because net/http's client
// does not tell how much has arrived on a stream and not been read.
type http2Conn struct {
	conn   net.Conn
	framer *http2.Framer // read by the goroutine alone
	done   chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex // guards what follows, and is held while writing
	streams map[uint32]*http2Stream
	next    uint32 // id of the next stream: odd, as a client's are (section 5.1.1)
	owed    int    // bytes read on all streams, and not given back to the connection's window
	fields  bytes.Buffer
	encoder *hpack.Encoder
	err     error // why no stream can begin any more
}

// newHTTP2Conn speaks the first words on a connection and starts its goroutine.
func newHTTP2Conn(conn net.Conn) (*http2Conn, error) {
	c := &http2Conn{conn: conn, framer: http2.NewFramer(conn, conn), done: make(chan struct{}), streams: make(map[uint32]*http2Stream), next: 1}
	c.encoder = hpack.NewEncoder(&c.fields)
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil) // the table of section 6.5.2
	c.framer.MaxHeaderListSize = maxHeadBytes
	conn.SetWriteDeadline(time.Now().Add(answerWait)) //nolint:errcheck // the write fails then
	_, err := io.WriteString(conn, http2.ClientPreface)
	if err == nil {
		err = c.framer.WriteSettings(
			http2.Setting{ID: http2.SettingEnablePush, Val: 0},
			http2.Setting{ID: http2.SettingInitialWindowSize, Val: streamWindowBytes},
		)
	}
	if err == nil {
		err = c.framer.WriteWindowUpdate(0, connectionWindowBytes-firstWindowBytes)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("begin HTTP/2: %w", err)
	}
	go c.read()
	return c, nil
}

// ask begins a stream. It does not wait for the answer. When ctx is done the
// stream ends, and the others live on.
func (c *http2Conn) ask(ctx context.Context, request *http.Request, held *atomic.Int64) (*http2Stream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, c.err
	}
	s := &http2Stream{c: c, id: c.next, head: make(chan struct{}), more: make(chan struct{}, 1), held: held}
	c.next += 2
	c.streams[s.id] = s
	c.fields.Reset()
	for _, f := range [][2]string{
		{":method", request.Method}, {":scheme", request.URL.Scheme}, {":authority", request.URL.Host}, {":path", request.URL.RequestURI()},
		{"accept", request.Header.Get("Accept")}, {"user-agent", request.Header.Get("User-Agent")}, {"last-event-id", request.Header.Get("Last-Event-ID")},
	} {
		if f[1] != "" {
			c.encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}) //nolint:errcheck // into memory
		}
	}
	c.write(func() error {
		return c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: c.fields.Bytes(), EndStream: true, EndHeaders: true})
	})
	s.stop = context.AfterFunc(ctx, func() { s.leave(ctx.Err()) })
	return s, nil
}

// write is a write of the framer. A failure ends the connection, and that ends
// its streams; a lane that does not take a few bytes within answerWait is one.
// c.mu is held.
func (c *http2Conn) write(frame func() error) {
	c.conn.SetWriteDeadline(time.Now().Add(answerWait)) //nolint:errcheck // the write fails then
	if err := frame(); err != nil {
		c.conn.Close()
	}
}

// credit makes room in a window; stream 0 is the connection. c.mu is held.
func (c *http2Conn) credit(stream uint32, n int) {
	c.write(func() error { return c.framer.WriteWindowUpdate(stream, uint32(n)) })
}

// consumed counts bytes that no longer wait on any stream. c.mu is held.
func (c *http2Conn) consumed(n int) {
	c.owed += n
	if c.owed >= creditBytes {
		c.credit(0, c.owed)
		c.owed = 0
	}
}

// read takes frames until the connection ends.
func (c *http2Conn) read() {
	defer close(c.done)
	var err error
	for err == nil {
		var f http2.Frame
		if f, err = c.framer.ReadFrame(); err == nil {
			err = c.frame(f)
		}
	}
	c.conn.Close()
	if errors.Is(err, io.EOF) {
		err = errGone
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = err
	for _, s := range c.streams {
		s.end(err)
	}
}

// frame does what a frame asks for; an error ends the connection.
func (c *http2Conn) frame(f http2.Frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[f.Header().StreamID] // nil: the connection, or a reader that has left
	switch f := f.(type) {
	case *http2.DataFrame:
		return c.data(s, f)
	case *http2.MetaHeadersFrame:
		if s != nil {
			s.answer(f)
		}
	case *http2.RSTStreamFrame:
		if s != nil {
			s.end(errReset)
		}
	case *http2.SettingsFrame:
		if !f.IsAck() {
			c.write(c.framer.WriteSettingsAck)
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			c.write(func() error { return c.framer.WritePing(true, f.Data) })
		}
	case *http2.GoAwayFrame:
		c.err = errGone
	}
	return nil // what else there is does not concern who only reads
}

// data lays down what has arrived. Padding counts as consumed at once (section
// 6.9.1), and so does all that comes for a reader which has left.
func (c *http2Conn) data(s *http2Stream, f *http2.DataFrame) error {
	text := f.Data()
	if s == nil {
		c.consumed(int(f.Length))
		return nil
	}
	if len(s.arrived)+s.owed+int(f.Length) > streamWindowBytes {
		return errWindow
	}
	s.arrived = append(s.arrived, text...)
	s.held.Add(int64(len(text)))
	s.owed += int(f.Length) - len(text)
	c.consumed(int(f.Length) - len(text))
	if f.StreamEnded() {
		s.end(io.EOF)
	}
	s.wake()
	return nil
}

// retire tells whether nobody is left. Then no stream can begin any more.
func (c *http2Conn) retire() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.streams) > 0 {
		return false
	}
	c.err = errGone
	return true
}

// close ends the connection and waits for its goroutine.
func (c *http2Conn) close() {
	c.conn.Close()
	<-c.done
}
