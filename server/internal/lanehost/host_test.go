package lanehost

import (
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/wasm/reader"
)

func each(t *testing.T, f func(t *testing.T, kind string, l *running)) {
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) { f(t, kind, start(t, kind)) })
	}
}

func TestMessagesArrive(t *testing.T) {
	each(t, func(t *testing.T, _ string, l *running) {
		b := l.join("you", nil)
		l.write("you", 1, 500, 100)
		b.until(500)
		a := b.Account()
		require.Equal(t, uint64(500), a.Messages)
		require.Equal(t, uint64(1), a.Ready)
		require.Zero(t, a.Gaps+a.Repeats+a.Malformed+a.Notices)
		require.Eventually(t, func() bool { return l.report().Delivered == 500 }, patience, tick)
		r := l.report()
		require.Equal(t, uint64(500), r.Accepted)
		require.Zero(t, r.BacklogCount+r.BacklogBytes+r.Dropped+r.Gaps+r.Stalled+r.OldestMicros)
		require.Equal(t, map[string]uint64{"you": 500}, r.Written)
	})
}

// A reader of the pull lane that comes back with its last id misses nothing and
// gets nothing twice, wherever it was cut off.
func TestResume(t *testing.T) {
	const count = 3000
	l := start(t, "pull")
	random := rand.New(rand.NewPCG(3, 4))
	var r reader.Reader
	b := l.join("you", &r)
	l.write("you", 1, count, 200)
	for next := uint64(1); ; {
		b.until(next)
		if r.Account().LastSeq >= count {
			break
		}
		require.NoError(t, b.Close())
		b = l.join("you", &r)
		next = min(r.Account().LastSeq+1+random.Uint64N(400), count)
	}
	a := r.Account()
	require.Greater(t, a.Ready, uint64(3), "it never came back")
	require.Equal(t, uint64(count), a.Messages)
	require.Zero(t, a.Gaps+a.Repeats+a.Malformed+a.Notices)
	require.Zero(t, l.report().Gaps)
}

// What is trimmed past a reader is told to it, and counted.
func TestTrimmedPastAReader(t *testing.T) {
	l := start(t, "pull")
	var r reader.Reader
	b := l.join("you", &r)
	l.write("you", 1, 10, 10)
	b.until(10)
	require.NoError(t, b.Close())
	l.write("you", 11, 100, 10)
	require.NoError(t, l.client.XTrimMinID(t.Context(), lane.Key("run", "you"), "61-0").Err())
	l.join("you", &r).until(100)
	a := r.Account()
	require.Equal(t, uint64(50), a.Gaps)
	require.Equal(t, uint64(1), a.Notices)
	require.Eventually(t, func() bool { return l.report().Delivered == 50 }, patience, tick)
	require.Equal(t, uint64(50), l.report().Gaps)
}

// stall produces until the lane waits, for good, for the reader of channel.
func (l *running) stall(channel string) {
	l.t.Helper()
	l.write(channel, 1, 800, 8<<10) // more than loopback can hide
	require.Eventually(l.t, func() bool {
		return l.report().StallMicros > uint64((300 * time.Millisecond).Microseconds())
	}, patience, tick, "nobody stalls")
}

// A reader that leaves takes everything with it: goroutines, subscription,
// connection, queue.
func TestAReaderThatLeavesIsNoticed(t *testing.T) {
	each(t, func(t *testing.T, kind string, l *running) {
		before := runtime.NumGoroutine()
		idle, stalled := l.join("you", nil), l.join("slow-1", nil)
		l.stall("slow-1")
		if kind == "push" {
			require.Eventually(t, func() bool { return l.report().Accepted == 800 }, patience, tick)
		}
		for _, b := range []*tab{idle, stalled} {
			require.NoError(t, b.Close())
		}
		goroutines(t, before)
		require.Eventually(t, func() bool {
			connections, subscriptions := l.connections("slow-1")
			return connections == 0 && subscriptions == 0
		}, patience, tick, "the connection to the broker is left")
		r := l.report()
		require.Zero(t, r.Readers+r.BacklogCount+r.BacklogBytes+r.Stalled)
		require.Empty(t, r.Written)
		require.Equal(t, r.Accepted, r.Delivered+r.Dropped)
		if kind == "push" {
			require.NotZero(t, r.Dropped, "what waited for a reader that left is lost")
		} else {
			require.Zero(t, r.Dropped, "what waited is still in the stream")
		}
	})
}

