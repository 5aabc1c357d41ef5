package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// connKey finds the connection of a request in its context.
type connKey struct{}

// ConnContext is that of an http.Server whose requests may be HTTP/2: it tells
// each stream what lies under it.
func ConnContext(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, Beneath(conn))
}

func connOf(ctx context.Context) net.Conn {
	conn, _ := ctx.Value(connKey{}).(net.Conn)
	return conn
}

// Beneath is the connection under TLS, or conn itself.
func Beneath(conn net.Conn) net.Conn {
	if secure, ok := conn.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return conn
}

// Multiplexed tells whether others may share the connection of a request. Its
// handler must stay until its sink is closed.
func Multiplexed(r *http.Request) bool { return r.ProtoMajor >= 2 }

// secureConn is a connection with TLS that was taken over from net/http.
type secureConn struct{ *tls.Conn }

// plainOrSecure is conn as a sink for HTTP/1.1 needs it.
func plainOrSecure(conn net.Conn) net.Conn {
	if secure, ok := conn.(*tls.Conn); ok {
		return secureConn{secure}
	}
	return conn
}

// SetWriteDeadline gives a write longer than it was to have: one that is cut
// short breaks TLS for good, so it must not be for a busy machine only.
func (c secureConn) SetWriteDeadline(t time.Time) error {
	if !t.IsZero() {
		t = t.Add(momentToTell)
	}
	return c.Conn.SetWriteDeadline(t)
}

// Close does not say goodbye, for which TLS would wait up to 5 s where there is
// no room.
func (c secureConn) Close() error { return c.NetConn().Close() }
