package terminal

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"spillway/server/internal/play"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
	"spillway/web/chart"
)

// statusEvery is how often plain lines tell where the lanes are.
const statusEvery = 10 * time.Second

// Story turns views into the lines that tell what happened, each once. Its zero
// value is ready. It keeps the last entry it has told, so views must come in
// their order.
type Story struct {
	last  run.Entry
	next  int           // step
	ahead time.Duration // of the run's clock before the script's, while that moved
}

// Tell returns what has happened since the view before, in the order of its
// time: steps and the entries of the log.
func (s *Story) Tell(v run.View, l Look) []string {
	type told struct {
		at   time.Duration
		text string
	}
	var all []told
	if s.ahead == 0 || v.Script.State == play.Playing || v.Script.State == play.Waiting {
		s.ahead = v.Elapsed - v.Script.Clock
	}
	for ; s.next < min(v.Script.Next, len(v.Script.Steps)); s.next++ {
		all = append(all, told{s.ahead + v.Script.Steps[s.next].At, stepText(s.next, v, l)})
	}
	for _, e := range s.fresh(v.Log) {
		all = append(all, told{e.At, entryText(e, l)})
		s.last = e
	}
	slices.SortStableFunc(all, func(a, b told) int { return cmp.Compare(a.at, b.at) })
	var out []string
	for _, t := range all {
		out = append(out, chart.Clock(t.at.Seconds())+"  "+t.text)
	}
	return out
}

// fresh are the entries behind the last one told. A log is bounded: what it has
// forgotten meanwhile is not told.
func (s *Story) fresh(log []run.Entry) []run.Entry {
	for i := len(log) - 1; i >= 0; i-- {
		if log[i] == s.last {
			return log[i+1:]
		}
	}
	return log
}

func stepText(i int, v run.View, l Look) string {
	s := v.Script.Steps[i]
	text := fmt.Sprintf("step %d of %d, %s", i+1, len(v.Script.Steps), line(s.When))
	switch {
	case s.State == play.TimedOut:
		text += ": timed out"
	case s.LateBy >= lateEnough:
		text += ", " + chart.Age(s.LateBy.Microseconds()) + " late"
	}
	return l.paint(dim, text)
}

// lateEnough is from when on it is worth a word that a step was late.
const lateEnough = 100 * time.Millisecond

func entryText(e run.Entry, l Look) string {
	text := line(e.Text)
	switch {
	case e.Grave:
		return l.paint(red, text)
	case e.Kind == run.Said:
		return l.paint(cyan, "“"+text+"”")
	}
	return text
}

// Status is one line about all lanes.
func Status(v run.View) string {
	var out []string
	for i, lane := range v.Lanes {
		if i >= len(v.Sample.Lanes) {
			break
		}
		row := laneRow{lane: lane, m: v.Sample.Lanes[i]}
		text := lane.Name + " " + state(row)
		if row.m.State == wire.StateRunning {
			text = fmt.Sprintf("%s %s, backlog %s, %s/s", lane.Name, memory(row), chart.Bytes(float64(row.m.BacklogBytes)), chart.Short(float64(row.m.PerSecond)))
		}
		out = append(out, text)
	}
	return chart.Clock(v.Elapsed.Seconds()) + "  " + strings.Join(out, "; ")
}

// Plain writes a run as lines: what happens when it happens, and every ten
// seconds where the lanes are.
type Plain struct {
	w     io.Writer
	story Story
	next  time.Duration // of the run: when the next status is due
}

// NewPlain writes to w.
func NewPlain(w io.Writer) *Plain { return &Plain{w: w, next: statusEvery} }

// Show writes what is new in a view.
func (p *Plain) Show(v run.View) error {
	lines := p.story.Tell(v, Look{})
	if v.Elapsed >= p.next {
		lines = append(lines, Status(v))
		p.next = v.Elapsed.Truncate(statusEvery) + statusEvery
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := io.WriteString(p.w, strings.Join(lines, "\n")+"\n")
	return err
}
