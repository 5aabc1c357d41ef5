package transport

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"spillway/server/internal/lane"
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
				require.True(t, unsent(ours))
			} else {
				_, err := ours.Write([]byte("\x89\x00"))
				require.NoError(t, err)
				require.Eventually(t, func() bool { return !unsent(ours) }, patience, time.Millisecond)
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

// A sign of life for which there is no room does not break TLS: a reader that
// goes on reading gets everything.
func TestHeartbeatWithoutRoomUnderTLS(t *testing.T) {
	ours, theirs := pair(t)
	require.NoError(t, ours.SetWriteBuffer(16<<10))
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS() // for its certificate
	defer server.Close()
	config := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName = "example.com"
	client := tls.Client(theirs, config)
	secure := tls.Server(ours, server.TLS)
	shaken := make(chan error, 1)
	go func() { shaken <- secure.HandshakeContext(t.Context()) }()
	require.NoError(t, client.HandshakeContext(t.Context()))
	require.NoError(t, <-shaken)

	s := &sseSink{line{conn: secureConn{secure}, events: events{stats: new(lane.Stats)}, leave: func(error) {}, gone: make(chan struct{})}}
	go s.watch()
	defer s.Close()
	seq := uint64(0)
	for ; !unsent(ours); seq++ { // and no Send waits
		require.NoError(t, s.Send(t.Context(), lane.Message{Seq: seq + 1, Data: strings.Repeat("x", 500)}))
	}
	for range 5000 { // many more than there is room for
		s.Heartbeat(time.Now())
	}
	go io.Copy(io.Discard, client) //nolint:errcheck // ends with the connection
	for range 1000 {
		seq++
		require.NoError(t, s.Send(t.Context(), lane.Message{Seq: seq, Data: strings.Repeat("x", 500)}))
	}
}
