package comparison

import (
	"context"
	"errors"
	"sync"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/outcome"
	"spillway/server/internal/play"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

const (
	// settleFor is how long a comparison goes on after its last step, as a run
	// without pages does.
	settleFor = time.Second
	// maxMoments bounds what is kept of a comparison while it runs, five minutes of
	// it; afterwards only its result is.
	maxMoments = 3000
)

// Control is what a Desk needs of the run; *run.Control is one.
type Control interface {
	View() run.View
	History() wire.History
	Play(s script.Scenario, steps bool) error
	// Join counts a viewer until leave is called; a run without any may rest.
	Join() (leave func())
	// Replace ends the run of that id and puts s in its place, which begins when
	// somebody looks. If another run has begun it does nothing.
	Replace(runID string, s script.Scenario)
}

// DeskOptions are what a Desk needs.
type DeskOptions struct {
	Control func() Control // called once there are runs
	// Environment of its recordings.
	Environment record.Environment
	Program     string // how the command is called
}

// Desk plays comparisons in the place of the run, one at a time, and keeps the
// newest one's outcome. Its methods may be called from any goroutine.
type Desk struct {
	o    DeskOptions
	over chan struct{} // capacity 1: Run has something to clear away

	mu     sync.Mutex
	newest *performance // nil before the first
}

// performance is one comparison. Desk.mu guards it.
type performance struct {
	choice  Choice
	former  script.Scenario // what ran before
	begun   time.Time
	runID   string // empty until its first view
	playing bool
	leave   func()           // ends its being watched; nil until it is
	steps   bool             // its steps have begun
	settled time.Duration    // of the run, when it ends; 0 until its last step
	rec     record.Recording // empty once it is over
	marks   uint64           // of the newest moment
	result  outcome.Result
	counted int // moments that result is of
}

// NewDesk returns a Desk with no comparison. Run must be called.
func NewDesk(o DeskOptions) *Desk { return &Desk{o: o, over: make(chan struct{}, 1)} }

// ErrPlaying says that there is a comparison already.
var ErrPlaying = errors.New("a comparison runs already")

// Begin plays a comparison. It returns when its processes are being started. The
// error wraps [ErrChoice] or is [ErrPlaying].
func (d *Desk) Begin(c Choice) error {
	s, err := c.Scenario()
	if err != nil {
		return err
	}
	next := &performance{choice: c, former: d.o.Control().View().Scenario, begun: time.Now(), playing: true}
	d.mu.Lock()
	old := d.newest
	if old != nil && old.playing {
		d.mu.Unlock()
		return ErrPlaying
	}
	if old != nil && Is(next.former) { // it has not been cleared away yet
		next.former = old.former
	}
	d.newest = next
	d.mu.Unlock()
	if err := d.o.Control().Play(s, true); err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.newest = old
		return err
	}
	leave := d.o.Control().Join() // whoever looks at the table looks at no lane, and it shall not rest
	d.mu.Lock()
	defer d.mu.Unlock()
	next.leave = leave
	if !next.playing { // it is over already
		d.clear()
	}
	return nil
}

// Command compares c in a terminal.
func (d *Desk) Command(c Choice) string { return c.Command(d.o.Program) }

// Stop ends the comparison that plays, if one does. What it has measured stays.
func (d *Desk) Stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.newest != nil && d.newest.playing {
		d.end(record.Stopped)
	}
}

// Take observes the run. It never blocks for long.
func (d *Desk) Take(v run.View) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.newest
	switch {
	case p == nil || v.RunID == "":
		return
	case !Is(v.Scenario):
		if p.playing && p.runID != "" { // somebody began something else
			d.end(record.Stopped)
		}
		return
	case !p.playing: // it is being cleared away, or somebody began it anew
		d.clear()
		return
	case p.runID == "":
		p.runID = v.RunID
		p.rec.Header = record.HeaderOf(v, p.choice.Command(d.o.Program), d.o.Environment)
	case p.runID != v.RunID:
		d.end(record.Stopped)
		return
	}
	d.keep(p, v)
	switch v.Script.State {
	case play.Playing, play.Waiting:
		p.steps = true
	case play.Done:
		if p.settled == 0 {
			p.settled = v.Elapsed + settleFor
		}
	case play.Idle, play.Stopped:
		if p.steps { // somebody stopped them
			d.end(record.Stopped)
			return
		}
	}
	switch {
	case p.settled > 0 && v.Elapsed >= p.settled:
		d.end(record.Completed)
	case v.State == wire.StateStopped || v.State == wire.StateRest, len(p.rec.Moments) >= maxMoments:
		d.end(record.Stopped)
	}
}

// keep adds a moment as a recording has it. d.mu is held.
func (d *Desk) keep(p *performance, v run.View) {
	p.rec.Moments = append(p.rec.Moments, v)
	p.rec.Log = v.Log
	if v.Marks == p.marks {
		return
	}
	p.marks = v.Marks
	p.rec.Marks = d.o.Control().History().Lanes
	for i := range p.rec.Marks {
		p.rec.Marks[i].Points = nil
	}
}

// end is the end of the newest performance. d.mu is held.
func (d *Desk) end(how record.Ending) {
	p := d.newest
	p.rec.Ending, p.playing = how, false
	p.result = outcome.Of(&p.rec)
	p.rec, p.counted = record.Recording{}, 0
	d.clear()
}

// clear lets Run clear away.
func (d *Desk) clear() {
	select {
	case d.over <- struct{}{}:
	default: // it will look anyway
	}
}

// Run puts what ran before back when a comparison is over, until ctx is done.
func (d *Desk) Run(ctx context.Context) {
	for {
		select {
		case <-d.over:
		case <-ctx.Done():
			return
		}
		d.mu.Lock()
		p := *d.newest
		d.mu.Unlock()
		if p.playing {
			continue
		}
		if p.leave != nil {
			p.leave()
		}
		if v := d.o.Control().View(); Is(v.Scenario) {
			d.o.Control().Replace(v.RunID, p.former)
		}
	}
}

// State is a Desk as it is at one moment.
type State struct {
	Choice   Choice
	Playing  bool
	Begun    time.Time
	RunID    string         // empty until the run is there
	Ending   record.Ending  // empty while it plays
	Former   string         // title of what ran before
	Result   outcome.Result // so far
	Slowness time.Duration  // how long the readers are to be slow
}

// State reads the newest comparison; false before the first.
func (d *Desk) State() (State, bool) {
	d.mu.Lock()
	p := d.newest
	if p == nil {
		d.mu.Unlock()
		return State{}, false
	}
	at := *p
	d.mu.Unlock()
	if n := len(at.rec.Moments); at.playing && n != at.counted {
		at.result = outcome.Of(&at.rec) // moments are only ever added to
		d.mu.Lock()
		if p.playing && n > p.counted {
			p.result, p.counted = at.result, n
		}
		d.mu.Unlock()
	}
	out := State{
		Choice: at.choice, Playing: at.playing, Begun: at.begun, RunID: at.runID,
		Former: at.former.Title, Result: at.result, Slowness: at.choice.Slowness(),
	}
	if !at.playing {
		out.Ending = at.result.Ending
	}
	return out, true
}
