package crowd

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The kernel's own answer for what a group asks of its sockets.
func TestBuffersOfTheSocket(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	option := func(c net.Conn, level, name int) (value int) {
		raw, err := c.(syscall.Conn).SyscallConn()
		require.NoError(t, err)
		require.NoError(t, raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), level, name) }))
		require.NoError(t, err)
		return value
	}
	dial := func(g Group) (buffer, segment int) {
		g = g.withDefaults()
		c, err := dialer(g.BufferBytes, g.SegmentBytes)(t.Context(), "tcp", l.Addr().String())
		require.NoError(t, err)
		defer c.Close()
		return option(c, unix.SOL_SOCKET, unix.SO_RCVBUF), option(c, unix.IPPROTO_TCP, unix.TCP_MAXSEG)
	}
	plain, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer plain.Close()
	osBuffer, osSegment := option(plain, unix.SOL_SOCKET, unix.SO_RCVBUF), option(plain, unix.IPPROTO_TCP, unix.TCP_MAXSEG)

	buffer, segment := dial(Group{})
	require.Equal(t, 2*DefaultBufferBytes, buffer) // the kernel doubles it
	require.LessOrEqual(t, segment, DefaultSegmentBytes)
	buffer, segment = dial(Group{BufferBytes: -1, SegmentBytes: -1})
	require.Equal(t, osBuffer, buffer)
	require.Equal(t, osSegment, segment)
	buffer, segment = dial(Group{BufferBytes: 32 << 10, SegmentBytes: -1})
	require.Equal(t, 64<<10, buffer)
	require.Equal(t, osSegment, segment)
}
