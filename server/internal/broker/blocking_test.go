package broker_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker/brokertest"
)

// soon bounds what should happen at once, on a busy machine.
const soon = 10 * time.Second

type readResult struct {
	streams []redis.XStream
	err     error
}

// read runs XREAD in the background. The result comes on the channel.
func read(ctx context.Context, c redis.Cmdable, block time.Duration, count int64, streams ...string) <-chan readResult {
	result := make(chan readResult, 1) // so that the goroutine always ends
	go func() {
		s, err := c.XRead(ctx, &redis.XReadArgs{Streams: streams, Count: count, Block: block}).Result()
		result <- readResult{s, err}
	}()
	return result
}

func await[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(soon):
		require.FailNow(t, "waited in vain for "+what)
		panic("unreachable")
	}
}

// awaitInfo waits until a line stands in INFO.
func awaitInfo(t *testing.T, c *redis.Client, line string) {
	t.Helper()
	require.Eventually(t, func() bool {
		info, err := c.Info(t.Context()).Result()
		return err == nil && strings.Contains(info, line+"\r\n")
	}, soon, 2*time.Millisecond, line)
}

func add(t *testing.T, c redis.Cmdable, stream, id string) {
	t.Helper()
	err := c.XAdd(t.Context(), &redis.XAddArgs{Stream: stream, ID: id, Values: []string{"m", id}}).Err()
	require.NoError(t, err)
}

func TestBlockingReadWakesUp(t *testing.T) {
	for _, protocol := range []int{2, 3} {
		for name, block := range map[string]time.Duration{"timeout": time.Minute, "forever": 0} {
			t.Run(fmt.Sprintf("resp%d/%s", protocol, name), func(t *testing.T) {
				brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
					c := b.Client(t, func(o *redis.Options) { o.Protocol = protocol })
					add(t, c, "s", "1-0")
					result := read(t.Context(), c, block, 0, "none", "s", "0", "$")
					awaitInfo(t, c, "blocked_clients:1")
					add(t, c, "s", "2-0")
					got := await(t, result, "the entry")
					require.NoError(t, got.err)
					require.Equal(t, []redis.XStream{{
						Stream:   "s",
						Messages: []redis.XMessage{{ID: "2-0", Values: map[string]any{"m": "2-0"}}},
					}}, got.streams)
					awaitInfo(t, c, "blocked_clients:0")
				})
			})
		}
	}
}

func TestBlockingReadTimesOut(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		c := b.Client(t, nil)
		start := time.Now()
		got := await(t, read(t.Context(), c, 30*time.Millisecond, 0, "s", "$"), "the timeout")
		require.ErrorIs(t, got.err, redis.Nil)
		require.GreaterOrEqual(t, time.Since(start), 30*time.Millisecond)
		require.NoError(t, c.Ping(t.Context()).Err())
	})
}

// TestBlockingReadWaitsForLaterID: an entry that is not behind the id asked for
// wakes nobody.
func TestBlockingReadWaitsForLaterID(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		c := b.Client(t, nil)
		result := read(t.Context(), c, time.Minute, 0, "s", "5-0")
		awaitInfo(t, c, "blocked_clients:1")
		for _, id := range []string{"4-0", "5-0", "5-1"} {
			add(t, c, "s", id)
		}
		got := await(t, result, "the entry")
		require.NoError(t, got.err)
		require.Len(t, got.streams[0].Messages, 1)
		require.Equal(t, "5-1", got.streams[0].Messages[0].ID)
	})
}

func TestManyWaitersOnOneStream(t *testing.T) {
	const waiters = 300
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		readers := b.Client(t, func(o *redis.Options) { o.PoolSize = waiters })
		c := b.Client(t, nil)
		var results []<-chan readResult
		for i := range waiters {
			// Each waits for a stream of its own, too, which must forget it.
			results = append(results, read(t.Context(), readers, time.Minute, 16, "s", fmt.Sprint("own", i), "$", "$"))
		}
		awaitInfo(t, c, fmt.Sprintf("blocked_clients:%d", waiters))
		add(t, c, "s", "1-0")
		for _, result := range results {
			got := await(t, result, "the entry")
			require.NoError(t, got.err)
			require.Equal(t, "1-0", got.streams[0].Messages[0].ID)
		}
		awaitInfo(t, c, "blocked_clients:0")
		add(t, c, "own7", "1-0")
		require.NoError(t, c.Ping(t.Context()).Err())
	})
}

// TestPipelineBehindBlockingRead: commands sent behind an XREAD that blocks run
// when it is over, in order, whether an entry or the timeout ends it.
func TestPipelineBehindBlockingRead(t *testing.T) {
	for name, block := range map[string]string{"entry": "60000", "timeout": "30"} {
		t.Run(name, func(t *testing.T) {
			brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
				nc := dial(t, b)
				write(t, nc, "XREAD BLOCK "+block+" STREAMS s $\r\nPING one\r\n")
				c := b.Client(t, nil)
				awaitInfo(t, c, "blocked_clients:1")
				write(t, nc, "PING two\r\n")
				want := "*-1\r\n$3\r\none\r\n$3\r\ntwo\r\n"
				if name == "entry" {
					add(t, c, "s", "7-0")
					want = "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n7-0\r\n*2\r\n$1\r\nm\r\n$3\r\n7-0\r\n$3\r\none\r\n$3\r\ntwo\r\n"
				}
				expect(t, nc, want)
			})
		})
	}
}

// TestBlockedClientLeaves: a client that goes away while blocked is noticed.
func TestBlockedClientLeaves(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		c := b.Client(t, nil)
		nc := dial(t, b)
		write(t, nc, "XREAD BLOCK 0 STREAMS s $\r\n")
		awaitInfo(t, c, "blocked_clients:1")
		require.NoError(t, nc.Close())
		awaitInfo(t, c, "blocked_clients:0")
		add(t, c, "s", "1-0")
	})
}

// dial opens a bare connection.
func dial(t *testing.T, b *brokertest.Broker) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", b.Addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = nc.Close() })
	require.NoError(t, nc.SetDeadline(time.Now().Add(soon)))
	return nc
}

func write(t *testing.T, nc net.Conn, text string) {
	t.Helper()
	_, err := nc.Write([]byte(text))
	require.NoError(t, err)
}
