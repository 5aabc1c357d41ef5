package lanehost

import (
	"context"
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
)

func TestTalkReportsTenTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, link := newHost(t, "push", "127.0.0.1:1"), newLink()
		c := &connection{channel: "you"}
		require.True(t, h.readers.enter(c))
		c.stats.Accept(lane.Message{Seq: 3, Data: "{}"})
		c.stats.Deliver(lane.Message{Seq: 3, Data: "{}"})
		h.health.Fail(context.DeadlineExceeded)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		require.ErrorIs(t, h.Talk(ctx, link), context.DeadlineExceeded)
		close(link.reports)
		var all, written int
		for r := range link.reports {
			all++
			require.Equal(t, uint64(1), r.Readers)
			require.Equal(t, uint64(1), r.Delivered)
			require.NotZero(t, r.HeapInUseBytes)
			require.NotZero(t, r.Goroutines)
			require.Equal(t, context.DeadlineExceeded.Error(), r.Broker)
			if r.Written != nil {
				written++
				require.Equal(t, map[string]uint64{"you": 3}, r.Written)
			}
		}
		require.InDelta(t, 100, all, 1)
		require.InDelta(t, 10, written, 1)
	})
}

func TestTalkTakesCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, link := newHost(t, "push", "127.0.0.1:1"), newLink()
		ended := make(chan error, 1)
		go func() { ended <- h.Talk(t.Context(), link) }()
		for _, command := range []string{`{"Channels":{"healthy":3}}`, `{"Channels":7}`, `{}`, `nonsense`} {
			link.commands <- json.RawMessage(command)
			synctest.Wait()
			require.True(t, h.known("healthy-2"), command)
			require.False(t, h.known("slow-0"), command)
		}
		close(link.commands)
		require.NoError(t, <-ended)
	})
}

// While a backlog shrinks memory goes back to the OS; the runtime alone would
// keep it for minutes.
func TestTalkGivesMemoryBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, link := newHost(t, "push", "127.0.0.1:1"), newLink()
		c := &connection{channel: "you"}
		require.True(t, h.readers.enter(c))
		held := make([]lane.Message, 64)
		for i := range held {
			held[i] = lane.Message{Seq: uint64(i + 1), Data: strings.Repeat("x", 1<<20)}
			c.stats.Accept(held[i])
		}
		go h.Talk(t.Context(), link) //nolint:errcheck // ends with the commands
		defer close(link.commands)
		<-time.After(3 * time.Second)
		synctest.Wait()
		full := memory()
		<-time.After(3 * time.Second)
		synctest.Wait()
		require.Equal(t, full.NumForcedGC, memory().NumForcedGC, "a collection without reason")

		for i, m := range held {
			c.stats.Deliver(m)
			held[i] = lane.Message{}
		}
		<-time.After(1100 * time.Millisecond)
		synctest.Wait()
		drained := memory()
		require.Greater(t, drained.NumForcedGC, full.NumForcedGC)
		resident := func(m runtime.MemStats) int64 { return int64(m.HeapSys - m.HeapReleased) }
		require.Less(t, resident(drained), resident(full)-32<<20)
		<-time.After(5 * time.Second)
		synctest.Wait()
		require.Equal(t, drained.NumForcedGC, memory().NumForcedGC, "it goes on without a reason")
	})
}

func memory() (m runtime.MemStats) {
	runtime.ReadMemStats(&m)
	return m
}
