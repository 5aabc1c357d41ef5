package comparison

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/server/internal/outcome"
	"spillway/server/internal/play"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// imagined is a run that does what a test says.
type imagined struct {
	mu       sync.Mutex
	view     run.View
	err      error // of Play
	replaced []string
	viewers  int
}

func (c *imagined) Join() func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.viewers++
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.viewers--
	})
}

func (c *imagined) watching() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.viewers
}

func (c *imagined) View() run.View {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view
}

func (c *imagined) History() wire.History { return wire.History{} }

func (c *imagined) Play(s script.Scenario, steps bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if !steps {
		return errors.New("a comparison is its steps")
	}
	c.view = run.View{RunID: "COMPARISON", Scenario: s, State: wire.StateRunning}
	for _, l := range s.Lanes {
		c.view.Lanes = append(c.view.Lanes, run.LaneView{Name: l.Name, Plan: l})
		c.view.Sample.Lanes = append(c.view.Sample.Lanes, wire.LaneSample{State: wire.StateRunning, RSS: 10 << 20})
		c.view.Extra = append(c.view.Extra, metric.Lane{})
	}
	return nil
}

func (c *imagined) Replace(runID string, s script.Scenario) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replaced = append(c.replaced, runID+" by "+s.Title)
	c.view = run.View{Scenario: s}
}

func (c *imagined) cleared() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.replaced...)
}

// at is the comparison after some time.
func (c *imagined) at(elapsed time.Duration, state play.State, rss uint64) run.View {
	v := c.View()
	v.Elapsed, v.Script.State = elapsed, state
	v.Sample.Lanes = append([]wire.LaneSample(nil), v.Sample.Lanes...)
	for i := range v.Sample.Lanes {
		v.Sample.Lanes[i].RSS = rss
	}
	return v
}

// desk is one beside a lesson that runs.
func desk(t *testing.T) (*Desk, *imagined) {
	c := &imagined{view: run.View{RunID: "LESSON", Scenario: script.Scenario{Name: "one", Title: "One"}}}
	d := NewDesk(DeskOptions{Control: func() Control { return c }, Program: "spillway"})
	ctx, cancel := context.WithCancel(context.Background())
	var ends sync.WaitGroup
	ends.Go(func() { d.Run(ctx) })
	t.Cleanup(func() { cancel(); ends.Wait() })
	return d, c
}

// three are enough to be compared.
func three(t *testing.T) Choice {
	c := Default(1 << 30)
	var err error
	c.Strategies, err = Find([]string{"block", "drop", "latest"})
	require.NoError(t, err)
	return c
}

func TestAComparison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := desk(t)
		_, ok := d.State()
		require.False(t, ok)
		d.Take(c.View()) // of the lesson
		d.Stop()

		require.NoError(t, d.Begin(three(t)))
		require.ErrorIs(t, d.Begin(three(t)), ErrPlaying)
		s, ok := d.State()
		require.True(t, ok)
		require.True(t, s.Playing)
		require.Equal(t, "One", s.Former)
		require.Empty(t, s.Result.Lanes)
		require.Equal(t, 1, c.watching(), "it does not rest, though nobody looks at its lanes")

		moments := []run.View{
			c.at(0, play.Idle, 10<<20), c.at(time.Second, play.Playing, 30<<20), c.at(2*time.Second, play.Playing, 20<<20),
			c.at(28*time.Second, play.Done, 20<<20), c.at(28500*time.Millisecond, play.Done, 40<<20),
		}
		for _, v := range moments {
			d.Take(v)
		}
		s, _ = d.State()
		require.True(t, s.Playing, "what the last step did is still measured")
		require.Equal(t, uint64(40<<20), *s.Result.Lanes[0].RSSMaxBytes)
		last := c.at(29*time.Second, play.Done, 15<<20)
		d.Take(last)
		synctest.Wait()
		require.Equal(t, []string{"COMPARISON by One"}, c.cleared())
		require.Zero(t, c.watching())
		s, _ = d.State()
		require.False(t, s.Playing)
		require.Equal(t, record.Completed, s.Ending)

		// It is what the command makes of the recording of the same run.
		rec := &record.Recording{Header: record.HeaderOf(last, s.Choice.Command("spillway"), record.Environment{}), Moments: append(moments, last), Ending: record.Completed}
		require.Equal(t, outcome.Of(rec), s.Result)
		require.Equal(t, Table(outcome.Of(rec)), Table(s.Result))

		d.Take(c.View())
		require.NoError(t, d.Begin(three(t)), "and again")
		s, _ = d.State()
		require.Empty(t, s.Result.Lanes, "it begins anew")
		require.Equal(t, "One", s.Former)
	})
}

// However it is broken off, what ran before comes back and what was measured
// stays.
func TestAComparisonThatIsBrokenOff(t *testing.T) {
	for name, c := range map[string]struct {
		broken func(*Desk, *imagined)
		clears bool
	}{
		"stopped": {func(d *Desk, _ *imagined) { d.Stop() }, true},
		"the run was stopped": {func(d *Desk, c *imagined) {
			v := c.at(3*time.Second, play.Stopped, 1)
			v.State = wire.StateStopped
			d.Take(v)
		}, true},
		"the steps were stopped":   {func(d *Desk, c *imagined) { d.Take(c.at(3*time.Second, play.Stopped, 1)) }, true},
		"it was begun anew":        {func(d *Desk, c *imagined) { c.view.RunID = "AGAIN"; d.Take(c.View()) }, true},
		"another lesson took over": {func(d *Desk, c *imagined) { c.view = run.View{RunID: "NEXT"}; d.Take(c.View()) }, false},
		"it went on and on": {func(d *Desk, c *imagined) {
			for range maxMoments {
				d.Take(c.at(time.Second, play.Playing, 1))
			}
		}, true},
		"it was stopped, then reset": {func(d *Desk, c *imagined) {
			d.Stop()
			synctest.Wait()
			c.view = c.at(0, play.Idle, 1)
			d.Take(c.View())
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, control := desk(t)
				require.NoError(t, d.Begin(three(t)))
				d.Take(control.at(time.Second, play.Playing, 30<<20))
				c.broken(d, control)
				synctest.Wait()
				s, _ := d.State()
				require.False(t, s.Playing)
				require.Equal(t, record.Stopped, s.Ending)
				require.Len(t, s.Result.Lanes, 3)
				require.Zero(t, control.watching())
				require.Equal(t, c.clears, len(control.cleared()) > 0)
			})
		})
	}
}

func TestAComparisonThatCannotBegin(t *testing.T) {
	d, c := desk(t)
	wrong := three(t)
	wrong.Seconds = 0
	require.ErrorIs(t, d.Begin(wrong), ErrChoice)
	c.err = run.ErrNotRunning
	require.ErrorIs(t, d.Begin(three(t)), run.ErrNotRunning)
	_, ok := d.State()
	require.False(t, ok, "nothing has begun")
	c.err = nil
	require.NoError(t, d.Begin(three(t)))
}
