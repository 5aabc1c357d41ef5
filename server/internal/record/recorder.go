package record

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// queued views wait for the disk, six seconds of them; what comes then is left
// out and counted.
const queued = 64

// RecorderOptions are what a Recorder needs.
type RecorderOptions struct {
	Store       *Store
	Environment Environment
	Command     func(run.View) string // that reproduces the run
	History     func() wire.History   // of the run, for its marks
	Log         *slog.Logger
}

// Recorder keeps a recording of every run in a Store: it begins one with each
// new RunID and ends it when the run stops, rests, or is followed by another.
type Recorder struct {
	o     RecorderOptions
	views chan run.View
	lost  atomic.Uint64

	// Only Run touches these.
	id   string
	out  *RunWriter // nil where the run is over or cannot be recorded
	last run.View
}

// NewRecorder returns a Recorder. Run must be called.
func NewRecorder(o RecorderOptions) *Recorder {
	return &Recorder{o: o, views: make(chan run.View, queued)}
}

// Take leaves a view to be written. It never blocks: a view that finds the queue
// full is left out, which the recording says. From any goroutine.
func (r *Recorder) Take(v run.View) {
	select {
	case r.views <- v:
	default:
		r.lost.Add(1)
	}
}

// Run writes until ctx is done, then ends the recording.
func (r *Recorder) Run(ctx context.Context) {
	for {
		select {
		case v := <-r.views:
			r.take(v)
		case <-ctx.Done():
			for range len(r.views) {
				r.take(<-r.views)
			}
			r.end()
			return
		}
	}
}

func (r *Recorder) take(v run.View) {
	if v.RunID == "" {
		return // before the first run
	}
	if v.RunID != r.id {
		r.end()
		r.begin(v)
	}
	if r.out == nil {
		return
	}
	r.tellLost()
	r.out.Take(v, r.o.History)
	r.last = v
	if v.State == wire.StateStopped || v.State == wire.StateRest {
		r.end()
	}
}

// tellLost writes down that views were left out.
func (r *Recorder) tellLost() {
	if n := r.lost.Swap(0); n > 0 {
		r.out.Remark(fmt.Sprintf("%d moments are missing here: the disk did not keep up.", n))
	}
}

func (r *Recorder) begin(v run.View) {
	r.id = v.RunID
	r.lost.Store(0)
	out, err := r.o.Store.Begin(HeaderOf(v, r.o.Command(v), r.o.Environment))
	if err != nil {
		r.o.Log.Warn("the run is not recorded", "run", v.RunID, "err", err)
		return
	}
	r.out = out
}

func (r *Recorder) end() {
	if r.out != nil {
		r.tellLost()
		r.out.End(EndingOf(r.last))
		r.out = nil
	}
}
