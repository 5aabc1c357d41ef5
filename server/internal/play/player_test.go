package play_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/play"
)

// stage writes down what happens to it, with the time since it began.
type stage struct {
	began time.Time
	told  []string
	set   func(script.Set) error
	again func(lane string) error

	mu     sync.Mutex
	values map[script.Selector]float64
}

func (s *stage) note(format string, args ...any) {
	s.told = append(s.told, fmt.Sprintf("%v ", time.Since(s.began))+fmt.Sprintf(format, args...))
}

func (s *stage) Set(set script.Set) error {
	s.note("Set")
	if s.set != nil {
		return s.set(set)
	}
	return nil
}

func (s *stage) Restart(lane string) error {
	s.note("Restart %s", lane)
	if s.again != nil {
		return s.again(lane)
	}
	return nil
}

func (s *stage) Value(of script.Selector) (float64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[of]
	return v, ok
}

func (s *stage) Happened(e play.Event) {
	text := fmt.Sprintf("%d %s", e.Step, e.Kind)
	if e.Text != "" {
		text += ": " + e.Text
	}
	if e.LateBy > 0 {
		text += fmt.Sprintf(" (%v late)", e.LateBy)
	}
	s.note("%s", text)
}

// measure sets a value as a new sample does.
func (s *stage) measure(p *play.Player, of script.Selector, value float64) {
	s.mu.Lock()
	if s.values == nil {
		s.values = make(map[script.Selector]float64)
	}
	s.values[of] = value
	s.mu.Unlock()
	p.Observe()
}

// begin plays in the background; the returned function waits for the end.
func begin(ctx context.Context, p *play.Player, s *stage) (wait func()) {
	done := make(chan struct{})
	s.began = time.Now()
	go func() { defer close(done); p.Run(ctx, s) }()
	synctest.Wait()
	return func() { <-done }
}

func at(d time.Duration, s script.Step) script.Step {
	s.At = (*script.Duration)(&d)
	return s
}

func after(d time.Duration, s script.Step) script.Step {
	s.After = (*script.Duration)(&d)
	return s
}

func until(timeout time.Duration, c script.Condition, s script.Step) script.Step {
	s.WaitUntil, s.Timeout = script.Conditions{c}, script.Duration(timeout)
	return s
}

var (
	rss  = script.Selector{Metric: "rss", Lane: "push"}
	full = script.Condition{Selector: rss, Operator: ">", Wanted: 100 << 20, Text: "rss{lane:push} > 100MiB"}
	slow = &script.Set{Throttle: new(script.Throttle(4000))}
)

func states(v play.View) []play.StepState {
	var out []play.StepState
	for _, s := range v.Steps {
		out = append(out, s.State)
	}
	return out
}

func TestStepsHappenAtTheirTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := play.New([]script.Step{
			at(0, script.Step{Say: "Calm."}),
			at(5*time.Second, script.Step{Set: slow, Say: "Slow.", Line: 40}),
			after(3*time.Second, script.Step{Note: "Look at the curve."}),
			at(10*time.Second, script.Step{Restart: "push"}),
		}, play.Options{})
		require.Equal(t, play.Idle, p.View().State)
		require.Equal(t, 10*time.Second, p.View().Length)
		require.Zero(t, p.View().Clock)

		s := &stage{}
		wait := begin(t.Context(), p, s)
		v := p.View()
		require.Equal(t, play.Playing, v.State)
		require.Equal(t, 1, v.Next)
		require.Equal(t, "Calm.", v.Say)
		require.Equal(t, []play.StepState{play.Happened, play.Current, play.Coming, play.Coming}, states(v))
		time.Sleep(4 * time.Second)
		require.Equal(t, 4*time.Second, p.View().Clock)
		wait()

		require.Equal(t, []string{
			"0s 0 say: Calm.",
			"5s Set", "5s 1 set: throttle 4KB/s", "5s 1 say: Slow.",
			"8s 2 note: Look at the curve.",
			"10s Restart push", "10s 3 restart: push",
			"10s 4 done",
		}, s.told)
		v = p.View()
		require.Equal(t, play.Done, v.State)
		require.Equal(t, 4, v.Next)
		require.Equal(t, 10*time.Second, v.Clock)
		require.Equal(t, "Slow.", v.Say)
		require.Equal(t, "Look at the curve.", v.Note)
		require.False(t, v.TimedOut())
		require.Equal(t, play.Step{
			When: "at 5 s", What: "throttle 4KB/s; says “Slow.”", State: play.Happened,
			Plan: 5 * time.Second, At: 5 * time.Second, Line: 40,
		}, v.Steps[1])
		require.Equal(t, play.Step{When: "3 s later", What: "note “Look at the curve.”", State: play.Happened, Plan: 8 * time.Second, At: 8 * time.Second}, v.Steps[2])
		time.Sleep(time.Minute)
		require.Equal(t, v, p.View(), "the clock has stopped")
	})
}

func TestTheOrderInsideAStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask := &script.Predict{Question: "Which?", Options: []string{"push", "pull"}, Answer: "push", Because: "It keeps."}
		p := play.New([]script.Step{at(0, script.Step{
			Predict: ask, Set: slow, Restart: "push", Say: "Say.", Note: "Note.", Reveal: true, Pause: script.PausePresenter,
		})}, play.Options{Presenter: true})
		s := &stage{}
		wait := begin(t.Context(), p, s)
		p.Continue()
		wait()
		require.Equal(t, []string{
			"0s 0 ask: Which?", "0s Set", "0s 0 set: throttle 4KB/s", "0s Restart push", "0s 0 restart: push", "0s 0 say: Say.",
			"0s 0 note: Note.", "0s 0 reveal: push: It keeps.", "0s 0 paused", "0s 0 continued", "0s 1 done",
		}, s.told)
	})
}

func TestAConditionComesTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calm := script.Condition{Selector: script.Selector{Metric: "backlog", Lane: "pull"}, Operator: "==", Wanted: 0, Text: "backlog{lane:pull} == 0"}
		both := until(60*time.Second, full, script.Step{Say: "Full."})
		both.WaitUntil = append(both.WaitUntil, calm)
		p := play.New([]script.Step{
			at(time.Second, script.Step{Set: slow}), both, after(2*time.Second, script.Step{Say: "Later."}),
		}, play.Options{})
		require.Equal(t, 63*time.Second, p.View().Length)
		require.Equal(t, "when rss{lane:push} > 100MiB and backlog{lane:pull} == 0, at most 60 s", p.View().Steps[1].When)
		s := &stage{}
		wait := begin(t.Context(), p, s)
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, play.Waiting, p.View().State)
		s.measure(p, rss, 200<<20)
		synctest.Wait()
		require.Equal(t, play.Waiting, p.View().State, "there is no value of the other yet")
		s.measure(p, calm.Selector, 3)
		synctest.Wait()
		require.Equal(t, play.Waiting, p.View().State)
		time.Sleep(4 * time.Second)
		s.measure(p, calm.Selector, 0)
		synctest.Wait()
		v := p.View()
		require.Equal(t, play.Playing, v.State)
		require.Equal(t, 7*time.Second, v.Length, "what comes is foreseen anew")
		require.Equal(t, 5*time.Second, v.Steps[1].At)
		require.Equal(t, 61*time.Second, v.Steps[1].Plan)
		require.Zero(t, v.Steps[1].LateBy)
		require.Equal(t, 7*time.Second, v.Steps[2].Plan)
		wait()
		require.Equal(t, []string{"1s Set", "1s 0 set: throttle 4KB/s", "5s 1 say: Full.", "7s 2 say: Later.", "7s 3 done"}, s.told)
	})
}

func TestAConditionIsTrueAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := play.New([]script.Step{until(time.Second, full, script.Step{Say: "Full."})}, play.Options{})
		s := &stage{}
		s.measure(p, rss, 1<<30)
		begin(t.Context(), p, s)()
		require.Equal(t, []string{"0s 0 say: Full.", "0s 1 done"}, s.told)
	})
}

func TestAWaitTimesOutAndTheStepsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := play.New([]script.Step{
			until(30*time.Second, full, script.Step{Say: "Full.", Set: slow}),
			at(10*time.Second, script.Step{Say: "Late."}),
			after(time.Second, script.Step{Say: "On."}),
		}, play.Options{})
		s := &stage{set: func(script.Set) error { return errors.New("No.") }}
		wait := begin(t.Context(), p, s)
		s.measure(p, rss, 1)
		wait()
		require.Equal(t, []string{
			"30s 0 timed out: rss{lane:push} > 100MiB was not true within 30 s.",
			"30s Set", "30s 0 refused: No.", "30s 0 say: Full.",
			"30s 1 say: Late. (20s late)", "31s 2 say: On.", "31s 3 done",
		}, s.told)
		v := p.View()
		require.True(t, v.TimedOut())
		require.Equal(t, []play.StepState{play.TimedOut, play.Happened, play.Happened}, states(v))
		require.Equal(t, 20*time.Second, v.Steps[1].LateBy)
		require.Equal(t, 31*time.Second, v.Length)
	})
}