func TestStalledReaderHoldsUpNobody(t *testing.T) {
	each(t, func(t *testing.T, kind string, l *running) {
		stalled, healthy := l.join("slow-1", nil), l.join("slow-2", nil)
		l.stall("slow-1")
		l.write("slow-2", 1, 500, 100)
		healthy.until(500)
		r := l.report()
		require.Equal(t, uint64(1), r.Stalled)
		require.GreaterOrEqual(t, r.StallMicros, uint64(stallAfter.Microseconds()))
		if kind == "push" {
			require.Greater(t, r.BacklogBytes, uint64(64<<10))
			require.NotZero(t, r.OldestMicros)
		} else {
			require.LessOrEqual(t, r.BacklogBytes, uint64(64<<10), "the rest waits in the stream")
		}
		if runtime.GOOS == "linux" {
			require.Eventually(t, func() bool {
				l.host.readers.rows(time.Now())
				k := l.report().Kernel
				return k.Shut == 1 && k.ShutMicros > 0 && k.QueueBytes > 0 && k.Unseen == 0
			}, patience, tick, "its window is shut")
		}
		stalled.until(800) // it wakes up and has lost nothing
		require.Zero(t, stalled.Account().Gaps)
		require.Eventually(t, func() bool {
			l.host.readers.rows(time.Now())
			r := l.report()
			return r.BacklogCount == 0 && r.Kernel.QueueBytes == 0 && r.Kernel.Shut == 0
		}, patience, tick)
	})
}

func TestReportSumsOverConnections(t *testing.T) {
	each(t, func(t *testing.T, _ string, l *running) {
		first := l.join("you", nil)
		l.write("you", 1, 10, 10)
		first.until(10)
		require.Eventually(t, func() bool { return l.report().Delivered == 10 }, patience, tick)
		require.NoError(t, first.Close())
		require.Eventually(t, func() bool {
			connections, _ := l.connections("you")
			return connections == 0 && l.report().Readers == 0
		}, patience, tick)
		require.Equal(t, uint64(10), l.report().Delivered)

		second, third := l.join("you", nil), l.join("you", nil)
		l.write("you", 11, 15, 10)
		second.until(15)
		third.until(15)
		require.Eventually(t, func() bool { return l.report().Delivered == 20 }, patience, tick)
		r := l.report()
		require.Equal(t, uint64(2), r.Readers)
		require.Equal(t, uint64(20), r.Accepted)
		require.Equal(t, map[string]uint64{"you": 15}, r.Written)
	})
}

// A channel that somebody else writes into ends its readers, stalled or not.
func TestASourceThatFailsEndsItsReaders(t *testing.T) {
	each(t, func(t *testing.T, _ string, l *running) {
		b := l.join("you", nil)
		key := lane.Key("run", "you")
		require.NoError(t, l.client.Publish(t.Context(), key, "hello").Err())
		require.NoError(t, l.client.XAdd(t.Context(), &redis.XAddArgs{Stream: key, Values: []string{"m", "hello"}}).Err())
		_, err := io.Copy(io.Discard, b.body)
		require.Error(t, err, "a stream never ends by itself")
		require.Eventually(t, func() bool { return l.report().Readers == 0 }, patience, tick)
	})
}

func TestServeEndsWhileReadersStall(t *testing.T) {
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			before := runtime.NumGoroutine()
			l := start(t, kind)
			var channels []string
			for _, channel := range []string{"slow-1", "slow-2", "slow-3", "slow-4", "slow-5"} {
				for range 10 {
					l.join(channel, nil)
				}
				channels = append(channels, channel)
			}
			for _, channel := range channels {
				l.write(channel, 1, 800, 8<<10)
			}
			require.Eventually(t, func() bool { return l.report().Stalled == 50 }, patience, tick)
			begin := time.Now()
			l.stop()
			require.NoError(t, <-l.ended)
			require.Less(t, time.Since(begin), shutdownPatience)
			require.Zero(t, l.report().Readers)
			require.NoError(t, l.client.Close())
			goroutines(t, before+brokerGoroutines)
		})
	}
}

// brokerGoroutines belong to the embedded broker, which ends with the test.
const brokerGoroutines = 6
