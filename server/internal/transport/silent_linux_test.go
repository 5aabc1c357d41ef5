package transport

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// pair is a connection with its other end.
func pair(t *testing.T) (ours, theirs *net.TCPConn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	small := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) (err error) { // a connection that is open already it would stall
		raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10) }) //nolint:errcheck // new
		return err
	}}
	there, err := small.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { there.Close() })
	here, err := listener.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { here.Close() })
	return here.(*net.TCPConn), there.(*net.TCPConn)
}

// unheard is how long the kernel has heard nothing of the other end.
func unheard(t *testing.T, conn syscall.Conn) (d time.Duration) {
	raw, err := conn.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		require.NoError(t, err)
		d = time.Duration(info.Last_ack_recv) * time.Millisecond
	}))
	return d
}

// A machine that answers nothing any more: a filter takes every packet away
// before its kernel sees it.
func TestAMachineThatIsGoneIsSilent(t *testing.T) {
	ours, theirs := pair(t)
	raw, err := theirs.SyscallConn()
	require.NoError(t, err)
	nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
	var attached error
	require.NoError(t, raw.Control(func(fd uintptr) {
		attached = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing[0]})
	}))
	require.NoError(t, attached)
	require.False(t, silent(ours, time.Second), "nothing is on the way")
	_, err = ours.Write([]byte("\x89\x00"))
	require.NoError(t, err)
	require.False(t, silent(ours, time.Hour), "it has been silent for less than that")
	require.Eventually(t, func() bool { return silent(ours, time.Second) }, patience, 10*time.Millisecond)
}

// A reader that does not read has a machine that does: it is not silent, whether
// its window is open or shut, however long it has not been heard.
func TestAReaderThatDoesNotReadIsNotSilent(t *testing.T) {
	for name, fill := range map[string]bool{"open": false, "shut": true} {
		t.Run(name, func(t *testing.T) {
			ours, _ := pair(t)
			require.NoError(t, ours.SetWriteBuffer(4<<10))
			if fill {
				require.NoError(t, ours.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
				_, err := ours.Write(make([]byte, 16<<20))
				require.Error(t, err)
			} else {
				_, err := ours.Write([]byte("\x89\x00"))
				require.NoError(t, err)
			}
			require.Eventually(t, func() bool {
				require.False(t, silent(ours, time.Second))
				return unheard(t, ours) > 1200*time.Millisecond
			}, patience, 10*time.Millisecond)
		})
	}
}

func TestAConnectionThatTheKernelDoesNotKnowIsNotSilent(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	require.False(t, silent(ours, time.Second))
	tcp, _ := pair(t)
	require.NoError(t, tcp.Close())
	require.False(t, silent(tcp, time.Second))
}
