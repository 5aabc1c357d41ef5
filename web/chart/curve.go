package chart

import (
	"math"
)

// gapSeconds without a point break a curve: the lane was not there.
const gapSeconds = 2

// vertex is a corner of a curve in tenths of a pixel.
type vertex struct {
	x, y  int
	start bool // of a piece: no line leads here
}

// curve is what a drawing shows of one series.
type curve struct {
	from, to int  // its vertices in Layouter.shown
	life     life // the last life in view
	past     life // the one before, if a death in view ended it
}

// life is what is seen of one process.
type life struct {
	first, last Point
	low, high   float64
	killed      float64 // when, if dead
	seen, dead  bool
}

// trace turns every series into vertices: sorted, without what came after a
// death, in pieces, decimated to the plot's pixels and clipped to the window.
func (l *Layouter) trace(m *Model) {
	l.collectEvents(m.Marks)
	l.curves, l.shown = l.curves[:0], l.shown[:0]
	for _, s := range m.Series {
		c := curve{from: len(l.shown)}
		if points := l.ordered(s.Points); s.Ghost {
			l.tracePiece(&c, points)
		} else {
			l.traceSeries(&c, points)
		}
		c.to = len(l.shown)
		l.curves = append(l.curves, c)
	}
}

// ordered returns points, or a sorted copy without the numbers that cannot be
// drawn if there is need for it.
func (l *Layouter) ordered(points []Point) []Point {
	good := true
	for i, p := range points {
		if !finite(p.T) || !finite(p.V) || i > 0 && p.T < points[i-1].T {
			good = false
			break
		}
	}
	if good {
		return points
	}
	l.sorted = l.sorted[:0]
	for _, p := range points {
		if finite(p.T) && finite(p.V) {
			l.sorted = append(l.sorted, p)
		}
	}
	sortStable(l.sorted, func(a, b Point) int { return compare(a.T, b.T) })
	return l.sorted
}

// traceSeries cuts points into pieces. A piece ends at a gap, at a kill and at a
// restart. A process is sampled from outside, so a late sample may follow its
// death: after a kill nothing is drawn until a restart, or until a gap shows
// that a new process is being sampled.
func (l *Layouter) traceSeries(c *curve, points []Point) {
	// On an axis of hours, points further apart than gapSeconds are neighbours.
	gap := max(gapSeconds, 2*(l.plot.to-l.plot.from)/(l.plot.right-l.plot.left))
	dead, reborn, begin, next, before := false, false, 0, 0, math.Inf(-1)
	for i, p := range points {
		ends, wasDead, first := p.T-before > gap, dead, next
		for ; next < len(l.events) && l.events[next].before(p.T); next++ {
			ends, reborn, dead = true, true, l.events[next].kill
			before = max(before, l.events[next].t)
		}
		if ends && !wasDead {
			l.tracePiece(c, points[begin:i])
			c.end(l.events[first:next])
		}
		if dead && p.T-before > gap {
			dead, ends = false, true
		}
		if ends {
			begin = i
		}
		if reborn && !dead {
			reborn = false
			c.reborn()
		}
		before = p.T
	}
	if dead {
		return
	}
	l.tracePiece(c, points[begin:])
	c.end(l.events[next:])
}

// end notes a death if that is what happened next.
func (c *curve) end(next []event) {
	if len(next) > 0 && next[0].kill && c.life.seen {
		c.life.killed, c.life.dead = next[0].t, true
	}
}

// reborn begins a new life. One of which nothing was in view is no past.
func (c *curve) reborn() {
	if c.life.seen {
		c.past = c.life
	}
	c.life = life{}
}

// tracePiece appends the vertices of points between which lines are drawn.
func (l *Layouter) tracePiece(c *curve, points []Point) {
	p := &l.plot
	l.points = Decimate(l.points[:0], points, p.from, p.to, int(p.right-p.left))
	piece := len(l.shown)
	for i, q := range l.points {
		switch {
		case q.T < p.from:
			if i+1 < len(l.points) && l.points[i+1].T > p.from {
				l.add(p.from, between(q, l.points[i+1], p.from), piece)
			}
		case q.T > p.to:
			if i > 0 && l.points[i-1].T < p.to {
				l.add(p.to, between(l.points[i-1], q, p.to), piece)
			}
		default:
			l.add(q.T, q.V, piece)
			c.life.see(q)
		}
	}
}