func TestAMeasurementAtTheVeryEndOfAWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := play.New([]script.Step{until(time.Second, full, script.Step{})}, play.Options{})
		s := &stage{values: map[script.Selector]float64{}}
		wait := begin(t.Context(), p, s)
		s.mu.Lock()
		s.values[rss] = 1 << 30 // without a word to the player
		s.mu.Unlock()
		wait()
		require.False(t, p.View().TimedOut())
	})
}

func TestAWaitWithoutTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := play.New([]script.Step{at(time.Second, script.Step{}), until(0, full, script.Step{})}, play.Options{})
		s := &stage{}
		wait := begin(t.Context(), p, s)
		time.Sleep(24 * time.Hour)
		require.Equal(t, play.Waiting, p.View().State)
		s.measure(p, rss, 1<<30)
		wait()
		require.False(t, p.View().TimedOut())
	})
}

func TestAPauseShiftsWhatFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := play.New([]script.Step{
			at(time.Second, script.Step{Say: "Guess.", Pause: script.PausePresenter}),
			at(3*time.Second, script.Step{Say: "On.", Pause: script.PausePresenter}),
			after(time.Second, script.Step{Say: "End."}),
		}, play.Options{Presenter: true})
		p.Continue() // nothing to go on with
		s := &stage{}
		wait := begin(t.Context(), p, s)
		p.Continue()
		time.Sleep(11 * time.Second)
		synctest.Wait()
		v := p.View()
		require.Equal(t, play.Paused, v.State)
		require.Equal(t, time.Second, v.Clock)
		require.Equal(t, 1, v.Next)
		p.Continue()
		p.Continue() // twice is once
		require.Equal(t, play.Playing, p.View().State)
		require.Equal(t, time.Second, p.View().Clock)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Equal(t, play.Paused, p.View().State)
		require.Equal(t, 3*time.Second, p.View().Clock)
		p.Continue()
		wait()
		require.Equal(t, []string{
			"1s 0 say: Guess.", "1s 0 paused", "11s 0 continued",
			"13s 1 say: On.", "13s 1 paused", "16s 1 continued",
			"17s 2 say: End.", "17s 3 done",
		}, s.told)
		require.Equal(t, 4*time.Second, p.View().Clock)
	})
}

func TestWithoutAPresenterPausesAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := play.New([]script.Step{
			at(0, script.Step{Say: "Guess.", Pause: script.PausePresenter}), at(time.Second, script.Step{Say: "On."}),
		}, play.Options{})
		s := &stage{}
		begin(t.Context(), p, s)()
		require.Equal(t, []string{"0s 0 say: Guess.", "1s 1 say: On.", "1s 2 done"}, s.told)
	})
}

func TestAPredictionIsRevealedOnce(t *testing.T) {
	first := &script.Predict{Question: "One?", Options: []string{"a", "b"}, Answer: "a", Because: "So."}
	second := &script.Predict{Question: "Two?", Options: []string{"c", "d"}, Answer: "d"}
	synctest.Test(t, func(t *testing.T) {
		p := play.New([]script.Step{
			at(0, script.Step{Reveal: true}), // nothing to reveal
			at(1*time.Second, script.Step{Predict: first}),
			at(2*time.Second, script.Step{Reveal: true}),
			at(3*time.Second, script.Step{Reveal: true}),
			at(4*time.Second, script.Step{Predict: second}),
			at(5*time.Second, script.Step{}),
		}, play.Options{})
		s := &stage{}
		wait := begin(t.Context(), p, s)
		require.Nil(t, p.View().Ask)
		time.Sleep(1500 * time.Millisecond)
		asked := p.View().Ask
		require.Equal(t, &play.Ask{Question: "One?", Options: []string{"a", "b"}}, asked)
		time.Sleep(time.Second)
		require.Equal(t, &play.Ask{Question: "One?", Options: []string{"a", "b"}, Answer: "a", Because: "So."}, p.View().Ask)
		require.Empty(t, asked.Answer, "a view does not change")
		wait()
		require.Equal(t, []string{"1s 1 ask: One?", "2s 2 reveal: a: So.", "4s 4 ask: Two?", "5s 6 reveal: d", "5s 6 done"}, s.told)
		require.Equal(t, "d", p.View().Ask.Answer)
	})
}

func TestTheStageRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := play.New([]script.Step{
			at(0, script.Step{Set: slow, Say: "Slow."}), at(0, script.Step{Restart: "push"}), at(0, script.Step{Say: "On."}),
		}, play.Options{})
		s := &stage{
			set:   func(script.Set) error { return errors.New("That is too slow.") },
			again: func(string) error { return errors.New("The lane runs.") },
		}
		begin(t.Context(), p, s)()
		require.Equal(t, []string{
			"0s Set", "0s 0 refused: That is too slow.", "0s 0 say: Slow.",
			"0s Restart push", "0s 1 refused: The lane runs.", "0s 2 say: On.", "0s 3 done",
		}, s.told)
		require.Equal(t, []play.StepState{play.Refused, play.Refused, play.Happened}, states(p.View()))
		require.False(t, p.View().TimedOut())
	})
}

func TestASlowStageMakesTheNextStepLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := play.New([]script.Step{
			at(0, script.Step{Set: slow}), at(time.Second, script.Step{Say: "Late."}), after(time.Second, script.Step{Say: "On time."}),
		}, play.Options{})
		s := &stage{set: func(script.Set) error { time.Sleep(3 * time.Second); return nil }}
		begin(t.Context(), p, s)()
		require.Equal(t, []string{"0s Set", "3s 0 set: throttle 4KB/s", "3s 1 say: Late. (2s late)", "4s 2 say: On time.", "4s 3 done"}, s.told)
		require.Equal(t, 2*time.Second, p.View().Steps[1].LateBy)
	})
}

func TestTheEndOfTheContextEndsEverything(t *testing.T) {
	ask := &script.Predict{Question: "Which?", Options: []string{"a", "b"}, Answer: "a"}
	for name, c := range map[string]struct {
		step script.Step
		told []string
	}{
		"before a time":      {at(time.Hour, script.Step{Say: "Never."}), nil},
		"before a condition": {until(time.Hour, full, script.Step{Say: "Never."}), nil},
		"in a pause":         {at(0, script.Step{Pause: script.PausePresenter, Predict: ask}), []string{"0s 0 ask: Which?", "0s 0 paused"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				p := play.New([]script.Step{c.step, at(time.Hour, script.Step{Say: "Never."})}, play.Options{Presenter: true})
				s := &stage{}
				wait := begin(ctx, p, s)
				time.Sleep(time.Minute)
				cancel()
				wait()
				v := p.View()
				require.Equal(t, play.Stopped, v.State)
				require.NotContains(t, states(v), play.Current)
				p.Continue()
				p.Observe()
				time.Sleep(2 * time.Hour)
				require.Equal(t, v, p.View())
				require.Equal(t, c.told, s.told)
			})
		})
	}
	t.Run("inside a step", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			p := play.New([]script.Step{at(0, script.Step{Set: slow, Restart: "push", Say: "Never."})}, play.Options{})
			s := &stage{set: func(script.Set) error { cancel(); return nil }}
			begin(ctx, p, s)()
			require.Equal(t, []string{"0s Set"}, s.told)
			require.Equal(t, play.Stopped, p.View().State)
			require.Empty(t, p.View().Say)
		})
	})
	t.Run("before it begins", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			p := play.New([]script.Step{at(0, script.Step{Say: "Never."})}, play.Options{})
			s := &stage{}
			begin(ctx, p, s)()
			require.Empty(t, s.told)
		})
	})
}

func TestNoSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := play.New(nil, play.Options{Presenter: true})
		s := &stage{}
		begin(t.Context(), p, s)()
		require.Empty(t, s.told)
		require.Equal(t, play.View{State: play.Done, Steps: []play.Step{}}, p.View())
	})
}

func TestAThousandSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var steps []script.Step
		for i := range 1000 {
			switch i % 4 {
			case 0:
				steps = append(steps, at(time.Duration(i)*time.Second, script.Step{Set: slow}))
			case 1:
				steps = append(steps, after(time.Second, script.Step{Say: fmt.Sprint(i)}))
			case 2:
				steps = append(steps, until(time.Second, full, script.Step{Note: fmt.Sprint(i)}))
			case 3:
				steps = append(steps, at(time.Duration(i)*time.Second, script.Step{Pause: script.PausePresenter}))
			}
		}
		p := play.New(steps, play.Options{Presenter: true})
		s := &stage{}
		ctx, cancel := context.WithCancel(t.Context())
		var helpers sync.WaitGroup
		helpers.Go(func() { // everybody looks and talks at the same time
			for ctx.Err() == nil {
				time.Sleep(50 * time.Millisecond)
				if v := p.View(); v.State == play.Paused {
					p.Continue()
				}
				p.Observe()
			}
		})
		began := time.Now()
		begin(ctx, p, s)()
		cancel()
		helpers.Wait()
		v := p.View()
		require.Equal(t, play.Done, v.State)
		require.Equal(t, 999*time.Second, v.Clock)
		require.Equal(t, 999*time.Second, v.Length)
		require.Greater(t, time.Since(began), 999*time.Second)
		for i, step := range v.Steps {
			require.Equal(t, time.Duration(i)*time.Second, step.At, i)
			require.Zero(t, step.LateBy)
		}
	})
}
