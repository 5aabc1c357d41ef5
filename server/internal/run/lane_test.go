package run

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/crowd"
	"spillway/server/internal/lane"
	"spillway/wasm/wire"
)

func TestPerSecond(t *testing.T) {
	l := newLaneRun(lesson().Lanes[0])
	at := time.Now()
	report := func(after time.Duration, delivered, bytes uint64) {
		l.rates = append(l.rates, ratePoint{at.Add(after), delivered, bytes})
	}
	rate := func() [2]uint64 {
		messages, bytes := l.perSecond()
		return [2]uint64{messages, bytes}
	}
	require.Zero(t, rate())
	report(0, 100, 1000)
	require.Zero(t, rate(), "one report is no rate")
	report(0, 100, 1000)
	require.Zero(t, rate(), "no time has passed")
	report(500*time.Millisecond, 200, 3000)
	require.Equal(t, [2]uint64{200, 4000}, rate())
	report(time.Second, 10, 10)
	require.Zero(t, rate(), "a counter that went back is another process")
}

func TestReportsAreKept(t *testing.T) {
	l := newLaneRun(lesson().Lanes[0])
	l.take(lane.Report{Delivered: 1, Written: map[string]uint64{"you": 7}})
	for i := range uint64(100) {
		l.take(lane.Report{Delivered: i})
	}
	require.Len(t, l.rates, rateWindow+1)
	require.Equal(t, uint64(99), l.rates[rateWindow].delivered)
	require.Equal(t, map[string]uint64{"you": 7}, l.report.Written, "sent once a second, valid until the next")
}

func TestNothingOfTheLastProcessIsTakenForTheNext(t *testing.T) {
	s := newTestSession(t, lesson())
	push := s.lane("push")
	push.holds(10, 100)
	push.take(lane.Report{Delivered: 5})
	s.laneEnded(push, killed())
	require.Equal(t, uint64(137), s.laneSample(push).ExitCode)
	require.Equal(t, uint64(257<<20), s.c.View().Sample.Lanes[0].RSS, "the figures of the end come with the word for it")
	push.startAgain()
	m := s.laneSample(push)
	require.Equal(t, wire.LaneSample{State: wire.StateStarting, Limit: 256 << 20, Restarts: 1}, m)
	require.Zero(t, s.c.View().Lanes[0].PID)
	require.Nil(t, s.c.View().Lanes[0].Exit)
}

func TestGapsOfTabsThatLeftAreKept(t *testing.T) {
	s := newTestSession(t, lesson())
	c := s.c
	require.NoError(t, c.Reader(1, wire.Reader{Lane: "push", Gaps: 5, Repeats: 1}))
	require.NoError(t, c.Reader(1, wire.Reader{Lane: "push", Gaps: 7, Repeats: 2}))
	require.NoError(t, c.Reader(2, wire.Reader{Lane: "push", Gaps: 10}))
	push := s.lane("push")
	missed := func() [2]uint64 { m := s.laneSample(push); return [2]uint64{m.Gaps, m.Repeats} }
	require.Equal(t, [2]uint64{17, 2}, missed())
	c.ReaderGone(1)
	c.ReaderGone(1)
	require.Equal(t, [2]uint64{17, 2}, missed(), "counted once")
	require.Len(t, push.tabs, 1)

	s.laneEnded(push, killed())
	require.Equal(t, [2]uint64{17, 2}, missed(), "the death of the lane forgets nothing")
	s.finish(wire.StateStopped)
	require.Equal(t, [2]uint64{17, 2}, missed(), "nor does the end of the run")
	c.ReaderGone(2)
	require.Equal(t, [2]uint64{17, 2}, missed())
	require.ErrorIs(t, c.Reader(3, wire.Reader{Lane: "push"}), ErrNotRunning)
}

func TestReaderOfALaneThatIsNotThere(t *testing.T) {
	s := newTestSession(t, lesson())
	require.ErrorIs(t, s.c.Reader(1, wire.Reader{Lane: "nobody"}), ErrNoLane)
	s.c.ReaderGone(99) // never was
}

