package chart

import (
	"math"
)

// The drawing's own measures in CSS pixels.
const (
	DefaultWidth, DefaultHeight = 640, 260 // before anybody has measured
	minWidth, minHeight         = 160, 120
	maxWidth, maxHeight         = 8000, 4000

	topRow      = 26   // names of marks, the unit; half a byte label reaches down from it
	rowBaseline = 13   // of the names in it
	timeRow     = 26   // time labels; keeps "0" and "0 s" apart
	legendRow   = 20   // names of the series where there is no column for them
	rightMargin = 18   // half a time label
	tickGap     = 8    // between a byte label and the plot
	leaderGap   = 14   // between a curve's end and its name, the leader in between
	gutterShare = 0.22 // of the width, at most, for the column of names
	edge        = 2    // names keep this far from the drawing's edge
	maxBytes    = 1e18 // more is taken for this
)

// Lay draws m. It is pure and deterministic, and draws something sensible for
// any model. Who draws the same chart again and again uses a Layouter.
func Lay(m Model) Drawing {
	var l Layouter
	return l.Lay(m)
}

// Layouter draws one chart repeatedly and reuses its buffers, so that a drawing
// in which little has changed costs few allocations. The zero value is ready.
// It must not be used by two goroutines at once.
type Layouter struct {
	plot   plot
	curves []curve
	events []event   // kills and restarts by time
	shown  []vertex  // of all curves
	points []Point   // scratch: decimated
	sorted []Point   // scratch: a series that came unsorted
	placed []box     // what names and ticks occupy
	lines  []float64 // x of the marks in view
	marks  []int     // scratch: m.Marks by importance
	text   []byte

	limitBand box // what the limit and its name occupy, over the whole width

	frame, over, summary string
	paths                []Path
}

// Lay draws m. Drawing.Paths is valid until the next call; strings stay valid,
// and a part equal to that of the last drawing is the same string. m is read
// only and not kept.
func (l *Layouter) Lay(m Model) Drawing {
	l.plot = newPlot(&m)
	l.placed = l.placed[:0]
	l.lines = l.lines[:0]
	l.limitBand = box{}
	l.trace(&m)
	l.drawFrame(&m)
	l.drawPaths(&m)
	l.drawOver(&m)
	l.text = l.appendSummary(l.text[:0], &m)
	l.summary = keep(l.summary, l.text)
	return Drawing{
		Width: l.plot.width, Height: l.plot.height,
		Frame: l.frame, Paths: l.paths, Over: l.over, Summary: l.summary,
	}
}

// keep returns old if it reads like text, and else text as a new string.
func keep(old string, text []byte) string {
	if old == string(text) {
		return old
	}
	return string(text)
}

// newPlot replaces what cannot be drawn and divides the drawing's area. It
// fills in m's missing limit label.
func newPlot(m *Model) plot {
	p := plot{
		width:  size(m.Width, DefaultWidth, minWidth, maxWidth),
		height: size(m.Height, DefaultHeight, minHeight, maxHeight),
	}
	p.from, p.to = m.From, m.To
	if !(p.from > 0) {
		p.from = 0
	}
	p.from = min(p.from, maxSecondsOfRun)
	if !finite(p.to) || p.to <= p.from {
		p.to = p.from + windowSeconds
	}
	p.to = min(max(p.to, p.from+1), p.from+maxSecondsOfRun)

	if finite(m.LimitBytes) && m.LimitBytes > 0 {
		p.limit = min(m.LimitBytes, maxBytes)
		if m.LimitLabel == "" {
			m.LimitLabel = "limit " + Bytes(p.limit)
		}
	}
	p.topBytes = m.TopBytes
	if !finite(p.topBytes) || p.topBytes <= 0 {
		p.topBytes = Top(p.limit, maxValue(m.Series))
	}
	p.topBytes = max(min(p.topBytes, maxBytes), p.limit, 1024)

	names := 0.0
	named := false
	for _, s := range m.Series {
		if s.Ghost {
			continue
		}
		named = true
		names = max(names, leaderGap+textWidth(s.Label, CharWidth))
	}
	if p.limit > 0 {
		names = max(names, textWidth(m.LimitLabel, BoldWidth)+6)
	}
	p.gutter = names+edge <= p.width*gutterShare
	p.top = topRow
	p.right = p.width - rightMargin
	p.bottom = p.height - timeRow
	if p.gutter {
		p.right = p.width - max(rightMargin, math.Ceil(names)+edge)
	} else if named {
		p.bottom -= legendRow
	}
	step, unit, unitName := p.byteTicks()
	widest := textWidth(unitName, TickWidth)
	for v := 0.0; v <= p.topBytes; v += step {
		widest = max(widest, tickWidth(v/unit))
	}
	p.left = math.Ceil(widest) + tickGap + edge
	return p
}

func size(v, standard, least, most float64) float64 {
	if !finite(v) || v <= 0 {
		return standard
	}
	return min(max(math.Round(v), least), most)
}

func maxValue(series []Series) float64 {
	most := 0.0
	for _, s := range series {
		for _, p := range s.Points {
			if finite(p.V) && p.V > most {
				most = p.V
			}
		}
	}
	return most
}

// byteTicks returns the step of the byte ticks and the unit they are labelled in.
func (p *plot) byteTicks() (step, unit float64, unitName string) {
	const pixelsPerTick = 44
	unit, unitName = byteUnit(p.topBytes)
	return byteStep(p.topBytes, p.limit, (p.bottom-p.top)/pixelsPerTick), unit, unitName
}

// event is a kill or a restart, as far as curves are concerned.
type event struct {
	t    float64
	kill bool
}

// before reports whether the event lies before a point at t. At the same time a
// kill comes after the point and a restart before it.
func (e event) before(t float64) bool { return e.t < t || e.t == t && !e.kill }

func (l *Layouter) collectEvents(marks []Mark) {
	l.events = l.events[:0]
	for _, k := range marks {
		if (k.Kind == MarkKill || k.Kind == MarkRestart) && finite(k.T) && k.T <= l.plot.to {
			l.events = append(l.events, event{k.T, k.Kind == MarkKill})
		}
	}
	sortStable(l.events, func(a, b event) int { return compare(a.t, b.t) })
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
