package broker_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker/brokertest"
)

func subscribe(t *testing.T, c *redis.Client, channels ...string) *redis.PubSub {
	t.Helper()
	ps := c.Subscribe(t.Context(), channels...)
	t.Cleanup(func() { _ = ps.Close() })
	for range channels {
		_, err := ps.Receive(t.Context())
		require.NoError(t, err)
	}
	return ps
}

func TestPublishCountsSubscribers(t *testing.T) {
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprint("resp", protocol), func(t *testing.T) {
			brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
				c := b.Client(t, func(o *redis.Options) { o.Protocol = protocol })
				ctx := t.Context()
				one := subscribe(t, c, "a", "b")
				two := subscribe(t, c, "a")
				counts, err := c.PubSubNumSub(ctx, "a", "b", "none").Result()
				require.NoError(t, err)
				require.Equal(t, map[string]int64{"a": 2, "b": 1, "none": 0}, counts)
				require.EqualValues(t, 2, c.Publish(ctx, "a", "hello").Val())
				require.EqualValues(t, 1, c.Publish(ctx, "b", "world").Val())
				require.EqualValues(t, 0, c.Publish(ctx, "none", "x").Val())
				for _, ps := range []*redis.PubSub{one, two} {
					m, err := ps.ReceiveMessage(ctx)
					require.NoError(t, err)
					require.Equal(t, "a hello", m.Channel+" "+m.Payload)
				}
				m, err := one.ReceiveMessage(ctx)
				require.NoError(t, err)
				require.Equal(t, "b world", m.Channel+" "+m.Payload)

				require.NoError(t, one.Unsubscribe(ctx, "a"))
				_, err = one.Receive(ctx)
				require.NoError(t, err)
				require.EqualValues(t, 1, c.Publish(ctx, "a", "again").Val())
				require.NoError(t, two.Close())
				awaitInfo(t, c, "pubsub_channels:1") // b; a closed connection is noticed
			})
		})
	}
}

// stall subscribes and then reads nothing more. On loopback the kernel takes
// several MiB for it.
func stall(t *testing.T, b *brokertest.Broker, channel string) net.Conn {
	t.Helper()
	nc := dial(t, b)
	write(t, nc, "CLIENT SETNAME stalled\r\nSUBSCRIBE "+channel+"\r\n")
	readUntil(t, nc, ":1\r\n")
	return nc
}

// client returns the CLIENT LIST line of the client with a name, or "".
func client(t *testing.T, c *redis.Client, name string) string {
	t.Helper()
	list, err := c.ClientList(t.Context()).Result()
	require.NoError(t, err)
	for line := range strings.Lines(list) {
		if strings.Contains(line, " name="+name+" ") {
			return line
		}
	}
	return ""
}

// number returns a field of a CLIENT LIST line, or -1.
func number(line, field string) int64 {
	_, rest, _ := strings.Cut(line, " "+field+"=")
	digits, _, _ := strings.Cut(rest, " ")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// TestStalledSubscriberDelaysNobody: what it does not read waits for it alone,
// visible in CLIENT LIST and in used_memory, until the limit cuts it off.
func TestStalledSubscriberDelaysNobody(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		ctx := t.Context()
		c := b.Client(t, nil)
		before := infoNumber(t, c, "used_memory")
		stalled := stall(t, b, "a")
		healthy := subscribe(t, c, "a")
		payload := strings.Repeat("x", 64<<10)
		for i := range 256 { // 16 MiB: below the hard limit, above what the kernel takes
			require.EqualValues(t, 2, c.Publish(ctx, "a", payload).Val(), "message %d", i)
			m, err := healthy.ReceiveMessage(ctx)
			require.NoError(t, err)
			require.Len(t, m.Payload, len(payload))
		}
		line := client(t, c, "stalled")
		waiting := number(line, "omem")
		require.Greater(t, waiting, int64(8<<20))
		require.Greater(t, number(line, "tot-mem"), waiting)
		require.EqualValues(t, 1, number(line, "sub"))
		require.Contains(t, line, "flags=P ")
		require.Greater(t, infoNumber(t, c, "used_memory")-before, waiting)

		require.NoError(t, healthy.Close())
		for range 512 {
			require.NoError(t, c.Publish(ctx, "a", payload).Err())
		}
		require.Eventually(t, func() bool { return client(t, c, "stalled") == "" }, soon, time.Millisecond)
		require.Less(t, infoNumber(t, c, "used_memory")-before, waiting)
		got, err := io.Copy(io.Discard, stalled) // what the kernel had, then the end
		if err == nil {
			require.Less(t, got, int64(32<<20))
		}
	})
}

