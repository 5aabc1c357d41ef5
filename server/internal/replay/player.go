// Package replay plays a recording to the pages, as if it happened now. Nothing
// runs: no process is started, and nothing can be changed.
//
//	recording → player → site → page
package replay

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"spillway/server/internal/record"
	"spillway/server/internal/run"
)

// viewEvery is the time between two views: 10 Hz, like that of a run.
const viewEvery = run.SampleEvery

// Speeds are those a Player takes, in multiples of the recorded pace.
var Speeds = []float64{0.25, 0.5, 1, 2, 4, 8}

// Options are what a Player needs.
type Options struct {
	// Changed is called after every view and every change, 10 times a second
	// while it plays. It must not block; it may call the Player. Nil is nobody.
	Changed func()
}

// Player moves through a recording. It begins paused at the beginning. Its
// methods may be called from any goroutine and do not block. It has no
// goroutine of its own: while it plays, a timer calls it.
type Player struct {
	rec     *record.Recording
	changed func()
	jumps   []Jump

	mu    sync.Mutex // guards what follows
	at    int        // index of the moment that is shown
	speed float64
	timer *time.Timer // runs while it plays; else nil

	// The position was base at the time since.
	base  time.Duration
	since time.Time
	shown time.Time // when the moment came up

	// changes counts whatever a page sees besides the recording going on, seeks
	// those after which it needs its curves anew.
	changes, seeks uint64
}

// New returns a Player at the beginning of a recording of at least one moment,
// which is what record.Read returns. The recording is not changed any more.
func New(rec *record.Recording, o Options) *Player {
	if o.Changed == nil {
		o.Changed = func() {}
	}
	return &Player{
		rec: rec, changed: o.Changed, jumps: jumpsOf(rec), speed: 1,
		base: rec.Moments[0].Elapsed, shown: time.Now(),
	}
}

// State is where a Player is.
type State struct {
	Playing bool
	At      time.Duration // of the run
	From    time.Duration // where the recording begins; 0 unless its oldest part was not kept
	Length  time.Duration // where it ends
	Speed   float64
	Jumps   []Jump // by rising At; not to be changed
}

// State is where the Player is now.
func (p *Player) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return State{
		Playing: p.timer != nil,
		At:      p.position(time.Now()),
		From:    p.rec.Moments[0].Elapsed,
		Length:  p.end(),
		Speed:   p.speed,
		Jumps:   p.jumps,
	}
}

// Start plays on; at the end, from the beginning.
func (p *Player) Start() {
	p.do(func(now time.Time) bool {
		if p.timer != nil {
			return false
		}
		if p.at == len(p.rec.Moments)-1 {
			p.seek(0, now)
		}
		p.since = now
		p.schedule(now)
		return true
	})
}

// Stop pauses.
func (p *Player) Stop() {
	p.do(func(now time.Time) bool {
		if p.timer == nil {
			return false
		}
		p.pause(now)
		return true
	})
}

// Reset goes back to the beginning, and plays on if it played.
func (p *Player) Reset() { p.Seek(0) }

// Seek goes to a time of the run, or as near as the recording comes.
func (p *Player) Seek(at time.Duration) {
	p.do(func(now time.Time) bool {
		p.seek(at, now)
		if p.timer != nil {
			p.schedule(now)
		}
		return true
	})
}

// ErrSpeed says that there is no such speed.
var ErrSpeed = errors.New("speed not possible")

// SetSpeed changes the pace from now on. Speeds are those there are.
func (p *Player) SetSpeed(speed float64) error {
	if !slices.Contains(Speeds, speed) {
		return fmt.Errorf("%w: %v; there are %v", ErrSpeed, speed, Speeds)
	}
	p.do(func(now time.Time) bool {
		p.base, p.since = p.position(now), now
		p.speed = speed
		if p.timer != nil {
			p.schedule(now)
		}
		return true
	})
	return nil
}

// do changes something, which a page is told if it is so.
func (p *Player) do(change func(now time.Time) bool) {
	p.mu.Lock()
	changed := change(time.Now())
	if changed {
		p.changes++
	}
	p.mu.Unlock()
	if changed {
		p.changed()
	}
}

// seek leaves the timer as it is. p.mu is held.
func (p *Player) seek(at time.Duration, now time.Time) {
	p.base, p.since = min(max(at, p.rec.Moments[0].Elapsed), p.end()), now
	p.shown = now
	p.at = p.index(p.base)
	p.seeks++
}

// pause stays where it is. p.mu is held.
func (p *Player) pause(now time.Time) {
	p.base, p.since = p.position(now), now
	p.timer.Stop()
	p.timer = nil
}

// schedule has the next moment shown at its time, but views come no closer than
// viewEvery. p.mu is held; the position is up to date.
func (p *Player) schedule(now time.Time) {
	if p.timer != nil {
		p.timer.Stop()
	}
	position := p.position(now)
	next := max(p.index(position+time.Duration(float64(viewEvery)*p.speed)), p.at+1)
	next = min(next, len(p.rec.Moments)-1)
	wait := time.Duration(float64(p.rec.Moments[next].Elapsed-position) / p.speed)
	var timer *time.Timer
	timer = time.AfterFunc(max(wait, 0), func() { p.show(&timer, next) })
	p.timer = timer
}

// show is what the timer does: it shows a moment, and goes on or ends.
func (p *Player) show(timer **time.Timer, next int) {
	p.mu.Lock()
	if p.timer != *timer { // it was stopped too late
		p.mu.Unlock()
		return
	}
	now := time.Now()
	p.at, p.shown = next, now
	if next == len(p.rec.Moments)-1 {
		p.changes++
		p.pause(now)
		p.base = p.end()
	} else {
		p.schedule(now)
	}
	p.mu.Unlock()
	p.changed()
}

// position is the time of the run that is shown. p.mu is held.
func (p *Player) position(now time.Time) time.Duration {
	if p.timer == nil {
		return p.base
	}
	return min(p.base+time.Duration(float64(now.Sub(p.since))*p.speed), p.end())
}

func (p *Player) end() time.Duration { return p.rec.Moments[len(p.rec.Moments)-1].Elapsed }

// index is the last moment that is not later than a time, or the first.
func (p *Player) index(at time.Duration) int {
	i, found := slices.BinarySearchFunc(p.rec.Moments, at, func(v run.View, at time.Duration) int {
		return int(min(max(v.Elapsed-at, -1), 1))
	})
	if found {
		return i
	}
	return max(i-1, 0)
}
