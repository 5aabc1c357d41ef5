package transport_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"spillway/server/internal/kernel"
	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// While one event of a batch waits for room, those before it count as delivered:
// what the kernels have is what is delivered, but for a part of one event.
func TestWhatIsWholeInTheKernelIsDelivered(t *testing.T) {
	c, s := open(t, "sse", transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	read := 0
	kernels := func() (bytes int) { // all that was ever written
		t.Helper()
		var info kernel.Info
		require.Eventually(t, func() bool { // what is under way may be in both
			info, err = s.Kernel(time.Now())
			return err == nil && info.InFlight == 0
		}, patience, tick)
		var waiting int
		var failed error
		require.NoError(t, raw.Control(func(fd uintptr) { waiting, failed = unix.IoctlGetInt(int(fd), unix.SIOCINQ) }))
		require.NoError(t, failed)
		return read + waiting + int(info.QueueBytes)
	}
	written := kernels() // the head, and ready
	ended := make(chan error, 1)
	go func() {
		for seq := uint64(0); ; {
			ms := make([]lane.Message, 64)
			for i := range ms {
				seq++
				ms[i] = message(seq, 1<<10)
			}
			if err := s.SendAll(s.ctx, ms); err != nil {
				ended <- err
				return
			}
		}
	}()
	counted := uint64(0)
	for range 20 {
		const plenty = 90_000 // more than a batch
		var last int
		require.Eventually(t, func() bool {
			before := last
			last = kernels()
			return last == before && s.stats.Read(time.Now()).Write > 20*time.Millisecond
		}, patience, 5*tick, "it does not stall")
		for delivered := s.stats.Read(time.Now()).Delivered; counted < delivered; {
			counted++
			n := int(message(counted, 1<<10).Text())
			written += n + len(fmt.Sprintf("%x", n)) + 2*len("\r\n")
		}
		require.GreaterOrEqual(t, last, written)
		require.Less(t, last-written, 1200, "whole events of a batch are not counted")
		n, err := io.CopyN(io.Discard, c, plenty)
		read += int(n)
		require.NoError(t, err)
	}
	require.NoError(t, s.Close())
	require.Error(t, <-ended)
}
