package lanehost

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/kernel"
	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// known is a sink of which the kernel says what the test wants.
type known struct {
	transport.Sink
	info kernel.Info
	err  error

	mu    sync.Mutex
	asked []time.Time
}

func (k *known) Kernel(now time.Time) (kernel.Info, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, now)
	return k.info, k.err
}

// enter lets a reader in that has such a sink.
func (h *Host) enter(t *testing.T, id uint64, sink transport.Sink) *connection {
	t.Helper()
	c := &connection{channel: fmt.Sprintf("slow-%d", id), id: id}
	require.True(t, h.readers.enter(c))
	h.readers.opened(c, sink)
	return c
}

func TestRowsAreOfWholeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, link := newHost(t, "push", "127.0.0.1:1"), newLink()
		sink := &known{info: kernel.Info{QueueBytes: 500, Shut: 2 * time.Second, Limited: 3 * time.Second}}
		c := h.enter(t, 7, sink)
		m := lane.Message{Seq: 3, Pos: 100, Data: "{}"}
		c.stats.Accept(m)
		c.stats.Accept(lane.Message{Seq: 5, Pos: m.End() + 20, Data: "{}"})
		c.stats.Deliver(m)
		c.stats.Gap(1)
		<-time.After(370 * time.Millisecond)
		c.stats.Writing(time.Now())
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		require.ErrorIs(t, h.Talk(ctx, link), context.DeadlineExceeded)
		close(link.reports)
		second := begin.Unix()
		for r := range link.reports {
			if r.Rows == nil {
				require.Zero(t, r.RowsAt)
				continue
			}
			second++
			require.Equal(t, second, r.RowsAt, "every second once")
			require.Equal(t, []lane.Row{{
				ID: 7, Channel: "slow-7", Begin: 100, Accepted: 2 * m.Text(), Missed: 20, Delivered: m.Text(), Gaps: 1,
				WriteMicros: uint64(time.Unix(second, 0).Sub(begin).Microseconds()),
				Queue:       500, ShutMicros: 2e6, LimitedMicros: 3e6,
			}}, r.Rows)
			require.Equal(t, lane.Kernel{QueueBytes: 500, Shut: 1, ShutMicros: 2e6}, r.Kernel)
		}
		require.Equal(t, begin.Unix()+10, second)
		require.Len(t, sink.asked, 10, "the kernel is asked once a second")
		for _, at := range sink.asked {
			require.Zero(t, at.Nanosecond())
		}
	})
}

// slowLink is a server that does not take its reports between two times.
type slowLink struct {
	*link
	from, to time.Time
}

func (l slowLink) Report(v any) error {
	if time.Now().After(l.from) {
		time.Sleep(time.Until(l.to))
	}
	return l.link.Report(v)
}

// A reading that would be very late is left out, and who has ended waits for the
// next.
func TestNoReadingIsVeryLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, link := newHost(t, "push", "127.0.0.1:1"), newLink()
		begin := time.Now()
		h.readers.leave(h.enter(t, 1, &known{}), begin)
		ctx, cancel := context.WithTimeout(t.Context(), 5500*time.Millisecond)
		defer cancel()
		slow := slowLink{link, begin.Add(250 * time.Millisecond), begin.Add(1300 * time.Millisecond)}
		require.ErrorIs(t, h.Talk(ctx, slow), context.DeadlineExceeded)
		close(link.reports)
		var seconds []int64
		for r := range link.reports {
			if r.Rows != nil {
				seconds = append(seconds, r.RowsAt-begin.Unix())
				require.Equal(t, len(seconds) == 1, len(r.Rows) == 1)
			}
		}
		require.Equal(t, []int64{2, 3, 4, 5}, seconds)
	})
}

// A clock that is set does not stop the readings, and a timer that comes early by
// that clock does not read the same second twice.
func TestNextSecond(t *testing.T) {
	at := func(d time.Duration) time.Time { return time.Unix(1_763_822_400, 0).Add(d) }
	for now, want := range map[time.Duration][2]time.Duration{ // of now: its second, the next reading
		0:                      {0, time.Second},
		time.Millisecond:       {0, time.Second},
		700 * time.Millisecond: {0, time.Second},
		998 * time.Millisecond: {time.Second, 2 * time.Second},
		time.Hour + 1:          {time.Hour, time.Hour + time.Second},
		-time.Hour:             {-time.Hour, -time.Hour + time.Second},
	} {
		require.Equal(t, at(want[0]), wholeSecond(at(now)))
		require.Equal(t, at(want[1]), nextSecond(at(now)))
	}
}

