package lane_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
)

func message(seq uint64, at time.Time) lane.Message {
	return lane.Message{Seq: seq, AtMicros: at.UnixMicro(), Data: "0123456789"}
}

// oneDigit and twoDigits are the event text of such messages.
const (
	oneDigit  = uint64(len("id: 1\ndata: 0123456789\n\n"))
	twoDigits = oneDigit + 1
)

func TestStatsAccount(t *testing.T) {
	var s lane.Stats
	now := time.UnixMicro(1_763_822_400_000_000)
	require.Equal(t, lane.Counts{}, s.Read(now))
	pos := uint64(100)
	for seq := range uint64(10) {
		m := message(seq+1, now)
		m.Pos = pos
		pos = m.End()
		s.Accept(m)
	}
	for seq := range uint64(4) {
		s.Deliver(message(seq+1, now))
	}
	s.Drop(message(10, now))
	s.Gap(7)
	require.Equal(t, lane.Counts{
		Accepted: 10, Delivered: 4, Dropped: 1, Gaps: 7, Begin: 100,
		AcceptedBytes: 9*oneDigit + twoDigits, DeliveredBytes: 4 * oneDigit, DroppedBytes: twoDigits,
		BacklogCount: 5, BacklogBytes: 5 * oneDigit, Written: 4,
	}, s.Read(now))
}

// What lies between two accepted messages is missed to the byte, whatever comes
// before the first; and while nothing is kept for the reader that is known.
func TestStatsHoles(t *testing.T) {
	var s lane.Stats
	now := time.UnixMicro(1_763_822_400_000_000)
	at := func(seq, pos uint64) lane.Message {
		m := message(seq, now)
		m.Pos = pos
		return m
	}
	s.Away()
	require.True(t, s.Read(now).Away)
	s.Accept(at(3, 500))
	c := s.Read(now)
	require.False(t, c.Away)
	require.Equal(t, []uint64{500, 0}, []uint64{c.Begin, c.MissedBytes})
	s.Accept(at(4, 500+oneDigit))
	require.Zero(t, s.Read(now).MissedBytes, "one follows the other")
	s.Away()
	require.True(t, s.Read(now).Away)
	require.Zero(t, s.Read(now).MissedBytes, "nobody knows yet how much")
	s.Accept(at(9, 1000))
	s.Accept(at(12, 2000))
	c = s.Read(now)
	require.False(t, c.Away)
	require.Equal(t, uint64(500), c.Begin)
	require.Equal(t, 2000+twoDigits, c.Begin+c.AcceptedBytes+c.MissedBytes, "where the last one ends")
	require.Equal(t, 3*oneDigit+twoDigits, c.AcceptedBytes)
	row := lane.Row{Begin: c.Begin, Accepted: c.AcceptedBytes, Missed: c.MissedBytes}
	require.Equal(t, 2000+twoDigits, row.Next())
	s.Accept(at(2, 100)) // an entry that came late, of a broker that began anew
	require.Equal(t, c.MissedBytes, s.Read(now).MissedBytes, "no hole goes backwards")
}

func TestStatsAges(t *testing.T) {
	var s lane.Stats
	now := time.UnixMicro(1_763_822_400_000_000)
	s.Accept(message(1, now.Add(-3*time.Second)))
	s.Accept(message(2, now.Add(-time.Second)))
	require.Equal(t, 3*time.Second, s.Read(now).Oldest)
	s.Deliver(message(1, now))
	s.Oldest(message(2, now.Add(-time.Second)))
	require.Equal(t, time.Second, s.Read(now).Oldest)
	require.Zero(t, s.Read(now.Add(-time.Minute)).Oldest, "a clock that was set back")
	s.Deliver(message(2, now))
	require.Zero(t, s.Read(now).Oldest, "nothing waits")
	s.Accept(message(3, now.Add(-time.Millisecond)))
	require.Equal(t, time.Millisecond, s.Read(now).Oldest, "the age of a message that is delivered")

	require.Zero(t, s.Read(now).Write)
	s.Writing(now)
	require.Equal(t, time.Minute, s.Read(now.Add(time.Minute)).Write)
	require.Zero(t, s.Read(now.Add(-time.Minute)).Write)
	s.Wrote()
	require.Zero(t, s.Read(now.Add(time.Minute)).Write)
}

// Whoever reads sees what has left never before it came.
func TestStatsWhileTheyMove(t *testing.T) {
	const count = 50_000
	var s lane.Stats
	now := time.Now()
	accepted := make(chan lane.Message, 64)
	var work sync.WaitGroup
	work.Go(func() {
		defer close(accepted)
		for seq := range uint64(count) {
			m := message(seq+1, now)
			s.Accept(m)
			accepted <- m
		}
	})
	work.Go(func() {
		for m := range accepted {
			s.Oldest(m)
			if m.Seq%5 == 0 {
				s.Drop(m)
			} else {
				s.Deliver(m)
			}
		}
	})
	done := make(chan struct{})
	go func() { work.Wait(); close(done) }()
	var last lane.Counts
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		c := s.Read(now)
		require.LessOrEqual(t, c.BacklogCount, uint64(count), "negative")
		require.LessOrEqual(t, c.BacklogBytes, 2*oneDigit*count, "negative")
		require.Equal(t, c.Accepted, c.Delivered+c.Dropped+c.BacklogCount)
		require.Equal(t, c.AcceptedBytes, c.DeliveredBytes+c.DroppedBytes+c.BacklogBytes)
		require.GreaterOrEqual(t, c.Accepted, last.Accepted)
		require.GreaterOrEqual(t, c.Delivered, last.Delivered)
		last = c
	}
	require.Equal(t, uint64(count), last.Accepted)
	require.Equal(t, uint64(count/5), last.Dropped)
	require.Zero(t, last.BacklogBytes)
}

func TestConfigDefaults(t *testing.T) {
	c := lane.Config{}.WithDefaults()
	require.Equal(t, lane.DefaultSendBufferBytes, c.SendBufferBytes)
	require.Equal(t, lane.DefaultHeartbeat, c.Heartbeat)
	require.Equal(t, int64(lane.DefaultLimitBytes), c.LimitBytes)
	require.Equal(t, time.Second, lane.Config{Heartbeat: time.Second}.WithDefaults().Heartbeat)
}
