package crowd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/gorilla/websocket"
)

// demandBytes is room for what a reader sends: a request of messages and the
// answer to a ping, each with its head.
const demandBytes = 256

// socket is the text of all messages of a WebSocket, one behind the other, and
// so the same bytes as the body of server-sent events. It reads ahead no further
// than stream does: bufferBytes, in gorilla's buffer.
type socket struct {
	conn    *websocket.Conn
	message io.Reader   // the one that is being read; nil between two
	stop    func() bool // the watch of the context
}

// openSocket connects, asks, and blocks until the lane has answered. When ctx is
// done, then or later, the connection is closed and reads fail.
func openSocket(ctx context.Context, dial dialFunc, lane *url.URL) (*socket, error) {
	u := *lane
	u.Scheme = "ws"
	s := new(socket)
	dialer := websocket.Dialer{
		NetDialContext: func(answer context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(answer, network, address)
			if err == nil {
				s.stop = context.AfterFunc(ctx, func() { conn.Close() })
			}
			return conn, err
		},
		HandshakeTimeout: answerWait,
		ReadBufferSize:   bufferBytes,
		WriteBufferSize:  demandBytes,
	}
	conn, response, err := dialer.DialContext(ctx, u.String(), http.Header{"User-Agent": {userAgent}})
	if err != nil {
		if s.stop != nil {
			s.stop()
		}
		if errors.Is(err, websocket.ErrBadHandshake) {
			return nil, fmt.Errorf("read response: lane answers %s", response.Status)
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	s.conn = conn
	return s, nil
}

// Read blocks until there are bytes of a message. The end of one is the
// beginning of the next.
func (s *socket) Read(b []byte) (int, error) {
	for {
		if s.message == nil {
			_, message, err := s.conn.NextReader()
			if err != nil {
				return 0, ending(err)
			}
			s.message = message
		}
		n, err := s.message.Read(b)
		if errors.Is(err, io.EOF) {
			s.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, ending(err)
		}
	}
}

// ending makes of a lane that closes, with its reason if it gives one, an end of
// the stream.
func ending(err error) error {
	var closed *websocket.CloseError
	switch {
	case !errors.As(err, &closed):
		return err
	case closed.Text == "" || closed.Code == websocket.CloseAbnormalClosure:
		return io.EOF
	}
	return fmt.Errorf("%w: %s", errEnded, closed.Text)
}

// Close closes the connection without a word, as stream does.
func (s *socket) Close() error {
	s.stop()
	return s.conn.Close()
}
