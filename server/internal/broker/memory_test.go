package broker_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/broker/brokertest"
)

// TestMaxMemory: above maxmemory XADD is refused, and nothing else.
func TestMaxMemory(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		ctx := t.Context()
		c := b.Client(t, nil)
		limit := infoNumber(t, c, "used_memory") + 4<<20
		require.NoError(t, c.ConfigSet(ctx, "maxmemory", fmt.Sprint(limit)).Err())
		value := strings.Repeat("x", 4<<10)
		var err error
		n := int64(0)
		for ; err == nil && n < 10_000; n++ {
			err = c.XAdd(ctx, &redis.XAddArgs{Stream: "s", ID: fmt.Sprint(n+1, "-0"), Values: []string{"m", value}}).Err()
		}
		n-- // the last one was refused
		require.EqualError(t, err, "OOM command not allowed when used memory > 'maxmemory'.")
		require.Greater(t, n, int64(400))
		require.Less(t, n, int64(1100))
		require.Equal(t, limit, infoNumber(t, c, "maxmemory"))

		ps := subscribe(t, c, "a")
		require.EqualValues(t, 1, c.Publish(ctx, "a", value).Val())
		_, err = ps.ReceiveMessage(ctx)
		require.NoError(t, err)
		got, err := c.XRead(ctx, &redis.XReadArgs{Streams: []string{"s", "0"}, Count: 16, Block: -1}).Result()
		require.NoError(t, err)
		require.Len(t, got[0].Messages, 16)
		require.Equal(t, n, c.XLen(ctx, "s").Val())
		require.EqualValues(t, n-10, c.XTrimMaxLen(ctx, "s", 10).Val())
		add(t, c, "s", fmt.Sprint(n+1, "-0"))
		require.Equal(t, n+1, infoStream(t, c, "s").EntriesAdded)
		require.EqualValues(t, 1, c.Del(ctx, "s").Val())
	})
}

func infoStream(t *testing.T, c *redis.Client, key string) *redis.XInfoStream {
	t.Helper()
	info, err := c.XInfoStream(t.Context(), key).Result()
	require.NoError(t, err)
	return info
}

// TestLossArithmetic: entries added, minus the length, minus those consumed, is
// what a reader has lost to trimming.
func TestLossArithmetic(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		ctx := t.Context()
		c := b.Client(t, nil)
		for i := range 1000 {
			add(t, c, "s", fmt.Sprint(i+1, "-0"))
		}
		got, err := c.XRead(ctx, &redis.XReadArgs{Streams: []string{"s", "0"}, Count: 100, Block: -1}).Result()
		require.NoError(t, err)
		consumed := int64(len(got[0].Messages))
		last := got[0].Messages[consumed-1].ID
		require.EqualValues(t, 650, c.XTrimMinID(ctx, "s", "651").Val())
		info := infoStream(t, c, "s")
		lost := info.EntriesAdded - info.Length - consumed
		require.EqualValues(t, 550, lost)
		got, err = c.XRead(ctx, &redis.XReadArgs{Streams: []string{"s", last}, Block: -1}).Result()
		require.NoError(t, err, "a trimmed gap is no error")
		require.Equal(t, fmt.Sprint(consumed+lost+1, "-0"), got[0].Messages[0].ID)
		require.Equal(t, "0-0", info.MaxDeletedEntryID)
		require.Equal(t, "651-0", info.FirstEntry.ID)
		require.Equal(t, "1000-0", info.LastEntry.ID)
		require.Equal(t, "1000-0", info.LastGeneratedID)
	})
}

// TestApproximateTrimming: "~" removes whole nodes of 100 entries, and LIMIT
// bounds how many entries.
func TestApproximateTrimming(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		ctx := t.Context()
		c := b.Client(t, nil)
		for i := range 1000 {
			require.NoError(t, c.XAdd(ctx, &redis.XAddArgs{Stream: "s", ID: fmt.Sprint(i + 1), Values: []string{"m", ""}}).Err())
		}
		require.EqualValues(t, 0, c.XTrimMaxLenApprox(ctx, "s", 950, 0).Val())
		require.EqualValues(t, 100, c.XTrimMaxLenApprox(ctx, "s", 850, 0).Val())
		require.EqualValues(t, 300, c.XTrimMinIDApprox(ctx, "s", "450", 0).Val())
		require.EqualValues(t, 200, c.XTrimMaxLenApprox(ctx, "s", 0, 299).Val())
		require.EqualValues(t, 0, c.XTrimMaxLenApprox(ctx, "s", 0, 99).Val())
		require.EqualValues(t, 400, c.XLen(ctx, "s").Val())
		require.Equal(t, "601-0", infoStream(t, c, "s").FirstEntry.ID)
		require.NoError(t, c.XAdd(ctx, &redis.XAddArgs{Stream: "s", ID: "1001", MaxLen: 150, Approx: true, Values: []string{"m", ""}}).Err())
		require.EqualValues(t, 201, c.XLen(ctx, "s").Val())
	})
}

// TestMemoryComesBack: used_memory falls to where it was when streams are
// trimmed and deleted, and clients gone.
func TestMemoryComesBack(t *testing.T) {
	b := brokertest.Embedded(t, broker.Options{})
	ctx := t.Context()
	c := b.Client(t, nil)
	require.NoError(t, c.Ping(ctx).Err())
	for stream := range 10 {
		for i := range 1000 {
			add(t, c, fmt.Sprint("s", stream), fmt.Sprint(i+1, "-0"))
		}
	}
	full := b.Server.Stats().DataBytes
	require.Greater(t, full, int64(10*1000*len("1000-01000-0")))
	for stream := range 10 {
		c.XTrimMinID(ctx, fmt.Sprint("s", stream), "991")
	}
	trimmed := b.Server.Stats().DataBytes
	require.Less(t, trimmed, full/10)
	for stream := range 9 {
		c.Del(ctx, fmt.Sprint("s", stream))
	}
	require.Less(t, b.Server.Stats().DataBytes, trimmed/5)
	require.NoError(t, c.FlushAll(ctx).Err())
	require.Zero(t, b.Server.Stats().DataBytes)
	ps := subscribe(t, c, "a", "b")
	require.NotZero(t, b.Server.Stats().DataBytes)
	require.NoError(t, ps.Close())
	require.Eventually(t, func() bool { return b.Server.Stats().DataBytes == 0 }, soon, 1e6)
	require.NoError(t, c.Close())
	require.Eventually(t, func() bool {
		st := b.Server.Stats()
		return st.Clients == 0 && st.InputBytes == 0 && st.OutputBytes == 0
	}, soon, 1e6)
}
