package transport_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/transport"
)

// However many readers there are, one goroutine sees each of them leave, and
// nobody else; what a reader sends before that means nothing.
func TestDeparturesAreSeenTogether(t *testing.T) {
	const readers = 60
	addr, sinks := serve(t, "sse", transport.Options{Ready: "{}"})
	clients, open := make([]client, readers), make([]opened, readers)
	for i := range clients {
		clients[i] = join(t, "sse", addr)
		open[i] = <-sinks
		require.NoError(t, open[i].err)
	}
	require.Eventually(t, func() bool { // net/http's have ended
		return runtime.NumGoroutine() < readers
	}, patience, tick, "a goroutine for each reader")
	leave := []func(client) error{
		func(c client) error { return c.Close() },
		client.CloseWrite,
		func(c client) error { // a reset
			if err := c.SetLinger(0); err != nil {
				return err
			}
			return c.Close()
		},
	}
	for round := range 2 { // half of them, then the others
		for i := round; i < readers; i += 2 {
			_, err := clients[i].Write(make([]byte, 2000)) // nothing that matters
			require.NoError(t, err)
			require.NoError(t, leave[i/2%len(leave)](clients[i]))
		}
		for i := range open {
			if i%2 > round {
				require.NoError(t, open[i].ctx.Err())
				require.NoError(t, open[i].Send(open[i].ctx, message(1, 10)))
				continue
			}
			select {
			case <-open[i].ctx.Done():
			case <-time.After(patience):
				require.Fail(t, "not seen", "reader %d", i)
			}
		}
	}
	for i := range open { // after the last one there is nothing left
		open[i].Close()
	}
}
