package run

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/play"
	"spillway/server/internal/supervisor"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
)

// begin makes as if everything had been started.
func (c *Control) imagine() {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	s.state, s.begun = wire.StateRunning, true
	for _, l := range s.lanes {
		l.state = wire.StateRunning
	}
	if s.steps.wanted {
		s.playSteps()
	}
}

func TestStepsWaitForTheRunAndForThePresenter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := waitingControl(t)
		defer c.Close()
		slowed := func() throttle.Rate { return c.View().Lanes[1].Throttle }
		require.NoError(t, c.PlaySteps())
		time.Sleep(time.Minute)
		require.Equal(t, play.Idle, c.View().Script.State, "nothing runs yet")
		c.imagine()
		synctest.Wait()
		require.Equal(t, throttle.Rate(4000), slowed())
		require.ErrorIs(t, c.PlaySteps(), ErrPlaying)

		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Equal(t, play.Paused, c.View().Script.State)
		require.NoError(t, c.Patch(patch(t, `{"throttleBytesPerSecond": 9000}`)), "a hand may always")
		time.Sleep(time.Second)
		require.NoError(t, c.Continue())
		time.Sleep(6 * time.Second)
		require.Equal(t, play.Done, c.View().Script.State)
		require.Equal(t, throttle.Unlimited, slowed())
		require.ErrorIs(t, c.Continue(), ErrNotPlaying)

		var kinds []EntryKind
		for _, e := range c.View().Log {
			if e.Kind != Observed {
				kinds = append(kinds, e.Kind)
			}
		}
		require.Equal(t, []EntryKind{Scripted, Said, ByHand, Scripted, Scripted}, kinds)

		require.NoError(t, c.PlaySteps(), "again, from the first step")
		synctest.Wait()
		require.Equal(t, throttle.Rate(4000), slowed())
		require.NoError(t, c.StopSteps())
		synctest.Wait()
		require.Equal(t, play.Stopped, c.View().Script.State)
		require.Equal(t, throttle.Rate(4000), slowed(), "the run goes on as it is")
		require.ErrorIs(t, c.StopSteps(), ErrNotPlaying)
	})
}

func TestAScenarioWithoutSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := waitingControl(t)
		defer c.Close()
		bare := lesson()
		bare.Steps = nil
		require.NoError(t, c.Play(bare, true))
		c.imagine()
		require.ErrorIs(t, c.PlaySteps(), ErrNoSteps)
		require.Equal(t, play.Idle, c.View().Script.State)
	})
}

func TestHeadlessStepsBeginByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := waitingControl(t)
		defer c.Close()
		c.o.Headless = true
		c.Start()
		c.imagine()
		time.Sleep(26 * time.Second)
		require.Equal(t, play.Done, c.View().Script.State, "nobody is waited for")
		require.Len(t, c.session.crowdGroups(), 3, "somebody stands for the tabs")
	})
}

func TestStoppingTheRunStopsTheSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := waitingControl(t)
		defer c.Close()
		require.NoError(t, c.PlaySteps())
		c.imagine()
		synctest.Wait()
		c.Stop()
		require.Equal(t, play.Stopped, c.View().Script.State)
		require.ErrorIs(t, c.Continue(), ErrNotRunning)
	})
}

func TestPaceOfAGroup(t *testing.T) {
	s := newTestSession(t, lesson())
	for _, c := range []struct {
		patch   string
		slow    throttle.Rate
		healthy throttle.Rate
		you     throttle.Rate
		paused  bool
	}{
		{`{}`, -1, -1, -1, false},
		{`{"throttleBytesPerSecond": 4000}`, 4000, -1, 4000, false},
		{`{"readers": {"slow": {"throttleBytesPerSecond": 1000}}}`, 1000, -1, -1, false},
		{`{"throttleBytesPerSecond": 4000, "readers": {"slow": {"throttleBytesPerSecond": 9000}}}`, 4000, -1, 4000, false},
		{`{"throttleBytesPerSecond": 0, "readers": {"healthy": {"throttleBytesPerSecond": 7}}}`, 0, 7, 0, false},
		{`{"paused": true}`, -1, -1, -1, true},
		{`{"readers": {"slow": {"paused": true}}}`, -1, -1, -1, true},
		{`{"lanes": {"push": {"throttleBytesPerSecond": 5}}}`, -1, -1, -1, false},
	} {
		next, err := settingsOf(lesson(), testMaxLimit).with(patch(t, c.patch), testMaxLimit)
		require.NoError(t, err)
		s.settings = next
		slow, paused := s.pace("pull", "slow")
		require.Equal(t, c.slow, slow, c.patch)
		require.Equal(t, c.paused, paused, c.patch)
		healthy, paused := s.pace("pull", "healthy")
		require.Equal(t, c.healthy, healthy, c.patch)
		require.False(t, paused, c.patch)
		you, _ := s.pace("pull", script.You)
		require.Equal(t, c.you, you, c.patch)
	}
}

