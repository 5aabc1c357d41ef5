package kernel_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/kernel"
)

// pair is a connection with a small buffer at either end.
func pair(t testing.TB) (sender, reader *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	s, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { c.Close(); s.Close() })
	sender, reader = s.(*net.TCPConn), c.(*net.TCPConn)
	require.NoError(t, sender.SetWriteBuffer(64<<10))
	return sender, reader
}

// fill writes until there is no room and returns how much the kernel took.
func fill(t *testing.T, c net.Conn) (taken uint64) {
	t.Helper()
	block := make([]byte, 64<<10)
	for {
		require.NoError(t, c.SetWriteDeadline(time.Now().Add(200*time.Millisecond)))
		n, err := c.Write(block)
		taken += uint64(n)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return taken
		}
		require.NoError(t, err)
	}
}

func TestReaderThatReadsNothingShutsTheWindow(t *testing.T) {
	sender, reader := pair(t)
	watch, err := kernel.Of(sender)
	require.NoError(t, err)
	info, err := watch.Read(time.Now())
	require.NoError(t, err)
	require.Zero(t, info.QueueBytes)
	require.Positive(t, info.WindowBytes, "open at first")
	require.Zero(t, info.Shut)

	taken := fill(t, sender)
	// The last segments may still be on their way to being acknowledged.
	var shut kernel.Info
	now := time.Now()
	require.Eventually(t, func() bool {
		shut, err = watch.Read(now)
		return err == nil && shut.WindowBytes == 0 && shut.UnsentBytes > 0
	}, 5*time.Second, 10*time.Millisecond)
	require.LessOrEqual(t, shut.QueueBytes, taken)
	require.GreaterOrEqual(t, shut.QueueBytes, shut.UnsentBytes)
	shut, err = watch.Read(now.Add(3 * time.Second))
	require.NoError(t, err)
	require.Equal(t, 3*time.Second, shut.Shut)
	first := shut.Limited

	// What the sender's kernel has not given away is what the reader's has not got.
	_, err = io.CopyN(io.Discard, reader, int64(taken))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		info, err = watch.Read(now.Add(4 * time.Second))
		return err == nil && info.QueueBytes == 0
	}, 5*time.Second, 10*time.Millisecond)
	require.Zero(t, info.Shut, "open again")
	require.Positive(t, info.WindowBytes)
	require.GreaterOrEqual(t, info.Limited, first)
}

func TestClosedConnectionIsAnError(t *testing.T) {
	sender, _ := pair(t)
	watch, err := kernel.Of(sender)
	require.NoError(t, err)
	require.NoError(t, sender.Close())
	_, err = watch.Read(time.Now())
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestPipeIsNotVisible(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	_, err := kernel.Of(a)
	require.ErrorIs(t, err, kernel.ErrNotVisible)
}

func BenchmarkRead(b *testing.B) {
	sender, _ := pair(b)
	watch, err := kernel.Of(sender)
	require.NoError(b, err)
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := watch.Read(now); err != nil {
			b.Fatal(err)
		}
	}
}
