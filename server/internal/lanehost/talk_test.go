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

// A lane without readers says so, also over the wire: Written is empty then, and
// not absent.
func TestWrittenOfNobodyArrives(t *testing.T) {
	h := newHost(t, "push", "127.0.0.1:1")
	for written, want := range map[bool]map[string]uint64{true: {}, false: nil} {
		line, err := json.Marshal(h.readers.report(time.Now(), stallAfter, written))
		require.NoError(t, err)
		var r lane.Report
		require.NoError(t, json.Unmarshal(line, &r))
		require.Equal(t, want, r.Written)
	}
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

// backlog is a reader of h that 64 MiB wait for.
func backlog(t *testing.T, h *Host) (drain func()) {
	c := &connection{channel: "you"}
	require.True(t, h.readers.enter(c))
	held := make([]lane.Message, 64)
	for i := range held {
		held[i] = lane.Message{Seq: uint64(i + 1), Data: strings.Repeat("x", 1<<20)}
		c.stats.Accept(held[i])
	}
	return func() {
		for i, m := range held {
			c.stats.Deliver(m)
			held[i] = lane.Message{}
		}
	}
}

// after is the memory of this process some time later.
func after(d time.Duration) (m runtime.MemStats) {
	<-time.After(d)
	synctest.Wait()
	runtime.ReadMemStats(&m)
	return m
}

func resident(m runtime.MemStats) int64 { return int64(m.HeapSys - m.HeapReleased) }

// While a backlog shrinks memory goes back to the OS; the runtime alone would
// keep it for minutes.
func TestTalkGivesMemoryBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, link := newHost(t, "push", "127.0.0.1:1"), newLink()
		drain := backlog(t, h)
		go h.Talk(t.Context(), link) //nolint:errcheck // ends with the commands
		defer close(link.commands)
		full := after(3 * time.Second)
		require.Equal(t, full.NumForcedGC, after(3*time.Second).NumForcedGC, "a collection without reason")
		drain()
		drained := after(1100 * time.Millisecond)
		require.Greater(t, drained.NumForcedGC, full.NumForcedGC)
		require.Less(t, resident(drained), resident(full)-32<<20)
		require.Equal(t, drained.NumForcedGC, after(5*time.Second).NumForcedGC, "it goes on without a reason")
	})
}

// A lane that is told to keep its memory does, also when told so while it runs,
// until it is told otherwise.
func TestTalkKeepsMemoryUntilToldOtherwise(t *testing.T) {
	for name, begin := range map[string]struct {
		keep     bool
		commands []string
	}{
		"from the beginning":  {true, []string{`{}`, `{"KeepFree":true}`}},
		"while it runs":       {false, []string{`{"KeepFree":true}`, `{"Channels":{"you":-1}}`}},
		"back and forth":      {true, []string{`{"KeepFree":false}`, `{"KeepFree":false}`, `{"KeepFree":true}`}},
		"a null says nothing": {true, []string{`{"KeepFree":null}`}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, link := newHost(t, "push", "127.0.0.1:1"), newLink()
				h.cfg.KeepFree = begin.keep
				drain := backlog(t, h)
				go h.Talk(t.Context(), link) //nolint:errcheck // ends with the commands
				defer close(link.commands)
				for _, c := range begin.commands {
					link.commands <- json.RawMessage(c)
				}
				full := after(3 * time.Second)
				drain()
				kept := after(10 * time.Second)
				require.Equal(t, full.NumForcedGC, kept.NumForcedGC)
				require.Greater(t, resident(kept), resident(full)-32<<20)

				link.commands <- json.RawMessage(`{"KeepFree":false}`)
				given := after(time.Second)
				require.Equal(t, kept.NumForcedGC+1, given.NumForcedGC)
				require.Less(t, resident(given), resident(full)-32<<20)
				link.commands <- json.RawMessage(`{"KeepFree":false}`)
				require.Equal(t, given.NumForcedGC, after(5*time.Second).NumForcedGC, "it goes on without a reason")
			})
		})
	}
}
