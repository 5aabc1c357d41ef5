package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"spillway/server/internal/lane"
)

// sendBuffer is what the kernel says of a connection, which is twice of what it
// was asked for.
func sendBuffer(t *testing.T, conn *net.TCPConn) (n int) {
	t.Helper()
	raw, err := conn.SyscallConn()
	require.NoError(t, err)
	var failed error
	require.NoError(t, raw.Control(func(fd uintptr) {
		n, failed = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF)
	}))
	require.NoError(t, failed)
	return n
}

// Whatever lies between, it is the connection's.
func TestSendBufferBeneath(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	plain, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer plain.Close()
	tcp := plain.(*net.TCPConn)
	secure := tls.Client(plain, new(tls.Config))
	size := 10_000
	for name, sink := range map[string]interface{ SetSendBuffer(int) error }{
		"plain": &line{conn: plain}, "secure": &line{conn: plainOrSecure(secure)}, "HTTP/2": &http2Sink{conn: Beneath(secure)},
	} {
		size += 1000
		require.NoError(t, sink.SetSendBuffer(size), name)
		require.Equal(t, 2*size, sendBuffer(t, tcp), name)
		for _, nothing := range []int{0, -1} {
			require.NoError(t, sink.SetSendBuffer(nothing))
			require.Equal(t, 2*size, sendBuffer(t, tcp), name)
		}
	}

	// A stream that comes later sets it anew: there may have been none to be told.
	r := httptest.NewRequest("GET", "/stream", nil)
	r.ProtoMajor = 2
	r = r.WithContext(context.WithValue(t.Context(), connKey{}, plain))
	sink, _, err := openHTTP2(httptest.NewRecorder(), r, Options{Stats: new(lane.Stats), SendBufferBytes: 20_000})
	require.NoError(t, err)
	require.Equal(t, 40_000, sendBuffer(t, tcp))
	require.NoError(t, sink.Close())
	tcp.Close()
	require.ErrorIs(t, (&line{conn: plain}).SetSendBuffer(1), net.ErrClosed)
}
