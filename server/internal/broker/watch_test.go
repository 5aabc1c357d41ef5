package broker_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/broker/brokertest"
)

// watch runs Watch until the test ends and returns what it reports.
func watch(t *testing.T, c *redis.Client) <-chan broker.Health {
	ctx, cancel := context.WithCancel(t.Context())
	reports := make(chan broker.Health)
	done := make(chan struct{})
	go func() {
		defer close(done)
		broker.Watch(ctx, c, 5*time.Millisecond, func(h broker.Health) {
			select {
			case reports <- h:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		await(t, done, "Watch to end")
	})
	return reports
}

// until returns the first report that fits.
func until(t *testing.T, reports <-chan broker.Health, what string, fits func(broker.Health) bool) broker.Health {
	t.Helper()
	deadline := time.Now().Add(soon)
	for time.Now().Before(deadline) {
		if h := await(t, reports, what); fits(h) {
			return h
		}
	}
	require.FailNow(t, "waited in vain for "+what)
	return broker.Health{}
}

func TestWatch(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		c := b.Client(t, nil)
		reports := watch(t, c)
		h := await(t, reports, "a report")
		require.True(t, h.Up)
		require.NoError(t, h.Err)
		require.False(t, h.Restarted)
		require.True(t, strings.HasPrefix(h.Version, "7"), h.Version)
		require.Len(t, h.RunID, 40)
		require.Greater(t, h.UsedMemoryBytes, int64(1<<19))
		require.Positive(t, h.Clients)
		require.WithinDuration(t, time.Now(), h.At, soon)

		stall(t, b, "a")
		for range 256 {
			require.NoError(t, c.Publish(t.Context(), "a", strings.Repeat("x", 64<<10)).Err())
		}
		h = until(t, reports, "output memory", func(h broker.Health) bool { return h.OutputBytes > 8<<20 })
		require.Greater(t, h.LargestOutputBytes, int64(8<<20))
		require.Greater(t, h.UsedMemoryBytes, h.OutputBytes)
	})
}

// TestWatchRestart: the broker goes away and another one takes its address.
func TestWatchRestart(t *testing.T) {
	serve := func(l net.Listener) (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1) // the one result
		go func() { served <- broker.New(broker.Options{}).Serve(ctx, l) }()
		return func() {
			cancel()
			require.NoError(t, await(t, served, "Serve to end"))
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	stop := serve(l)
	c, err := broker.Dial(t.Context(), "redis://"+l.Addr().String(), broker.DialOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	reports := watch(t, c)
	first := until(t, reports, "the first broker", func(h broker.Health) bool { return h.Up })

	stop()
	down := until(t, reports, "the end of the first broker", func(h broker.Health) bool { return !h.Up })
	require.ErrorIs(t, down.Err, broker.ErrUnreachable)
	require.Zero(t, down.UsedMemoryBytes)

	l, err = net.Listen("tcp", l.Addr().String())
	require.NoError(t, err)
	stop = serve(l)
	t.Cleanup(func() { stop() })
	second := until(t, reports, "the second broker", func(h broker.Health) bool { return h.Up })
	require.True(t, second.Restarted)
	require.NotEqual(t, first.RunID, second.RunID)
	require.False(t, until(t, reports, "one more report", func(h broker.Health) bool { return h.Up }).Restarted)
}
