package run

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
)

// after lets time pass and takes a sample, inside a synctest bubble.
func (s *session) after(d time.Duration) {
	time.Sleep(d)
	s.settleEvents(time.Now())
}

func (s *session) set(t *testing.T, text string) {
	t.Helper()
	require.NoError(t, s.c.Patch(patch(t, text)))
}

func TestADraggedSliderIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestSession(t, lesson())
		for _, rate := range []string{"900000", "70000", "5000", "4000"} {
			s.set(t, `{"throttleBytesPerSecond": `+rate+`}`)
			s.after(settleAfter / 2)
		}
		require.Len(t, s.texts(), 1, "while it moves only the opening is there")
		s.after(settleAfter)
		require.Equal(t, "The readers read 4 KB/s each now.", s.texts()[1])
		require.Len(t, s.texts(), 2)
		require.Len(t, s.lanes[0].marks, 1)
		require.Equal(t, "slowed to 4 KB/s", s.lanes[0].marks[0].Label)
		s.after(time.Minute)
		require.Len(t, s.texts(), 2)
	})
}

func TestASliderThatReturnsIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestSession(t, lesson())
		s.set(t, `{"throttleBytesPerSecond": 4000}`)
		s.after(settleAfter / 2)
		s.set(t, `{"throttleBytesPerSecond": null}`)
		s.after(settleAfter)
		require.Len(t, s.texts(), 1)
		require.Empty(t, s.lanes[0].marks)
	})
}

func TestEverySettingIsTold(t *testing.T) {
	for change, want := range map[string][]string{
		`{"paused": true}`: {"The readers are paused: they read nothing at all."},
		`{"readers": {"slow": {"count": 1}, "healthy": {"count": 2}}}`: {"1 slow reader in each lane now.", "2 healthy readers in each lane now."},
		`{"ratePerSecond": 20}`:                               {"Each reader is sent 20 messages a second of 4.0 KiB now."},
		`{"sizeBytes": 1024}`:                                 {"Each reader is sent 10 messages a second of 1.0 KiB now."},
		`{"lanes": {"pull": {"limitBytes": 67108864}}}`:       {"pull may use 64.0 MiB now."},
		`{"lanes": {"pull": {"throttleBytesPerSecond": 0}}}`:  {"The readers of pull have stopped reading."},
		`{"throttleBytesPerSecond": 8000, "sizeBytes": 4096}`: {"The readers read 8 KB/s each now."},
		`{}`: nil,
	} {
		t.Run(change, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestSession(t, lesson())
				s.set(t, change)
				s.after(settleAfter)
				require.Equal(t, want, append([]string(nil), s.texts()[1:]...))
			})
		})
	}
}

func TestPauseAndResumeAreMarked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestSession(t, lesson())
		s.set(t, `{"paused": true}`)
		s.after(settleAfter)
		s.laneEnded(s.lanes[0], killed())
		s.set(t, `{"paused": false}`)
		s.after(settleAfter)
		labels := func(l *laneRun) (out []string) {
			for _, m := range l.marks {
				out = append(out, m.Label)
			}
			return out
		}
		require.Equal(t, []string{"paused", ""}, labels(s.lanes[0]), "an ended curve gets no more marks")
		require.Equal(t, []string{"paused", "resumed"}, labels(s.lanes[1]))
	})
}

func TestMemoryThatRisesIsToldByTheStep(t *testing.T) {
	s := newTestSession(t, lesson())
	push := s.lanes[0]
	rss := func(mib, backlogMiB uint64, oldest time.Duration) {
		s.noteRise(push, wire.LaneSample{RSS: mib << 20, BacklogBytes: backlogMiB << 20, OldestMicros: uint64(oldest.Microseconds())})
	}
	rss(30, 0, 0)
	rss(65, 0, 0)
	rss(66, 0, 0)
	rss(40, 0, 0)
	rss(70, 0, 0)
	rss(200, 150, 12900*time.Millisecond)
	require.Equal(t, []string{
		"push passes 64 MiB.",
		"push passes 192 MiB. It holds 150 MiB nobody has read; its oldest message is 12.9 s old.",
	}, s.texts()[1:])
}

func TestTheLogIsBounded(t *testing.T) {
	s := newTestSession(t, lesson())
	kept := s.c.View().Log
	for range maxEntries + 10 {
		s.say(Observed, false, strings.Repeat("ä", maxEntryBytes))
	}
	require.Len(t, s.events.log, maxEntries)
	require.Len(t, kept, 1, "what a page holds is not changed under it")
	total := 0
	for _, e := range s.events.log {
		require.True(t, strings.HasSuffix(e.Text, "ä …"), "cut between characters")
		total += len(e.Text)
	}
	require.Less(t, total, 200<<10, "one frame of the hub takes 256 KiB")
}