func infoNumber(t *testing.T, c *redis.Client, field string) (n int64) {
	t.Helper()
	info, err := c.Info(t.Context()).Result()
	require.NoError(t, err)
	_, rest, found := strings.Cut(info, "\n"+field+":")
	require.True(t, found, field)
	_, err = fmt.Sscan(rest, &n)
	require.NoError(t, err)
	return n
}

func TestOutputLimits(t *testing.T) {
	for name, limit := range map[string]string{"hard": "pubsub 1mb 0 0", "soft": "pubsub 0 64kb 1"} {
		t.Run(name, func(t *testing.T) {
			brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
				ctx := t.Context()
				c := b.Client(t, nil)
				require.NoError(t, c.ConfigSet(ctx, "client-output-buffer-limit", limit).Err())
				stall(t, b, "a")
				payload := strings.Repeat("x", 64<<10)
				// Beyond what the kernel takes; 0 when it has been cut off already.
				for range 256 {
					require.NoError(t, c.Publish(ctx, "a", payload).Err())
				}
				require.Eventually(t, func() bool { return client(t, c, "stalled") == "" }, soon, 5*time.Millisecond)
				if b.Server != nil { // Redis counts this since 7.2
					require.EqualValues(t, 1, b.Server.Stats().OutputLimitDisconnections)
					require.EqualValues(t, 1, infoNumber(t, c, "client_output_buffer_limit_disconnections"))
					require.Eventually(t, func() bool { return b.Server.Stats().OutputBytes == 0 }, soon, time.Millisecond)
				}
			})
		})
	}
}

// TestNormalClientsAreNotLimited: only subscribers are cut off.
func TestNormalClientsAreNotLimited(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		ctx := t.Context()
		c := b.Client(t, nil)
		require.NoError(t, c.ConfigSet(ctx, "client-output-buffer-limit", "pubsub 1kb 1kb 0").Err())
		value := strings.Repeat("x", 1<<20)
		for i := range 16 {
			require.NoError(t, c.XAdd(ctx, &redis.XAddArgs{Stream: "s", ID: fmt.Sprint(i+1, "-0"), Values: []string{"m", value}}).Err())
		}
		slow := dial(t, b)
		write(t, slow, "CLIENT SETNAME slow\r\nXREAD STREAMS s 0\r\nPING done\r\n")
		require.Eventually(t, func() bool { return number(client(t, c, "slow"), "omem") > 1<<20 }, soon, time.Millisecond)
		add(t, c, "other", "1-0") // nobody waits for the slow one
		got, err := io.ReadAll(io.LimitReader(slow, 16<<20))
		require.NoError(t, err)
		require.Len(t, got, 16<<20)
		readUntil(t, slow, "$4\r\ndone\r\n")
		require.Eventually(t, func() bool { return number(client(t, c, "slow"), "omem") == 0 }, soon, time.Millisecond)
	})
}

func TestClientKill(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		c := b.Client(t, nil)
		stall(t, b, "a")
		id := client(t, c, "stalled")
		var n int64
		_, err := fmt.Sscanf(id, "id=%d ", &n)
		require.NoError(t, err)
		require.EqualValues(t, 1, c.ClientKillByFilter(t.Context(), "ID", fmt.Sprint(n)).Val())
		require.Eventually(t, func() bool { return client(t, c, "stalled") == "" }, soon, time.Millisecond)

		self := dial(t, b)
		write(t, self, "CLIENT ID\r\n")
		own := strings.TrimSpace(strings.TrimPrefix(readUntil(t, self, "\r\n"), ":"))
		write(t, self, "CLIENT KILL ID "+own+"\r\n")
		expect(t, self, ":0\r\n") // filters skip the client that asks
		write(t, self, "CLIENT KILL "+self.LocalAddr().String()+"\r\n")
		rest, err := io.ReadAll(self)
		require.NoError(t, err)
		require.Equal(t, "+OK\r\n", string(rest))
	})
}