func TestARampGoesThroughItsStages(t *testing.T) {
	r := newRamp(script.Workload{
		Executor: script.RampingArrivalRate, Rate: 10,
		Stages: []script.Stage{{Duration: *span(10 * time.Second), Target: 110}, {Duration: *span(5 * time.Second), Target: 110}, {Duration: *span(time.Second), Target: 0}},
	}, time.Time{})
	for at, want := range map[time.Duration]float64{
		0: 10, time.Second: 20, 9500 * time.Millisecond: 105, 10 * time.Second: 110, 14 * time.Second: 110, 15500 * time.Millisecond: 55,
	} {
		got, over := r.at(at)
		require.InDelta(t, want, got, 1e-9, at)
		require.False(t, over, at)
	}
	got, over := r.at(16 * time.Second)
	require.Zero(t, got)
	require.True(t, over)
	require.Nil(t, newRamp(script.Workload{Rate: 10}, time.Time{}))
}

func TestTheRateFollowsItsRamp(t *testing.T) {
	ramping := lesson()
	ramping.Workload.Executor = script.RampingArrivalRate
	ramping.Workload.Stages = []script.Stage{{Duration: *span(10 * time.Second), Target: 20}}
	s := newTestSession(t, ramping)
	s.ramp = newRamp(ramping.Workload, s.startedAt)
	s.tick(s.startedAt.Add(5 * time.Second))
	require.InDelta(t, 15, s.settings.RatePerSecond, 1e-6)
	require.NoError(t, s.c.Patch(patch(t, `{"ratePerSecond": 3}`)))
	s.tick(s.startedAt.Add(6 * time.Second))
	require.EqualValues(t, 3, s.settings.RatePerSecond, "the hand wins")
}

func TestALaneIsRestartedByPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := waitingControl(t)
		defer c.Close()
		again := lesson()
		again.Lanes[0].Restart = script.RestartOnFailure
		again.Lanes[0].RestartDelay = *span(2 * time.Second)
		c.o.Supervisor = supervisor.New(supervisor.Options{})
		defer c.o.Supervisor.Close()
		c.o.Supervisor.Close() // nothing can be started: the attempt is what counts
		require.NoError(t, c.Play(again, false))
		c.imagine()
		end := func(name string) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.session.laneEnded(c.session.lane(name), killed())
		}
		end("push")
		end("pull")
		time.Sleep(time.Second)
		require.EqualValues(t, 0, c.View().Sample.Lanes[0].Restarts)
		time.Sleep(2 * time.Second)
		require.EqualValues(t, 1, c.View().Sample.Lanes[0].Restarts)
		require.EqualValues(t, 0, c.View().Sample.Lanes[1].Restarts, "never, unless the scenario says so")
		require.Equal(t, 137, c.View().Extra[0].LastExit)
	})
}

func TestCountersOutliveAProcess(t *testing.T) {
	s := newTestSession(t, lesson())
	l := s.lane("push")
	require.Equal(t, -1, s.measure(time.Now()).Lanes[0].LastExit)
	l.report.Delivered, l.report.DeliveredBytes, l.report.Dropped = 10, 1000, 1
	s.laneEnded(l, killed())
	require.EqualValues(t, 10, s.measure(time.Now()).Lanes[0].Delivered)
	l.startAgain()
	require.EqualValues(t, 10, s.measure(time.Now()).Lanes[0].Delivered)
	l.report.Delivered = 5
	m := s.measure(time.Now()).Lanes[0]
	require.EqualValues(t, 15, m.Delivered)
	require.EqualValues(t, 1000, m.DeliveredBytes)
	require.EqualValues(t, 1, m.Dropped)
	require.Equal(t, 137, m.LastExit)
}
