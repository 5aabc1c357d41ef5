package headless_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/headless"
	"spillway/server/internal/play"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/server/internal/threshold"
	"spillway/wasm/wire"
)

// control is a run that makes a view each tenth of a second.
type control struct {
	p      *headless.Player
	change func(*run.View)
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
}

func (c *control) Start() {
	c.done = make(chan struct{})
	c.ctx, c.cancel = context.WithCancel(context.Background())
	began := time.Now()
	go func() {
		defer close(c.done)
		for {
			select {
			case <-c.ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
			v := run.View{RunID: "r1", State: wire.StateRunning, Elapsed: time.Since(began)}
			c.change(&v)
			c.p.Observe(v)
		}
	}()
}

func (c *control) Close() {
	c.cancel()
	<-c.done
	c.p.Observe(run.View{RunID: "r1", State: wire.StateStopped})
}

func (c *control) History() wire.History { return wire.History{} }

// recorder counts.
type recorder struct {
	taken int
	last  run.View
	end   string
	err   error // from the third view on
}

func (r *recorder) Take(v run.View, history func() wire.History) error {
	history()
	r.taken++
	r.last = v
	if r.taken >= 3 {
		return r.err
	}
	return nil
}

func (r *recorder) End(e record.Ending, why string) error {
	r.end = fmt.Sprintf("%s %s", e, why)
	return nil
}

// playing plays a run whose views are changed, and says when it ended.
func playing(t *testing.T, ctx context.Context, r *recorder, change func(*run.View)) (headless.End, time.Duration, int) {
	shown := 0
	p := headless.New(headless.Options{
		Record: func(first run.View) (headless.Recorder, error) {
			require.Equal(t, "r1", first.RunID)
			return r, nil
		},
		Show: func(run.View) { shown++ },
	})
	began := time.Now()
	end := p.Play(ctx, &control{p: p, change: change})
	return end, time.Since(began), shown
}

func steps(state play.State) func(*run.View) {
	return func(v *run.View) {
		v.Script.Steps = make([]play.Step, 1)
		if v.Elapsed >= 5*time.Second {
			v.Script.State = state
		}
	}
}

func TestTheEndAfterTheLastStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		end, after, shown := playing(t, t.Context(), r, steps(play.Done))
		require.Equal(t, headless.End{Ending: record.Completed}, end)
		require.Equal(t, 6*time.Second, after, "what the last step did is still measured")
		require.InDelta(t, 60, r.taken, 2)
		require.InDelta(t, 60, shown, 2)
		require.Equal(t, wire.StateStopped, r.last.State, "the last view is recorded too")
		require.Equal(t, "completed ", r.end)
	})
}

func TestTheEndWithoutSteps(t *testing.T) {
	for minutes, want := range map[int]time.Duration{0: time.Minute, 3: 3 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			end, after, _ := playing(t, t.Context(), &recorder{}, func(v *run.View) {
				v.Scenario.Minutes = minutes
				v.Script.State = play.Done // nothing to play
			})
			require.Equal(t, headless.End{Ending: record.Completed}, end)
			require.Equal(t, want, after)
			require.Equal(t, want, headless.Length(script.Scenario{Minutes: minutes}))
		})
	}
}

func TestARuleEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		end, after, _ := playing(t, t.Context(), r, func(v *run.View) {
			steps(play.Stopped)(v)
			v.Checks = []threshold.Verdict{{Holds: false, Known: true}, {
				Name: "rss{lane:push}", Rule: "max < 1MiB", Seen: "2MiB", Aborts: v.Elapsed >= 2*time.Second,
			}}
		})
		require.Equal(t, headless.End{record.Aborted, "rss{lane:push} max < 1MiB does not hold: 2MiB"}, end)
		require.Equal(t, 2*time.Second, after)
		require.Equal(t, "aborted "+end.Why, r.end)
	})
}

func TestAPersonEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		r := &recorder{}
		end, after, _ := playing(t, ctx, r, steps(play.Done))
		require.Equal(t, headless.End{Ending: record.Stopped}, end)
		require.Equal(t, 1500*time.Millisecond, after)
		require.Equal(t, "stopped ", r.end)
	})
}

func TestARunThatDoesNotBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		end, after, _ := playing(t, t.Context(), r, func(v *run.View) {
			v.State = wire.StateStarting
			v.Notice.Text = "The broker does not answer."
		})
		require.Equal(t, headless.End{record.Failed, "not everything was started within 30s: The broker does not answer."}, end)
		require.Equal(t, 30*time.Second, after)
		require.Equal(t, "failed "+end.Why, r.end)
	})
}

func TestARecordingThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{err: errors.New("no space left")}
		end, after, _ := playing(t, t.Context(), r, steps(play.Done))
		require.Equal(t, headless.End{record.Failed, "no space left"}, end)
		require.Equal(t, 300*time.Millisecond, after)
		require.Equal(t, 3, r.taken, "not once more after an error")
	})
	synctest.Test(t, func(t *testing.T) {
		p := headless.New(headless.Options{
			Record: func(run.View) (headless.Recorder, error) { return nil, errors.New("too large") },
			Show:   func(run.View) {},
		})
		end := p.Play(t.Context(), &control{p: p, change: steps(play.Done)})
		require.Equal(t, headless.End{record.Failed, "too large"}, end)
	})
}

func TestATerminalThatStandsStillDoesNotStopTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		p := headless.New(headless.Options{
			Record: func(run.View) (headless.Recorder, error) { return r, nil },
			Show:   func(run.View) { time.Sleep(3 * time.Second) },
		})
		p.Play(t.Context(), &control{p: p, change: steps(play.Done)})
		require.Greater(t, r.taken, 55)
	})
}
