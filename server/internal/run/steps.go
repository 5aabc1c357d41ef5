package run

import (
	"context"
	"fmt"
	"slices"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/server/internal/play"
	"spillway/server/internal/threshold"
	"spillway/wasm/throttle"
)

// checkEvery is how many samples pass between two looks at the rules.
const checkEvery = 5

// steps is the scenario's script in a session: what happens when, and what must
// come true. Control.mu guards it.
type steps struct {
	scenario  script.Scenario
	presenter bool
	wanted    bool // begin as soon as the run is under way
	player    *play.Player
	end       context.CancelFunc // of the player; nil while it does not play
	metrics   *metric.Reader
	rules     *threshold.Set
	verdicts  []threshold.Verdict // replaced, never changed
	told      play.View           // whose state and place pages have
	samples   int
	aborted   bool
}

func newSteps(s script.Scenario, presenter bool) steps {
	st := steps{scenario: s, presenter: presenter, wanted: !presenter, metrics: metric.NewReader(s)}
	st.renew()
	return st
}

// renew puts the player at its first step and forgets what the rules have seen.
func (st *steps) renew() {
	st.player = play.New(st.scenario.Steps, play.Options{Presenter: st.presenter})
	st.rules = threshold.New(st.scenario)
	st.verdicts = st.rules.Verdicts()
	st.samples, st.aborted = 0, false
}

func (st *steps) view() play.View { return st.player.View() }

func (st *steps) playing() bool { return st.end != nil }

// PlaySteps plays the steps of the scenario from the first one, in the run as it
// is. Settings may be changed by hand meanwhile. It starts a run if there is
// none.
func (c *Control) PlaySteps() error {
	if len(c.Scenario().Steps) == 0 {
		return ErrNoSteps
	}
	c.Start()
	defer c.o.Changed()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	if s == nil || !s.alive() {
		return ErrNotRunning
	}
	if s.steps.playing() {
		return ErrPlaying
	}
	s.wantSteps()
	return nil
}

// Continue goes on where a step waits for the presenter.
func (c *Control) Continue() error {
	return c.withSteps(func(s *session) { s.steps.player.Continue() })
}

// StopSteps ends the steps; the run goes on as it is.
func (c *Control) StopSteps() error {
	return c.withSteps(func(s *session) {
		s.stopSteps()
		s.say(ByHand, false, "The steps were stopped. The run goes on as it is.")
	})
}

func (c *Control) withSteps(do func(*session)) error {
	defer c.o.Changed()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch s := c.session; {
	case s == nil || !s.alive():
		return ErrNotRunning
	case !s.steps.playing():
		return ErrNotPlaying
	default:
		do(s)
		return nil
	}
}

// wantSteps begins the steps as soon as the run is under way.
func (s *session) wantSteps() {
	s.steps.wanted = true
	if s.begun {
		s.playSteps()
	}
}

// playSteps begins the steps. The session lives, so it waits for the goroutine.
func (s *session) playSteps() {
	st := &s.steps
	st.wanted = false
	if st.player.View().State != play.Idle {
		st.renew()
	}
	ctx, cancel := context.WithCancel(s.ctx)
	st.end = cancel
	s.events.version++
	player := st.player
	s.wg.Go(func() {
		defer cancel()
		player.Run(ctx, stage{s})
		s.c.mu.Lock()
		if st.player == player {
			st.end = nil
			s.judge()
			s.events.version++
		}
		s.c.mu.Unlock()
		s.c.o.Changed()
	})
}

// stopSteps ends the steps where they are, if they play.
func (s *session) stopSteps() {
	s.steps.wanted = false
	if s.steps.end != nil {
		s.steps.end()
		s.steps.end = nil
		s.judge()
		s.events.version++
	}
}

// observeSteps shows the newest measurement to the steps and the rules. They
// count from the first step on, and headless from the beginning.
func (s *session) observeSteps() {
	st := &s.steps
	if !s.begun || !st.playing() && !s.c.o.Headless {
		return
	}
	st.player.Observe()
	if v := st.player.View(); v.State != st.told.State || v.Next != st.told.Next {
		st.told = v
		s.events.version++
	}
	st.rules.Observe(s.last)
	if st.samples++; st.samples%checkEvery != 0 {
		return
	}
	s.judge()
	if v, abort := st.rules.Abort(); abort && !st.aborted {
		st.aborted = true
		s.say(Scripted, true, fmt.Sprintf("%s %s does not hold (%s), and the scenario says to end then.", v.Name, v.Rule, v.Seen))
		s.stopSteps()
	}
}

