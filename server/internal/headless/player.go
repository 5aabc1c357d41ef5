package headless

import (
	"context"
	"fmt"
	"sync"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/play"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

const (
	// settleFor is how long a run goes on after its last step, so that what the
	// step did is still measured.
	settleFor = time.Second
	// startLimit is far above what processes and a broker take to be there.
	startLimit = 30 * time.Second
	// defaultLength is that of a run that has no steps and does not say.
	defaultLength = time.Minute
)

// Control is the run; package run has it.
type Control interface {
	Start()
	Close() // ends the run; Observe is called once more before it returns
	History() wire.History
}

// Recorder takes down a run; package record has it.
type Recorder interface {
	Take(v run.View, history func() wire.History) error
	End(ending record.Ending, why string) error
}

// Options are what a Player needs.
type Options struct {
	// Record begins the recording of the run with that id. It is called once, with
	// the first view.
	Record func(first run.View) (Recorder, error)
	// Show is called for views as they come, by Play's goroutine. While it blocks
	// the run goes on and views are left out.
	Show func(run.View)
}

// End is how a run ended.
type End struct {
	Ending record.Ending
	Why    string // of a failed or aborted one, in words
}

// Player plays one run. Give Observe to run.Options.
type Player struct {
	o     Options
	views chan run.View // holds the newest one that Play has not seen

	mu       sync.Mutex // guards what follows; Observe may be slow, and nobody else takes it meanwhile
	control  Control
	recorder Recorder
	err      error // of the recording
}

// New prepares a Player.
func New(o Options) *Player { return &Player{o: o, views: make(chan run.View, 1)} }

// Length is how long a scenario without steps runs.
func Length(s script.Scenario) time.Duration {
	if s.Minutes > 0 {
		return time.Duration(s.Minutes) * time.Minute
	}
	return defaultLength
}

// Observe records a view and passes it on. It blocks while the recording does.
func (p *Player) Observe(v run.View) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.control == nil || v.RunID == "" {
		return
	}
	if p.recorder == nil && p.err == nil {
		p.recorder, p.err = p.o.Record(v)
	}
	if p.err == nil {
		p.err = p.recorder.Take(v, p.control.History)
	}
	select {
	case <-p.views: // a newer one is here
	default:
	}
	p.views <- v
}

// Play starts the run, waits for its end or for that of ctx, closes the run and
// the recording. It is called once.
func (p *Player) Play(ctx context.Context, c Control) End {
	p.mu.Lock()
	p.control = c
	p.mu.Unlock()
	c.Start()
	end := p.follow(ctx)
	c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.recorder != nil && p.err == nil {
		p.err = p.recorder.End(end.Ending, end.Why)
	}
	if p.err != nil {
		return End{record.Failed, p.err.Error()}
	}
	return end
}

// follow waits until the run is over.
func (p *Player) follow(ctx context.Context) End {
	patience := time.NewTimer(startLimit)
	defer patience.Stop()
	var settled <-chan time.Time // nil until the last step has happened
	var last run.View
	for {
		select {
		case <-ctx.Done():
			return End{Ending: record.Stopped}
		case <-settled:
			return End{Ending: record.Completed}
		case <-patience.C:
			return End{record.Failed, notUnderWay(last)}
		case last = <-p.views:
		}
		if last.State != wire.StateStarting {
			patience.Stop()
		}
		p.o.Show(last)
		if end, over := p.over(last); over {
			return end
		}
		if settled == nil && len(last.Script.Steps) > 0 && last.Script.State == play.Done {
			settled = time.After(settleFor)
		}
	}
}

// over tells whether a run is over, the steps aside.
func (p *Player) over(v run.View) (End, bool) {
	p.mu.Lock()
	err := p.err
	p.mu.Unlock()
	ending, why := record.EndingOf(v)
	switch {
	case err != nil:
		return End{record.Failed, err.Error()}, true
	case v.State == wire.StateStopped || v.State == wire.StateRest:
		return End{Ending: record.Stopped}, true
	case ending == record.Aborted:
		return End{ending, why}, true
	case len(v.Script.Steps) == 0 && v.Elapsed >= Length(v.Scenario):
		return End{Ending: record.Completed}, true
	}
	return End{}, false
}

// notUnderWay says why a run did not begin, as far as it is known.
func notUnderWay(v run.View) string {
	text := fmt.Sprintf("not everything was started within %v", startLimit)
	if v.Notice.Text != "" {
		text += ": " + v.Notice.Text
	}
	return text
}
