package crowd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// bufferBytes lies between the socket and the account of each reader. As
	// large as its receive buffer, so that usually one read of the socket takes
	// what is there, and no larger, because it counts as read ahead.
	bufferBytes = 4 << 10
	// maxReadBytes bounds a read of an unthrottled reader. There is hardly more
	// in so small a receive buffer, and every reader has memory of this size.
	maxReadBytes = 4 << 10
	// answerWait bounds connecting, and then the wait for the response's head.
	answerWait = 5 * time.Second
	// maxHeadBytes bounds that head.
	maxHeadBytes = 64 << 10
)

// dialFunc opens a connection, as [net.Dialer.DialContext].
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// dialer is the dialFunc for real sockets with the buffers of a group.
func dialer(bufferBytes, segmentBytes int) dialFunc {
	d := net.Dialer{Timeout: answerWait, Control: control(bufferBytes, segmentBytes)}
	return d.DialContext
}

// userAgent is how a lane's log knows the crowd.
const userAgent = "spillway-crowd"

// address is where a reader reads. It names a transport where the reader chose
// its way, and the last sequence where it cannot go into a header: a page has no
// say in those of a WebSocket. The id is that of the connection, which the lane
// reports with it; of streams that share a connection of HTTP/2 each has its own.
func address(lane *url.URL, channel, transport, last string, id uint64) *url.URL {
	u := *lane
	query := u.Query()
	query.Set("reader", channel)
	query.Set("conn", strconv.FormatUint(id, 10))
	if transport != "" {
		query.Set("transport", transport)
	}
	if last != "" {
		query.Set("last", last)
	}
	u.RawQuery = query.Encode()
	return &u
}

// request is what a reader of server-sent events asks a lane for.
func request(u *url.URL, lastEventID string) *http.Request {
	r := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{
		"Accept":     {"text/event-stream"},
		"User-Agent": {userAgent},
	}}
	if lastEventID != "" {
		r.Header.Set("Last-Event-ID", lastEventID)
	}
	return r
}

// stream is the body of a response and its connection.
type stream struct {
	io.Reader
	conn net.Conn
	stop func() bool // the watch of the context
}

// open connects, asks, and blocks until the head of the answer is there. When
// ctx is done, then or later, the connection is closed and reads fail.
func open(ctx context.Context, dial dialFunc, request *http.Request) (*stream, error) {
	conn, err := dial(ctx, "tcp", request.URL.Host)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	s := &stream{conn: conn, stop: context.AfterFunc(ctx, func() { conn.Close() })}
	if err := s.ask(request); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *stream) ask(request *http.Request) error {
	if err := s.conn.SetDeadline(time.Now().Add(answerWait)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	if err := request.Write(s.conn); err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	head := &io.LimitedReader{R: s.conn, N: maxHeadBytes}
	response, err := http.ReadResponse(bufio.NewReaderSize(head, bufferBytes), request)
	if err != nil {
		return fmt.Errorf("read response: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("read response: lane answers %s", response.Status)
	}
	head.N = 1<<63 - 1
	s.Reader = response.Body
	return s.conn.SetDeadline(time.Time{})
}

// Close closes the connection. What is unread is lost, as it is when a browser
// leaves.
func (s *stream) Close() error {
	s.stop()
	return s.conn.Close()
}