// judge reads the rules as they stand.
func (s *session) judge() {
	verdicts := s.steps.rules.Verdicts()
	same := slices.EqualFunc(verdicts, s.steps.verdicts, func(a, b threshold.Verdict) bool {
		a.At = b.At // moves with every sample
		return a == b
	})
	s.steps.verdicts = verdicts
	if !same {
		s.events.version++
	}
}

// stage is the session as the player acts on it.
type stage struct{ s *session }

// Set changes settings as a step says.
func (t stage) Set(set script.Set) error {
	defer t.s.c.o.Changed()
	t.s.c.mu.Lock()
	defer t.s.c.mu.Unlock()
	if !t.s.alive() {
		return ErrNotRunning
	}
	next, err := t.s.settings.with(patchOf(set), t.s.c.maxLimitBytes())
	if err != nil {
		return err
	}
	if set.Workload != nil && set.Workload.Rate != nil {
		t.s.ramp = nil
	}
	t.s.changeByScript(next)
	return nil
}

// Restart starts a lane again that has ended.
func (t stage) Restart(lane string) error {
	defer t.s.c.o.Changed()
	t.s.c.mu.Lock()
	defer t.s.c.mu.Unlock()
	l, err := t.s.ended(lane)
	if err != nil {
		return err
	}
	t.s.say(Scripted, false, fmt.Sprintf("%s is started again.", lane))
	t.s.restart(l)
	return nil
}

// Value is the newest measurement of a metric.
func (t stage) Value(of script.Selector) (float64, bool) {
	t.s.c.mu.Lock()
	defer t.s.c.mu.Unlock()
	return t.s.steps.metrics.Value(t.s.last, of)
}

// Happened writes down what the player did. What it set is told by the settings
// themselves.
func (t stage) Happened(e play.Event) {
	defer t.s.c.o.Changed()
	t.s.c.mu.Lock()
	defer t.s.c.mu.Unlock()
	s := t.s
	s.events.version++
	switch e.Kind {
	case play.KindSay:
		s.say(Said, false, e.Text)
	case play.KindAsk, play.KindReveal:
		s.say(Scripted, false, e.Text)
	case play.KindTimedOut:
		s.say(Scripted, true, e.Text)
	case play.KindRefused:
		s.say(Scripted, true, fmt.Sprintf("Step %d was refused: %s.", e.Step+1, e.Text))
	case play.KindDone:
		s.say(Scripted, false, "The steps are done.")
	}
}

// patchOf is what a step sets, as a change of settings.
func patchOf(set script.Set) Patch {
	p := Patch{Paused: set.Pause, Throttle: optional(set.Throttle), Readers: make(map[string]GroupPatch), Lanes: make(map[string]LanePatch)}
	if w := set.Workload; w != nil {
		p.RatePerSecond = as[float64](w.Rate)
		p.SizeBytes = as[int](w.Size)
		p.Retention = w.Retention
	}
	for name, g := range set.Readers {
		p.Readers[name] = GroupPatch{Count: g.Count, Throttle: optional(g.Throttle), Paused: g.Pause, Away: g.Away}
	}
	for name, l := range set.Lanes {
		p.Lanes[name] = LanePatch{Throttle: optional(l.Throttle), LimitBytes: as[int64](l.Limit), GiveBack: l.GiveBack, SendBufferBytes: as[int](l.SendBuffer)}
	}
	return p
}

func optional(t *script.Throttle) Optional {
	if t == nil {
		return Optional{}
	}
	return Optional{Set: true, Rate: throttle.Rate(*t)}
}

// as converts a number that may be absent.
func as[To, From ~int | ~int64 | ~float64](n *From) *To {
	if n == nil {
		return nil
	}
	to := To(*n)
	return &to
}

// ended is a lane that has ended and may be started again.
func (s *session) ended(name string) (*laneRun, error) {
	if !s.alive() {
		return nil, ErrNotRunning
	}
	l := s.lane(name)
	if l == nil {
		return nil, ErrNoLane
	}
	if !l.ended() {
		return nil, ErrLaneAlive
	}
	return l, nil
}