// between returns the value at t on the line from a to b.
func between(a, b Point, t float64) float64 {
	from, to := min(max(a.V, 0), maxBytes), min(max(b.V, 0), maxBytes)
	return from + (to-from)*((t-a.T)/(b.T-a.T))
}

// add appends a vertex to the piece that begins at l.shown[piece]. Vertices
// along a level line are merged.
func (l *Layouter) add(t, v float64, piece int) {
	w := vertex{x: tenth(l.plot.x(t)), y: tenth(l.plot.y(v))}
	n := len(l.shown)
	if n == piece {
		w.start = true
	} else if last := l.shown[n-1]; last.y == w.y && (last.x == w.x || n-1 > piece && l.shown[n-2].y == w.y) {
		l.shown[n-1].x = w.x
		return
	}
	l.shown = append(l.shown, w)
}

func (f *life) see(p Point) {
	if !f.seen {
		*f = life{first: p, low: p.V, high: p.V, seen: true}
	}
	f.last = p
	f.low, f.high = min(f.low, p.V), max(f.high, p.V)
}

// drawPaths writes the d attributes.
func (l *Layouter) drawPaths(m *Model) {
	old := l.paths
	l.paths = l.paths[:0]
	l.drawCurves(m, old, true)
	for i, s := range m.Series {
		if m.Area != "" && s.Key == m.Area {
			l.text = l.appendArea(l.text[:0], l.curves[i])
			l.addPath(old, s.Key, true)
			break
		}
	}
	l.drawCurves(m, old, false)
}

// drawCurves writes those of ghosts, or those of all others.
func (l *Layouter) drawCurves(m *Model, old []Path, ghosts bool) {
	for i, s := range m.Series {
		if s.Ghost == ghosts {
			l.text = l.appendCurve(l.text[:0], l.curves[i])
			l.addPath(old, s.Key, false)
		}
	}
}

// addPath appends l.text as a path. old and l.paths share their array; the path
// of the last drawing is still in the place that the new one takes.
func (l *Layouter) addPath(old []Path, key string, area bool) {
	last := ""
	if n := len(l.paths); n < len(old) {
		last = old[n].D
	}
	l.paths = append(l.paths, Path{Key: key, D: keep(last, l.text), Area: area})
}

func (l *Layouter) appendCurve(dst []byte, c curve) []byte {
	shown := l.shown[c.from:c.to]
	for i, w := range shown {
		dst = appendVertex(dst, w, i > 0 && shown[i-1].start)
		if w.start && (i+1 == len(shown) || shown[i+1].start) {
			dst = append(dst, "h0"...) // a lone point: a dot, given a round stroke-linecap
		}
	}
	return dst
}

// appendArea closes every piece of the curve along the plot's bottom.
func (l *Layouter) appendArea(dst []byte, c curve) []byte {
	shown := l.shown[c.from:c.to]
	base := tenth(l.plot.bottom)
	for i, w := range shown {
		if w.start {
			dst = appendVertex(dst, vertex{w.x, base, true}, false)
			dst = append(dst, 'L')
			dst = appendPair(dst, w.x, w.y)
		} else {
			dst = appendVertex(dst, w, false)
		}
		if i+1 == len(shown) || shown[i+1].start {
			dst = appendVertex(dst, vertex{w.x, base, false}, false)
			dst = append(dst, 'Z')
		}
	}
	return dst
}

// appendVertex writes "M1 2", "L3 4" after it, and further ones as " 5 6".
func appendVertex(dst []byte, w vertex, second bool) []byte {
	switch {
	case w.start:
		dst = append(dst, 'M')
	case second:
		dst = append(dst, 'L')
	default:
		dst = append(dst, ' ')
	}
	return appendPair(dst, w.x, w.y)
}

func appendPair(dst []byte, x, y int) []byte {
	dst = appendTenths(dst, x)
	dst = append(dst, ' ')
	return appendTenths(dst, y)
}
