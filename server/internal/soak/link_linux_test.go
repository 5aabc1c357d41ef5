package soak

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// pair is a connection: the lane's end, and the reader's in a link.
func pair(t *testing.T) (ours net.Conn, theirs *link) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c, err := dialer.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	ours, err = l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { ours.Close(); c.Close() })
	return ours, &link{Reader: c, conn: c}
}

// ended is what the lane's end reads within a moment: the reason of the end, or a
// deadline where it has heard nothing.
func ended(t *testing.T, c net.Conn, within time.Duration) error {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(within)))
	_, err := c.Read(make([]byte, 1))
	return err
}

func TestHangingUpIsHeard(t *testing.T) {
	ours, theirs := pair(t)
	require.Equal(t, hangUp, theirs.end(hangUp))
	require.ErrorIs(t, ended(t, ours, patience), io.EOF)
	require.Equal(t, hangUp, theirs.end(muted), "once is enough")
}

func TestADroppedConnectionIsHeardByTheNextWriteOnly(t *testing.T) {
	ours, theirs := pair(t)
	if how := theirs.end(dropped); how == frozen {
		t.Skip("TCP_REPAIR is not allowed here")
	}
	require.ErrorIs(t, ended(t, ours, 100*time.Millisecond), os.ErrDeadlineExceeded, "there was a FIN or a reset")
	_, err := ours.Write([]byte("x"))
	require.NoError(t, err)
	require.ErrorIs(t, ended(t, ours, patience), syscall.ECONNRESET)
}

func TestAMutedConnectionIsNotHeardAtAll(t *testing.T) {
	ours, theirs := pair(t)
	how := theirs.end(muted)
	if how == frozen {
		t.Skip("SO_ATTACH_FILTER is not allowed here")
	}
	require.Equal(t, muted, how)
	_, err := ours.Write([]byte("x"))
	require.NoError(t, err)
	raw, err := ours.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	require.Eventually(t, func() bool { // it is sent again, and nobody answers
		again := false
		require.NoError(t, raw.Control(func(fd uintptr) {
			info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
			again = err == nil && info.Retransmits >= 2 && info.Unacked > 0
		}))
		return again
	}, patience, 10*time.Millisecond)
	require.ErrorIs(t, ended(t, ours, time.Millisecond), os.ErrDeadlineExceeded)
	theirs.bury()
	err = ended(t, ours, patience)
	require.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF), "%v: where it was, there is nobody now", err)
}