func TestFloors(t *testing.T) {
	s := newTestSession(t, lesson())
	push, pull := s.lane("push"), s.lane("pull")
	require.Empty(t, s.floors())

	pull.report.Written = map[string]uint64{"slow-0": 90, "you": 80}
	push.report.Written = map[string]uint64{"slow-0": 1, "you": 1, "slow-9": 1}
	s.takeCrowd(crowd.Report{Cells: []crowd.CellReport{
		{Lane: "pull", Group: "slow", Read: map[string]uint64{"slow-0": 40, "slow-1": 0}},
		{Lane: "pull", Group: "healthy", Read: map[string]uint64{"healthy-0": 100}},
		{Lane: "push", Group: "slow", Read: map[string]uint64{"slow-0": 2, "slow-1": 2}},
	}})
	require.NoError(t, s.c.Reader(1, wire.Reader{Lane: "pull", LastSeq: 60}))
	require.NoError(t, s.c.Reader(2, wire.Reader{Lane: "pull", LastSeq: 1 << 60}), "a page may claim what it likes")
	require.NoError(t, s.c.Reader(1, wire.Reader{Lane: "push", LastSeq: 3}))
	want := map[string]uint64{
		"slow-0":    40,  // its reader, not its lane, has the last word
		"slow-1":    0,   // has a reader that has read nothing
		"healthy-0": 100, //
		"you":       60,  // the slowest of the tabs
	}
	require.Equal(t, want, s.floors(), "what push has lost nobody can read again; channels without readers are absent")

	s.takeCrowd(crowd.Report{Cells: []crowd.CellReport{{Lane: "pull", Group: "slow"}}})
	require.Equal(t, want, s.floors(), "a report without them changes nothing")

	s.laneEnded(pull, killed())
	require.Equal(t, want, s.floors(), "readers of a lane that is down come back")
}

// The log tells of readers that held too much, and not of every one.
func TestHungUpIsTold(t *testing.T) {
	s := newTestSession(t, lesson())
	before := len(s.events.log)
	for _, n := range []uint64{0, 1, 1, 2, 3, 5, 5} {
		s.takeCrowd(crowd.Report{Cells: []crowd.CellReport{{Lane: "pull", Group: "slow", HungUp: n, Held: 10 * n}}})
	}
	var told []string
	for _, e := range s.events.log[before:] {
		told = append(told, e.Text)
	}
	require.Len(t, told, 3, "at 1, at 2 and at 5")
	require.Equal(t, "Readers of slow hung up on pull, 1 time so far: what had arrived and was not read came to 64 MiB in one of them or to 512 MiB in all. It is gone with them.", told[0])
	require.Contains(t, told[2], "5 times so far")
	require.EqualValues(t, 50, s.readersOf(s.lane("pull"))[0].Held)

	require.NoError(t, s.c.Reader(1, wire.Reader{Lane: "pull", Held: 7}))
	require.NoError(t, s.c.Reader(2, wire.Reader{Lane: "pull", Held: 8}))
	you := s.readersOf(s.lane("pull"))
	require.EqualValues(t, 15, you[len(you)-1].Held)
	s.c.ReaderGone(2)
	require.EqualValues(t, 7, s.readersOf(s.lane("pull"))[len(you)-1].Held, "a tab takes what it held along")
}

func TestRestartLaneRefuses(t *testing.T) {
	s := newTestSession(t, lesson())
	require.ErrorIs(t, s.c.RestartLane("nobody"), ErrNoLane)
	require.ErrorIs(t, s.c.RestartLane("push"), ErrLaneAlive)
	s.finish(wire.StateStopped)
	require.ErrorIs(t, s.c.RestartLane("push"), ErrNotRunning)
	require.ErrorIs(t, s.c.Patch(Patch{}), ErrNotRunning)
	require.ErrorIs(t, s.c.Continue(), ErrNotRunning)
	require.ErrorIs(t, s.c.StopSteps(), ErrNotRunning)
}

func TestAViewSharesNothingThatChanges(t *testing.T) {
	s := newTestSession(t, lesson())
	s.tick(s.startedAt.Add(time.Second))
	before := s.c.View()
	s.finish(wire.StateStopped)
	require.Equal(t, wire.StateRunning, before.Sample.Lanes[0].State)
	require.Equal(t, wire.StateStopped, s.c.View().Sample.Lanes[0].State)
}

func TestAStoppedRunRestsWithAllItsParts(t *testing.T) {
	s := newTestSession(t, lesson())
	s.tick(s.startedAt.Add(time.Second))
	s.laneEnded(s.lane("push"), killed())
	s.finish(wire.StateStopped)
	ended := s.endedAt
	s.finish(wire.StateRest)
	v := s.c.View()
	require.Equal(t, ended, s.endedAt)
	require.Equal(t, wire.StateRest, v.State)
	require.Equal(t, wire.StateRest, v.Sample.State)
	require.Equal(t, wire.StateKilled, v.Lanes[0].State, "a death stays to be looked at")
	require.Equal(t, wire.StateRest, v.Lanes[1].State)
	require.Equal(t, wire.StateRest, v.Sample.Lanes[1].State)
}

func TestTheViewBeforeTheFirstRun(t *testing.T) {
	s := newTestSession(t, lesson())
	s.c.session = nil
	v := s.c.View()
	require.Equal(t, wire.StateRest, v.State)
	require.Empty(t, v.RunID)
	require.Len(t, v.Lanes, 2)
	require.Len(t, v.Sample.Lanes, 2)
	require.Equal(t, "At rest", v.Verdict.Title)
	require.Equal(t, 200, v.Settings.Readers["slow"].Count)
	require.Empty(t, s.c.History().Lanes)
	require.ErrorIs(t, s.c.Reader(1, wire.Reader{Lane: "push"}), ErrNotRunning)
	s.c.ReaderGone(1)
}