func TestPipelinesAndLargeValues(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		ctx := t.Context()
		c := b.Client(t, nil)
		large := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MiB
		ps := subscribe(t, c, "a")
		cmds, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range 5000 {
				p.XAdd(ctx, &redis.XAddArgs{Stream: "s", ID: fmt.Sprint(i+1, "-0"), Values: []any{"m", i}})
			}
			p.XAdd(ctx, &redis.XAddArgs{Stream: "s", ID: "5001-0", Values: []any{"m", large}})
			p.Publish(ctx, "a", large)
			p.XLen(ctx, "s")
			return nil
		})
		require.NoError(t, err)
		require.EqualValues(t, 5001, cmds[len(cmds)-1].(*redis.IntCmd).Val())
		m, err := ps.ReceiveMessage(ctx)
		require.NoError(t, err)
		require.True(t, string(large) == m.Payload)
		got, err := c.XRange(ctx, "s", "5001", "+").Result()
		require.NoError(t, err)
		require.True(t, string(large) == got[0].Values["m"])
		all, err := c.XRead(ctx, &redis.XReadArgs{Streams: []string{"s", "0"}, Count: 5000, Block: -1}).Result()
		require.NoError(t, err)
		require.Len(t, all[0].Messages, 5000)
		for i, m := range all[0].Messages {
			require.Equal(t, fmt.Sprint(i+1, "-0"), m.ID)
			require.Equal(t, fmt.Sprint(i), m.Values["m"])
		}
	})
}

// TestPoolReconnects: after its connections were killed, go-redis opens new ones.
func TestPoolReconnects(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		admin := b.Client(t, nil)
		c := b.Client(t, func(o *redis.Options) { o.ClientName, o.PoolSize = "victim", 3 })
		for round := range 5 {
			require.NoError(t, c.Ping(t.Context()).Err())
			line := client(t, admin, "victim")
			_, rest, _ := strings.Cut(line, " addr=")
			addr, _, _ := strings.Cut(rest, " ")
			require.NoError(t, admin.ClientKill(t.Context(), addr).Err(), "round %d: %s", round, line)
		}
		require.NoError(t, c.Ping(t.Context()).Err())
	})
}

// TestConcurrentUse lets producers, readers, trimmers and subscribers work at
// once: every reader sees every entry in order.
func TestConcurrentUse(t *testing.T) {
	const streams, entries = 8, 500
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c := b.Client(t, func(o *redis.Options) { o.PoolSize = 4 * streams })
		errs := make(chan error, 3*streams) // one result of each goroutine
		var wg sync.WaitGroup
		for n := range streams {
			key := fmt.Sprint("s", n)
			ps := subscribe(t, c, key)
			wg.Go(func() { errs <- produce(ctx, c, key, entries) })
			wg.Go(func() { errs <- consume(ctx, c, key, entries) })
			wg.Go(func() {
				for i := range entries {
					m, err := ps.ReceiveMessage(ctx)
					if err == nil && m.Payload != fmt.Sprint(i+1) {
						err = fmt.Errorf("message %d is %s", i+1, m.Payload)
					}
					if err != nil {
						errs <- err
						return
					}
				}
				errs <- nil
			})
		}
		wg.Wait()
		for range 3 * streams {
			require.NoError(t, <-errs)
		}
	})
}

func produce(ctx context.Context, c *redis.Client, key string, entries int) error {
	for first := 1; first <= entries; first += 10 {
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := first; i < first+10; i++ {
				p.Publish(ctx, key, i)
				p.XAdd(ctx, &redis.XAddArgs{Stream: key, ID: fmt.Sprint(i, "-0"), Values: []any{"m", i}})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// consume reads all entries and trims those that it has read.
func consume(ctx context.Context, c *redis.Client, key string, entries int) error {
	last := "0-0"
	for seen := 0; seen < entries; {
		got, err := c.XRead(ctx, &redis.XReadArgs{Streams: []string{key, last}, Count: 16, Block: 10 * time.Second}).Result()
		if err != nil {
			return err
		}
		for _, m := range got[0].Messages {
			if seen++; m.ID != fmt.Sprint(seen, "-0") {
				return fmt.Errorf("entry %d of %s is %s", seen, key, m.ID)
			}
			last = m.ID
		}
		if err := c.XTrimMinID(ctx, key, last).Err(); err != nil {
			return err
		}
	}
	return nil
}
