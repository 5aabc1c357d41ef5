package transport_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/transport"
)

// A Send that waits for room goes on as soon as there is more, and what is in the
// buffer stays there when it becomes smaller.
func TestSendBufferOfAnOpenConnection(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		_, s := open(t, name, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
		ended := fill(t, s, t.Context())
		queue := func() uint64 {
			info, err := s.Kernel(time.Now())
			require.NoError(t, err)
			return info.QueueBytes
		}
		require.Less(t, queue(), uint64(100<<10))
		require.NoError(t, s.SetSendBuffer(200<<10))
		require.Eventually(t, func() bool { return queue() > 150<<10 }, patience, tick, "a write does not go on")
		require.Eventually(t, func() bool {
			return s.stats.Read(time.Now()).Write > 300*time.Millisecond
		}, patience, tick, "it does not stall again")
		before := queue()
		require.NoError(t, s.SetSendBuffer(16<<10))
		require.Equal(t, before, queue())
		require.NoError(t, s.Close())
		require.Error(t, <-ended)
	})
}
