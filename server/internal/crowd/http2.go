package crowd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"spillway/server/internal/certificate"
)

// Connection says which readers share a connection where the lane speaks
// HTTP/2. Over HTTP/1.1 each has its own.
type Connection string

// The ways to share.
const (
	OwnConnection    Connection = "own"    // nobody: each reader its own; the same as ""
	SharedConnection Connection = "shared" // all readers of a lane whose group says so, as all tabs of a browser
)

// errOtherProtocol is a lane with TLS that does not speak HTTP/2.
var errOtherProtocol = errors.New("the lane does not speak HTTP/2")

// secureLane is what readers need of a lane with TLS.
type secureLane struct {
	config *tls.Config // trusts the lane's certificate and no other
	shared pool
}

// pool is the connection of those that share one. The last to leave ends it.
type pool struct {
	mu   sync.Mutex // held while connecting, at most answerWait
	conn *http2Conn // nil before the first
}

// secureOf reads what a lane shows; an empty chain leaves it to the system what
// to trust.
func secureOf(chain string) (*secureLane, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if chain != "" {
		roots, err := certificate.Trust(chain)
		if err != nil {
			return nil, err
		}
		config.RootCAs = roots
	}
	return &secureLane{config: config}, nil
}

// dial is another dialFunc with TLS on top. The protocol is the only one that is
// offered (ALPN, RFC 7301).
func (l *secureLane) dial(dial dialFunc, protocol string) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			host = address
		}
		config := l.config.Clone()
		config.ServerName, config.NextProtos = host, []string{protocol}
		secure := tls.Client(conn, config)
		ctx, cancel := context.WithTimeout(ctx, answerWait)
		defer cancel()
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, fmt.Errorf("shake hands: %w", err)
		}
		return secure, nil
	}
}

// open begins a stream, on the connection that is shared or on one of its own,
// and blocks until the head of the answer is there. Reads fail once ctx is done.
func (l *secureLane) open(ctx context.Context, dial dialFunc, share Connection, request *http.Request, held *atomic.Int64) (io.ReadCloser, error) {
	ask := l.alone
	if share == SharedConnection {
		ask = l.together
	}
	s, err := ask(ctx, dial, request, held)
	if err != nil {
		return nil, err
	}
	if err := s.wait(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (l *secureLane) connect(ctx context.Context, dial dialFunc, address string) (*http2Conn, error) {
	conn, err := l.dial(dial, "h2")(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if conn.(*tls.Conn).ConnectionState().NegotiatedProtocol != "h2" {
		conn.Close()
		return nil, fmt.Errorf("connect: %w", errOtherProtocol)
	}
	return newHTTP2Conn(conn)
}

func (l *secureLane) alone(ctx context.Context, dial dialFunc, request *http.Request, held *atomic.Int64) (*http2Stream, error) {
	c, err := l.connect(ctx, dial, request.URL.Host)
	if err != nil {
		return nil, err
	}
	s, err := c.ask(ctx, request, held)
	if err != nil {
		c.close()
	}
	return s, err
}

// together takes the connection that is there, or makes one.
func (l *secureLane) together(ctx context.Context, dial dialFunc, request *http.Request, held *atomic.Int64) (*http2Stream, error) {
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	if c := l.shared.conn; c != nil {
		if s, err := c.ask(ctx, request, held); err == nil {
			return s, nil
		}
	}
	c, err := l.connect(ctx, dial, request.URL.Host)
	if err != nil {
		return nil, err
	}
	l.shared.conn = c
	return c.ask(ctx, request, held)
}
