package model

import (
	"spillway/wasm/wire"
	"spillway/web/chart"
)

// maxPoints bounds a curve: the five minutes that the widest window of a chart
// shows, at ten samples a second.
const maxPoints = 5 * 60 * 10

// backSeconds is how far time may go back within one run before the curve is
// taken for that of another one.
const backSeconds = 1.0

// Curve is what a lane's chart shows: its points of the last five minutes, its
// marks, and its ghost. The zero value is empty and ready.
type Curve struct {
	rss, heap, total []chart.Point
	marks            []chart.Mark
	peakBytes        float64 // of all points since the run began
	ghost            ghost
}

// ghost is a series that was measured elsewhere, for the whole of a run.
type ghost struct {
	points    []chart.Point
	peakBytes float64
}

// Add takes in a sample at this many microseconds of the run. A lane without
// memory has no point there; one that is not newer than the last is left out.
func (c *Curve) Add(elapsedMicros, rss, heap, total uint64) {
	t := float64(elapsedMicros) / 1e6
	if n := len(c.rss); n > 0 {
		switch last := c.rss[n-1].T; {
		case t < last-backSeconds:
			*c = Curve{ghost: c.ghost}
		case t <= last:
			return
		}
	}
	if rss == 0 {
		return
	}
	c.rss = appendBounded(c.rss, t, rss)
	c.heap = appendBounded(c.heap, t, heap)
	c.total = appendBounded(c.total, t, total)
	c.peakBytes = max(c.peakBytes, float64(rss), float64(heap), float64(total))
}

// appendBounded keeps the newest maxPoints together in memory, moving them down
// once in that many calls.
func appendBounded(points []chart.Point, t float64, v uint64) []chart.Point {
	if len(points) == 2*maxPoints {
		n := copy(points, points[maxPoints:])
		points = points[:n]
	}
	return append(points, chart.Point{T: t, V: float64(v)})
}

// Replace takes the server's account of the lane instead of the own one.
func (c *Curve) Replace(h wire.LaneHistory) {
	*c = Curve{rss: c.rss[:0], heap: c.heap[:0], total: c.total[:0], marks: c.marks[:0]}
	for _, p := range h.Points {
		c.Add(p.ElapsedMicros, p.RSS, p.HeapInUse, p.HeapTotal)
	}
	for _, m := range h.Marks {
		c.marks = append(c.marks, chart.Mark{
			T: float64(m.ElapsedMicros) / 1e6, Kind: chart.MarkKind(m.Kind), Label: m.Label,
		})
	}
	for _, p := range h.Ghost {
		v := float64(p.Bytes)
		c.ghost.points = append(c.ghost.points, chart.Point{T: float64(p.ElapsedMicros) / 1e6, V: v})
		c.ghost.peakBytes = max(c.ghost.peakBytes, v)
	}
}

// PeakBytes is the highest value of any of the curves since the run began, the
// ghost among them.
func (c *Curve) PeakBytes() float64 { return max(c.peakBytes, c.ghost.peakBytes) }

// Deaths appends the moments at which the lane was killed.
func (c *Curve) Deaths(dst []float64) []float64 {
	for _, m := range c.marks {
		if m.Kind == chart.MarkKill {
			dst = append(dst, m.T)
		}
	}
	return dst
}

// Frame is what all charts of a run have in common.
type Frame struct {
	From, To float64 // seconds
	TopBytes float64
}

// FrameOf is the frame that holds all curves at this many seconds of the run,
// so that heights in one chart compare with heights in the other.
func FrameOf(curves []*Curve, limits []uint64, seconds float64) Frame {
	var deaths []float64
	var peak, limit float64
	for _, c := range curves {
		deaths = c.Deaths(deaths)
		peak = max(peak, c.PeakBytes())
	}
	for _, l := range limits {
		limit = max(limit, float64(l))
	}
	from, to := chart.Window(seconds, deaths)
	return Frame{From: from, To: to, TopBytes: chart.Top(limit, peak)}
}

// Chart is the model of the lane's chart in these pixels. It shares the curve's
// points; they are read before the next Add.
func (c *Curve) Chart(f Frame, limit uint64, width, height float64) chart.Model {
	return chart.Model{
		Width: width, Height: height,
		From: f.From, To: f.To, TopBytes: f.TopBytes, LimitBytes: float64(limit),
		Area: "rss",
		Series: []chart.Series{
			{Key: "ghost", Points: c.ghost.points, Ghost: true},
			{Key: "total", Label: "heap total", Points: c.newest(c.total)},
			{Key: "heap", Label: "heap in use", Points: c.newest(c.heap)},
			{Key: "rss", Label: "RSS", Points: c.newest(c.rss)},
		},
		Marks:      c.marks,
		EmptyLabel: "waiting for the first sample",
	}
}

func (c *Curve) newest(points []chart.Point) []chart.Point {
	return points[max(0, len(points)-maxPoints):]
}