// Who has left comes once more, with what was still in the lane.
func TestAConnectionThatEndsHasALastRow(t *testing.T) {
	for _, replayable := range []bool{false, true} {
		h, now := newHost(t, "push", "127.0.0.1:1"), time.Now()
		stays := h.enter(t, 1, &known{err: net.ErrClosed})
		leaves := h.enter(t, 2, &known{info: kernel.Info{QueueBytes: 9}})
		leaves.replayable = replayable
		never := &connection{channel: "you", id: 3} // was not opened
		require.True(t, h.readers.enter(never))
		h.readers.leave(never, now)
		m := lane.Message{Seq: 1, Data: "{}"}
		leaves.stats.Accept(m)
		leaves.stats.Writing(now)
		require.Len(t, h.readers.rows(now), 2)
		leaves.stats.Accept(lane.Message{Seq: 2, Pos: m.End(), Data: "{}"})
		leaves.stats.Deliver(m)
		h.readers.leave(leaves, now)
		require.Equal(t, []lane.Row{
			{ID: 2, Channel: "slow-2", Ended: true, Accepted: 2 * m.Text(), Delivered: m.Text()},
			{ID: 1, Channel: "slow-1"},
		}, h.readers.rows(now))
		stays.stats.Away()
		require.Equal(t, []lane.Row{{ID: 1, Channel: "slow-1", Away: true}}, h.readers.rows(now), "once")
		require.Zero(t, h.readers.kernel.QueueBytes)
		h.readers.leave(stays, now)
		require.Len(t, h.readers.rows(now), 1)
		rows := h.readers.rows(now)
		require.NotNil(t, rows)
		require.Empty(t, rows)
	}
}

func TestTheSystemDoesNotTell(t *testing.T) {
	h := newHost(t, "push", "127.0.0.1:1")
	h.enter(t, 1, &known{err: fmt.Errorf("read connection: %w", kernel.ErrNotVisible)})
	require.Equal(t, []lane.Row{{ID: 1, Channel: "slow-1", Unseen: true}}, h.readers.rows(time.Now()))
	require.Equal(t, lane.Kernel{Unseen: 1}, h.readers.kernel)
}

// More rows than a line may hold come with the following reports; nobody's rows
// is said too.
func TestManyRowsComeInParts(t *testing.T) {
	const count = 2*lane.MaxRows + 500
	for want, readers := range map[string]int{"[2000 2000 500]": count, "[2000]": lane.MaxRows, "[0]": 0} {
		synctest.Test(t, func(t *testing.T) {
			h, link := newHost(t, "push", "127.0.0.1:1"), newLink()
			for id := range uint64(readers) {
				h.enter(t, 1<<53-1-id, &known{info: kernel.Info{QueueBytes: 1 << 40}})
			}
			ctx, cancel := context.WithTimeout(t.Context(), 1550*time.Millisecond)
			defer cancel()
			require.ErrorIs(t, h.Talk(ctx, link), context.DeadlineExceeded)
			close(link.reports)
			var lengths []int
			more := false
			seen := make(map[uint64]bool)
			for r := range link.reports {
				require.True(t, !more || r.Rows != nil, "the next report")
				if r.Rows == nil {
					continue
				}
				require.EqualValues(t, 946684801, r.RowsAt, "midnight of the bubble and a second")
				lengths, more = append(lengths, len(r.Rows)), r.RowsMore
				for _, row := range r.Rows {
					seen[row.ID] = true
				}
				line, err := json.Marshal(r)
				require.NoError(t, err)
				require.Less(t, len(line), 1<<20)
			}
			require.Equal(t, want, fmt.Sprint(lengths))
			require.False(t, more)
			require.Len(t, seen, readers)
		})
	}
}

func TestWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, link := newHost(t, "push", "127.0.0.1:1"), newLink()
		for id := range uint64(100) { // the first has none
			h.enter(t, id, &known{})
		}
		go h.Talk(t.Context(), link) //nolint:errcheck // ends with the commands
		defer close(link.commands)
		watched := func() (ids []uint64) {
			synctest.Wait()
			for len(link.reports) > 0 {
				<-link.reports
			}
			for _, row := range (<-link.reports).Watched {
				ids = append(ids, row.ID)
			}
			return ids
		}
		tell := func(ids ...uint64) {
			line, err := json.Marshal(lane.Command{Watch: &ids})
			require.NoError(t, err)
			link.commands <- line
		}
		require.Empty(t, watched())
		tell(17, 3, 0, 4711)
		require.ElementsMatch(t, []uint64{3, 17}, watched())
		link.commands <- json.RawMessage(`{}`)
		require.Len(t, watched(), 2)
		var all []uint64
		for id := range uint64(100) {
			all = append(all, id+1)
		}
		tell(all...)
		require.ElementsMatch(t, all[:lane.MaxWatched], watched())
		link.commands <- json.RawMessage(`{"Watch":null}`)
		require.Len(t, watched(), lane.MaxWatched, "null says nothing")
		tell([]uint64{}...)
		require.Empty(t, watched())
	})
}