func TestMarksAreBounded(t *testing.T) {
	s := newTestSession(t, lesson())
	for range maxMarks + 10 {
		s.tellAllLanes(Observed, time.Now(), "", "again")
	}
	s.mark(s.lanes[0], 0, "the last")
	require.Len(t, s.lanes[0].marks, maxMarks)
	require.Equal(t, "the last", s.lanes[0].marks[maxMarks-1].Label)
}

func TestHistoryIsBounded(t *testing.T) {
	s := newTestSession(t, lesson())
	for i := range uint64(historyPoints + 100) {
		s.lanes[0].series.Append(wire.HistoryPoint{ElapsedMicros: i})
	}
	h := s.c.History()
	require.Len(t, h.Lanes, 2)
	require.Len(t, h.Lanes[0].Points, historyPoints)
	require.Equal(t, uint64(100), h.Lanes[0].Points[0].ElapsedMicros, "the oldest go")
	frame := wire.Append(nil, &h)
	require.NoError(t, wire.Decode(frame, &wire.History{}), "a page takes all of it")
}

func TestTheBrokerGoesAndComesBack(t *testing.T) {
	s := newTestSession(t, lesson())
	b := s.c.broker
	at := time.Now()
	b.health = broker.Health{Up: true} // a fresh one, not measured yet
	s.noteBroker()
	b.health = broker.Health{Up: true, At: at}
	b.restarts++ // the watch sees another than in the run before
	s.noteBroker()
	require.Len(t, s.texts(), 1, "a broker started for this run has lost nothing of it")

	b.health = broker.Health{At: at, Err: errors.New("redis at 127.0.0.1:1 is unreachable")}
	s.noteBroker()
	s.noteBroker()
	require.Equal(t, wire.StateWaiting, s.state)
	b.health, b.restarts = broker.Health{Up: true, At: at}, b.restarts+1
	s.noteBroker()
	require.Equal(t, wire.StateRunning, s.state)
	s.producer.Lost = 1204
	s.noteBroker()
	s.noteBroker()
	require.Equal(t, []string{
		"The broker does not answer: redis at 127.0.0.1:1 is unreachable. The run waits for it.",
		"The broker is back. The run goes on.",
		"The broker was started anew, without what it had held.",
		"1,204 messages were lost with the broker: what waited there for its readers is a gap for them.",
	}, s.texts()[1:])
	require.Equal(t, uint64(1204), s.c.View().Lost)

	s.producer.Lost = 0 // the producer was started again
	s.noteBroker()
	s.producer.Lost = 1
	s.noteBroker()
	require.Equal(t, "1 message was lost with the broker: what waited there for its readers is a gap for them.", s.texts()[len(s.texts())-1])
}

func TestAFullBrokerIsToldAndAWaitingProducerIsNot(t *testing.T) {
	s := newTestSession(t, lesson())
	s.c.broker.health = broker.Health{Up: true, At: time.Now(), UsedMemoryBytes: 10 << 20, MaxMemoryBytes: 1 << 30}
	s.producer.StallMicros = 3e6
	s.noteBroker()
	require.Empty(t, s.texts()[1:], "it waits for a broker that was away, which is not full")

	s.c.broker.health.UsedMemoryBytes = 1 << 30
	s.noteBroker()
	s.noteBroker()
	require.Equal(t, "The broker is full", s.notice().Title)
	s.producer.StallMicros = 0
	s.noteBroker()
	require.Equal(t, []string{
		"The broker is full (1.0 GiB): the producer waits until somebody reads. Nothing is lost.",
		"The broker has room again: the producer goes on.",
	}, s.texts()[1:])
	require.Equal(t, Notice{}, s.notice())
}

func TestCatchingUpIsTold(t *testing.T) {
	s := newTestSession(t, lesson())
	pull := s.lane("pull")
	age := func(d time.Duration, gaps uint64) {
		s.noteCatchUp(pull, wire.LaneSample{SlowP50: uint64(d.Microseconds()), Gaps: gaps})
	}
	age(10*time.Millisecond, 0)
	require.Len(t, s.texts(), 1, "it was never behind")
	s.slowAll(4000)
	age(5*time.Second, 0)
	age(100*time.Millisecond, 0)
	require.Len(t, s.texts(), 1, "slow readers that got a fresh message are still slow")
	s.slowAll(throttle.Unlimited)
	age(0, 0)
	require.Len(t, s.texts(), 1, "nothing was read")
	age(100*time.Millisecond, 0)
	age(100*time.Millisecond, 0)
	require.Equal(t, []string{"pull has caught up: its readers got every message, none lost, none twice."}, s.texts()[1:])
	age(5*time.Second, 1)
	age(100*time.Millisecond, 1)
	require.Equal(t, "pull has caught up. Its readers miss 1 message.", s.texts()[2])
}
