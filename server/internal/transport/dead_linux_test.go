package transport

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"spillway/server/internal/kernel"
	"spillway/server/internal/lane"
)

// gone takes away every packet that comes to a connection before its kernel sees
// it.
func gone(t *testing.T, c *net.TCPConn) {
	t.Helper()
	raw, err := c.SyscallConn()
	require.NoError(t, err)
	nothing := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0}}
	var attached error
	require.NoError(t, raw.Control(func(fd uintptr) {
		attached = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing[0]})
	}))
	require.NoError(t, attached)
}

// A machine that is gone is noticed while nothing waits, while a Send waits for
// acknowledgements, and with a window that was shut before; and the Send ends.
func TestADeadMachineIsNoticed(t *testing.T) {
	const heartbeat = 500 * time.Millisecond
	for name, c := range map[string]struct{ fillBefore, fillAfter bool }{
		"nothing waits": {}, "a Send waits": {fillAfter: true}, "its window was shut": {fillBefore: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := pair(t)
			require.NoError(t, ours.SetWriteBuffer(16<<10))
			s := &sseSink{line{conn: ours, heartbeat: heartbeat, events: events{stats: new(lane.Stats)}, leave: func(error) {}, gone: make(chan struct{}), kernel: watched(ours)}}
			go s.watch()
			defer s.Close()
			sending := make(chan error, 1)
			fill := func() {
				go func() {
					for seq := uint64(1); ; seq++ {
						if err := s.Send(t.Context(), lane.Message{Seq: seq, Data: string(make([]byte, 4<<10))}); err != nil {
							sending <- err
							return
						}
					}
				}()
			}
			if c.fillBefore {
				fill()
				require.Eventually(t, func() bool { i, ok := look(ours); return ok && i.UnsentBytes > 0 && i.InFlight == 0 }, patience, time.Millisecond)
			}
			gone(t, theirs)
			if c.fillAfter {
				fill()
			}
			require.Eventually(t, func() bool {
				s.Heartbeat(time.Now())
				select {
				case <-s.gone:
					return true
				default:
					return false
				}
			}, patience, heartbeat/4)
			if c.fillBefore || c.fillAfter {
				require.Error(t, <-sending)
			}
		})
	}
}

// A reader that does not read keeps its connection, however long.
func TestAReaderThatDoesNotReadIsNotDead(t *testing.T) {
	const heartbeat = 100 * time.Millisecond
	ours, _ := pair(t)
	require.NoError(t, ours.SetWriteBuffer(16<<10))
	s := &sseSink{line{conn: ours, heartbeat: heartbeat, events: events{stats: new(lane.Stats)}, leave: func(error) {}, gone: make(chan struct{}), kernel: watched(ours)}}
	go s.watch()
	sending := make(chan error, 1)
	go func() {
		for seq := uint64(1); ; seq++ {
			if err := s.Send(t.Context(), lane.Message{Seq: seq, Data: string(make([]byte, 4<<10))}); err != nil {
				sending <- err
				return
			}
		}
	}()
	require.Eventually(t, func() bool {
		s.Heartbeat(time.Now())
		select {
		case <-s.gone:
			require.Fail(t, "it was taken for dead")
		default:
		}
		return unheard(t, ours) > 20*heartbeat
	}, patience, heartbeat/4)
	require.NoError(t, s.Close())
	require.Error(t, <-sending)
}

func TestWhoOwesAnAnswer(t *testing.T) {
	const since = 30 * time.Second
	for name, c := range map[string]struct {
		info kernel.Info
		want bool
	}{
		"nothing is under way":                  {kernel.Info{Heard: time.Hour, Sent: time.Hour}, false},
		"sent again and again":                  {kernel.Info{InFlight: 3, Heard: 31 * time.Second, Sent: 5 * time.Second}, true},
		"not for that long":                     {kernel.Info{InFlight: 3, Heard: 29 * time.Second, Sent: time.Second}, false},
		"each attempt answered, without room":   {kernel.Info{InFlight: 3, Heard: 90 * time.Second, Sent: 90 * time.Second}, false},
		"its window is shut, and it says so":    {kernel.Info{UnsentBytes: 1, Heard: 90 * time.Second, Sent: 120 * time.Second}, false},
		"its window is shut, one answer is due": {kernel.Info{UnsentBytes: 1, Probes: 1, Heard: 90 * time.Second}, false},
		"its window is shut, and it is gone":    {kernel.Info{UnsentBytes: 1, Probes: 2, Heard: 90 * time.Second}, true},
	} {
		require.Equal(t, c.want, unanswered(c.info, since), name)
	}
}