// rowOf is the row of the open connection with this id.
func (l *running) rowOf(id uint64) (row lane.Row) {
	for _, r := range l.host.readers.watched(map[uint64]bool{id: true}, time.Now()) {
		row = r
	}
	return row
}

// Bytes of a reader that has stopped: in the lane, and in the kernel.
func TestRowOfAStalledReader(t *testing.T) {
	each(t, func(t *testing.T, _ string, l *running) {
		stalled := l.connect("slow-1&conn=5", nil)
		l.connect("slow-2&tab=6", nil)
		l.reading("slow-1")
		l.stall("slow-1")
		row := l.rowOf(5)
		require.Equal(t, "slow-1", row.Channel)
		require.GreaterOrEqual(t, row.WriteMicros, uint64(300_000))
		require.Positive(t, row.Delivered)
		require.Less(t, row.Delivered, row.Accepted)
		require.Zero(t, row.Dropped+row.Gaps)
		require.Equal(t, runtime.GOOS != "linux", row.Unseen)
		require.Equal(t, runtime.GOOS == "linux", row.Queue > 0)
		require.Equal(t, lane.Row{ID: 6, Channel: "slow-2", Unseen: row.Unseen}, l.rowOf(6))
		tabs := l.report().Tabs
		require.Contains(t, tabs, uint64(6))
		require.NotContains(t, tabs, uint64(5), "the crowd's are no tabs")

		require.NoError(t, stalled.Close())
		var last lane.Row
		require.Eventually(t, func() bool {
			for _, row := range l.host.readers.rows(time.Now()) {
				if row.Ended {
					last = row
				}
			}
			return last.Ended
		}, patience, tick)
		require.Equal(t, row.ID, last.ID)
		require.Zero(t, last.Queue+last.WriteMicros)
		require.GreaterOrEqual(t, last.Delivered, row.Delivered)
		require.Less(t, last.Delivered+last.Dropped, last.Accepted, "what was in the lane then")
	})
}

// The send buffer is changed for who is there and for who comes.
func TestSendBufferWhileReadersAreConnected(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the queue is " + kernel.ErrNotVisible.Error())
	}
	each(t, func(t *testing.T, _ string, l *running) {
		link := newLink()
		talks := make(chan error, 1)
		go func() { talks <- l.host.Talk(t.Context(), link) }()
		l.connect("slow-1&conn=5", nil)
		l.reading("slow-1")
		l.stall("slow-1")
		small := l.rowOf(5).Queue

		link.commands <- json.RawMessage(`{"SendBufferBytes":200000}`)
		require.Eventually(t, func() bool { return l.rowOf(5).Queue > small+100_000 }, patience, tick)
		l.connect("slow-2&conn=6", nil)
		l.reading("slow-2")
		l.write("slow-2", 1, 800, 8<<10)
		require.Eventually(t, func() bool { return l.rowOf(6).Queue > small+100_000 }, patience, tick)

		for _, nothing := range []string{`{}`, `{"SendBufferBytes":null}`} {
			link.commands <- json.RawMessage(nothing)
		}
		link.commands <- json.RawMessage(`{"SendBufferBytes":-1}`)
		require.Eventually(t, func() bool { return l.host.sendBuffer.Load() == -1 }, patience, tick)
		require.Greater(t, l.rowOf(5).Queue, small+100_000, "what is in it stays")
		close(link.commands)
		require.NoError(t, <-talks)
	})
}

// A change between the opening of a connection and its entry is not missed.
func TestSendBufferChangesWhileAReaderComes(t *testing.T) {
	h := newHost(t, "push", "127.0.0.1:1")
	sink := new(sized)
	c := &connection{channel: "you"}
	require.True(t, h.readers.enter(c))
	before := int(h.sendBuffer.Load())
	h.setSendBuffer(70_000)
	require.Zero(t, sink.bytes)
	h.opened(c, sink, before)
	require.Equal(t, 70_000, sink.bytes)
	h.setSendBuffer(80_000)
	require.Equal(t, 80_000, sink.bytes)
	h.setSendBuffer(0)
	require.Equal(t, lane.DefaultSendBufferBytes, sink.bytes)
}

// sized is a sink that keeps what it was told.
type sized struct {
	transport.Sink
	bytes int
}

func (s *sized) SetSendBuffer(bytes int) error {
	s.bytes = bytes
	return nil
}
