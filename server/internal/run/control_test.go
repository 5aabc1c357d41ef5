package run

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
)

// waitingControl is a Control whose broker never comes: its runs begin and end,
// and wait in between. Inside a synctest bubble its time is the bubble's.
func waitingControl(t *testing.T) (c *Control, changes *atomic.Int64) {
	t.Helper()
	changes = new(atomic.Int64)
	ctx, cancel := context.WithCancel(context.Background())
	c = &Control{
		o: Options{
			Scenario: lesson(), MaxMemoryBytes: 1 << 30, RestAfter: restAfter,
			Log: slog.New(slog.DiscardHandler), Changed: func() { changes.Add(1) }, Observe: func(View) {},
		},
		broker: &brokerHandle{cancel: func() {}},
		ctx:    ctx,
		cancel: cancel,
	}
	return c, changes
}

func TestTheFirstViewerWakesTheRunAndTheLastLetsItRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := waitingControl(t)
		defer c.Close()
		first := c.Join()
		id := c.View().RunID
		require.Equal(t, wire.StateStarting, c.View().State)
		second := c.Join()
		require.Equal(t, id, c.View().RunID, "one run for both")
		first()
		first() // a viewer leaves once
		time.Sleep(10 * restAfter)
		require.Equal(t, wire.StateStarting, c.View().State)

		second()
		time.Sleep(restAfter - time.Second)
		back := c.Join() // a reload
		time.Sleep(10 * restAfter)
		require.Equal(t, id, c.View().RunID)
		require.Equal(t, wire.StateStarting, c.View().State)

		back()
		time.Sleep(restAfter + time.Second)
		require.Equal(t, wire.StateRest, c.View().State)
		defer c.Join()()
		require.NotEqual(t, id, c.View().RunID)
		require.Equal(t, wire.StateStarting, c.View().State)
	})
}

func TestAPageThatNobodyStaysAtRestsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := waitingControl(t)
		defer c.Close()
		c.Wake() // curl asks for the page
		require.Equal(t, wire.StateStarting, c.View().State)
		time.Sleep(restAfter + time.Second)
		require.Equal(t, wire.StateRest, c.View().State)
	})
}

func TestARunOfAScriptStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := waitingControl(t)
		defer c.Close()
		c.Start()
		id := c.View().RunID
		c.Start()
		require.Equal(t, id, c.View().RunID, "it runs already")
		time.Sleep(10 * restAfter)
		c.Join()() // somebody looks in
		time.Sleep(10 * restAfter)
		require.Equal(t, wire.StateStarting, c.View().State)
		c.Stop()
		time.Sleep(10 * restAfter)
		require.Equal(t, wire.StateStopped, c.View().State)
	})
}

func TestWhatSomebodyStoppedStaysStoppedWhileWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := waitingControl(t)
		defer c.Close()
		leave := c.Join()
		c.Stop()
		id := c.View().RunID
		leave()
		time.Sleep(restAfter - time.Second)
		leave = c.Join() // a reload
		time.Sleep(10 * restAfter)
		require.Equal(t, wire.StateStopped, c.View().State)
		require.Equal(t, id, c.View().RunID)
		leave()
		time.Sleep(restAfter + time.Second)
		require.Equal(t, wire.StateRest, c.View().State, "who comes next gets a fresh lesson")
		require.Equal(t, wire.StateRest, c.View().Lanes[0].State)
	})
}

func TestEveryChangeIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, changes := waitingControl(t)
		defer c.Close()
		said := func(what string, do func()) {
			before := changes.Load()
			do() // no time passes, so nothing ticks
			require.Greater(t, changes.Load(), before, what)
		}
		other := lesson()
		other.Name = "other"
		said("start", c.Start)
		said("patch", func() { require.NoError(t, c.Patch(Patch{})) })
		said("play steps", func() { require.NoError(t, c.PlaySteps()) })
		said("reset", c.Reset)
		said("stop", c.Stop)
		said("play", func() { require.NoError(t, c.Play(other, true)) })
		require.Equal(t, "other", c.View().Scenario.Name)
		said("stop", c.Stop)
		said("wake after rest", func() {
			c.life.Lock()
			c.end(wire.StateRest)
			c.life.Unlock()
		})
		require.Equal(t, wire.StateRest, c.View().State)
	})
}

func TestAScenarioThatCannotBePlayedChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := waitingControl(t)
		defer c.Close()
		c.Start()
		id := c.View().RunID
		wrong := lesson()
		wrong.Lanes[0].Strategy = "none"
		require.ErrorIs(t, c.Play(wrong, false), ErrInvalid)
		require.Equal(t, id, c.View().RunID)
		require.Equal(t, wire.StateStarting, c.View().State)
	})
}

func TestNothingBeginsAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := waitingControl(t)
		leave := c.Join()
		c.Close()
		id := c.View().RunID
		c.Start()
		c.Reset()
		c.Wake()
		c.Join()()
		leave()
		time.Sleep(10 * restAfter)
		require.Equal(t, id, c.View().RunID)
		require.Equal(t, wire.StateStopped, c.View().State)

		fresh, _ := waitingControl(t)
		fresh.Close()
		fresh.Join()() // a request that was on its way
		require.Empty(t, fresh.View().RunID)
	})
}

// TestEverybodyAtOnce is for the race detector.
func TestEverybodyAtOnce(t *testing.T) {
	c, _ := waitingControl(t)
	other := lesson()
	other.Lanes = other.Lanes[:1]
	var all sync.WaitGroup
	for _, do := range []func(){
		c.Start, c.Stop, c.Reset, c.Wake,
		func() { _ = c.Play(lesson(), false) },
		func() { _ = c.Play(other, true) },
		func() { _ = c.Patch(Patch{}) },
		func() { _ = c.PlaySteps(); _ = c.Continue(); _ = c.StopSteps() },
		func() { _ = c.RestartLane("push") },
		func() { _ = c.Reader(1, wire.Reader{Lane: "push"}); c.ReaderGone(1) },
		func() { c.Join()() },
		func() { v := c.View(); _ = wire.Append(nil, &v.Sample) },
		func() { h := c.History(); _ = wire.Append(nil, &h) },
	} {
		all.Go(func() {
			for range 30 {
				do()
			}
		})
	}
	all.Wait()
	c.Close()
}
