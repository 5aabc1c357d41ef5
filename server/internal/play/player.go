package play

import (
	"context"
	"slices"
	"sync"
	"time"

	"spillway/scenarios/script"
)

// Stage is what a player acts on. Its methods are called from Run's goroutine,
// one at a time, and the player holds no lock meanwhile. A method that takes
// long makes the steps behind it late.
type Stage interface {
	// Set changes live settings at once. Its error is a sentence.
	Set(script.Set) error
	// Restart starts a lane again that has ended. Its error is a sentence.
	Restart(lane string) error
	// Value is the newest measurement; false while there is none. What a label
	// that is left out means is up to the stage.
	Value(script.Selector) (float64, bool)
	// Happened is told what the player did, in the order in which it did it.
	Happened(Event)
}

// Options change how a player plays. The zero value plays without a person.
type Options struct {
	Presenter bool // waits at pauses until Continue is called; else pauses are skipped
}

// Player plays steps once. All methods but Run may be called from any
// goroutine, and none of them blocks.
type Player struct {
	o        Options
	steps    []script.Step
	observed chan struct{} // holds one signal: a look covers all measurements before it

	mu     sync.Mutex
	view   View // but for Clock while it plays. Steps and Ask are replaced, never changed: views share them
	began  time.Time
	paused time.Duration   // spent waiting for the presenter, the pause under way aside
	since  time.Time       // when that began
	goOn   chan struct{}   // closed by Continue; nil unless the player waits for it
	answer *script.Predict // to be revealed; only Run's goroutine uses it
}

// New prepares steps to be played. It keeps the slice.
func New(steps []script.Step, o Options) *Player {
	p := &Player{o: o, steps: steps, observed: make(chan struct{}, 1)}
	p.view.Steps = make([]Step, len(steps))
	for i, s := range steps {
		p.view.Steps[i] = Step{When: when(i, s), What: what(s), Line: s.Line}
	}
	p.plan(0, 0)
	return p
}

// Continue goes on where the player waits for the presenter. Elsewhere it does
// nothing: it is not kept for the next pause.
func (p *Player) Continue() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.goOn == nil {
		return
	}
	p.paused += time.Since(p.since)
	p.view.State = Playing
	close(p.goOn)
	p.goOn = nil
}

// Observe says that there is a new measurement: a player that waits for a
// condition looks at it.
func (p *Player) Observe() {
	select {
	case p.observed <- struct{}{}:
	default: // a look is due anyway
	}
}

// View reads the player.
func (p *Player) View() View {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.view
	if v.State == Playing || v.State == Waiting || v.State == Paused {
		v.Clock = p.clock()
	}
	return v
}

// TimedOut tells whether a wait was in vain: the run has failed.
func (v View) TimedOut() bool {
	return slices.ContainsFunc(v.Steps, func(s Step) bool { return s.State == TimedOut })
}

// Run plays the steps and returns when all of them have happened, or when ctx
// has ended: then nothing more happens. It is called once.
func (p *Player) Run(ctx context.Context, s Stage) {
	p.mu.Lock()
	p.began = time.Now()
	p.view.State = Playing
	p.mu.Unlock()
	r := &performance{Player: p, ctx: ctx, stage: s, timer: time.NewTimer(time.Hour)}
	defer r.timer.Stop()
	for i := range p.steps {
		if !r.step(i) {
			p.end(Stopped)
			return
		}
	}
	r.late = 0
	r.reveal(len(p.steps))
	p.end(Done)
	if len(p.steps) > 0 {
		r.tell(len(p.steps), KindDone, "")
	}
}

// end stops the clock.
func (p *Player) end(state State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.view.Clock = p.clock()
	p.view.State = state
	p.goOn = nil
	if state == Done {
		p.view.Length = p.view.Clock
	} else {
		p.mark(p.view.Next, func(s *Step) { s.State = Coming })
	}
}

// clock is the time of the script. p.mu is held.
func (p *Player) clock() time.Duration {
	now := time.Now()
	if p.goOn != nil {
		now = p.since
	}
	return now.Sub(p.began) - p.paused
}

// mark changes a step. p.mu is held.
func (p *Player) mark(i int, change func(*Step)) {
	if i < len(p.steps) {
		p.view.Steps = slices.Clone(p.view.Steps)
		change(&p.view.Steps[i])
	}
}

// plan foresees the steps from the i-th on, if the one before it happens at that
// time of the script and every wait takes its longest. p.mu is held, or nobody
// knows p yet.
func (p *Player) plan(i int, at time.Duration) {
	steps := slices.Clone(p.view.Steps)
	for ; i < len(steps); i++ {
		switch s := p.steps[i]; {
		case s.At != nil:
			steps[i].Plan = time.Duration(*s.At)
		case s.After != nil:
			steps[i].Plan = at + time.Duration(*s.After)
		default:
			steps[i].Plan = at + time.Duration(s.Timeout)
		}
		at = max(at, steps[i].Plan)
	}
	p.view.Steps, p.view.Length = steps, at
}
