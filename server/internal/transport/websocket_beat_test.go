package transport_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/transport"
)

// A pong that is missing ends a connection only if everything else says as well
// that the other machine is gone.
func TestAMissingPong(t *testing.T) {
	nothing := func(*testing.T, opened) {}
	for _, test := range []struct {
		name   string
		silent bool
		reads  bool
		then   func(t *testing.T, s opened)
		ends   bool
	}{
		{"the other machine is silent", true, false, nothing, true},
		{"the other machine has it, and the reader is paused", false, false, nothing, false},
		{"the answer came", true, true, func(t *testing.T, s opened) {
			require.Eventually(t, func() bool { return !transport.AwaitsPong(s.Sink) }, patience, tick)
		}, false},
		{"an event was written since", true, false, func(t *testing.T, s opened) {
			require.NoError(t, s.Send(s.ctx, message(1, 10)))
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			sockets(t, func(t *testing.T, name string) {
				c, s := open(t, name, transport.Options{Ready: "{}", Heartbeat: time.Minute})
				transport.Silence(s.Sink, test.silent)
				now := time.Now().Add(time.Minute)
				s.Heartbeat(now)
				require.True(t, transport.AwaitsPong(s.Sink))
				if test.reads {
					go io.Copy(io.Discard, c.stream()) //nolint:errcheck // ends with the connection
				}
				test.then(t, s)
				s.Heartbeat(now.Add(2*time.Minute - 1))
				require.NoError(t, s.Send(s.ctx, message(2, 10)), "too early")
				s.Heartbeat(now.Add(4 * time.Minute)) // pings again
				test.then(t, s)
				s.Heartbeat(now.Add(6 * time.Minute))
				if test.ends {
					<-s.ctx.Done()
					require.Error(t, s.Send(s.ctx, message(3, 10)))
					return
				}
				require.NoError(t, s.Send(s.ctx, message(3, 10)))
			})
		})
	}
}

// While a Send waits for room nobody is pinged, however silent it is: the write
// tells everything.
func TestNoPingWhileASendWaits(t *testing.T) {
	sockets(t, func(t *testing.T, name string) {
		_, s := open(t, name, transport.Options{Ready: "{}", Heartbeat: time.Minute, SendBufferBytes: 16 << 10})
		transport.Silence(s.Sink, true)
		ended := fill(t, s, s.ctx)
		for i := range 10 {
			s.Heartbeat(time.Now().Add(time.Duration(i) * time.Hour))
		}
		require.False(t, transport.AwaitsPong(s.Sink))
		require.NoError(t, s.ctx.Err())
		require.NoError(t, s.Close())
		require.Error(t, <-ended)
	})
}
