package page

import (
	"math"
	"strconv"
	"strings"

	"spillway/web/chart"
	"spillway/web/component"
)

// Shape is how the memory of the lanes went in a run before. The zero value is
// no picture.
type Shape struct {
	Seconds []float64 // of each value, rising, since the run began
	Lanes   []ShapeLane
}

// ShapeLane is one lane of a Shape.
type ShapeLane struct {
	Name     string
	MiB      []float64 // RSS; 0 while no process lives
	LimitMiB float64   // 0: not known
	Died     []float64 // seconds since the run began
}

func (s Shape) empty() bool { return len(s.Seconds) == 0 || len(s.Lanes) == 0 }

// seconds is how long the run took.
func (s Shape) seconds() float64 {
	if len(s.Seconds) == 0 {
		return 0
	}
	return s.Seconds[len(s.Seconds)-1]
}

func (l ShapeLane) peak() float64 {
	top := 0.0
	for _, v := range l.MiB {
		top = max(top, v)
	}
	return top
}

func (l ShapeLane) died() bool { return len(l.Died) > 0 }

// fate is what became of a lane, in a few words.
func (l ShapeLane) fate() string {
	switch {
	case len(l.Died) > 1:
		return "✕ killed " + strconv.Itoa(len(l.Died)) + " times, first at " + whole(l.Died[0]) + " s"
	case l.died():
		return "✕ killed at " + whole(l.Died[0]) + " s"
	}
	return "at most " + mebi(l.peak())
}

// sentence says in words what the picture shows.
func (s Shape) sentence() string {
	var b strings.Builder
	b.WriteString("Memory (RSS) in a run of " + whole(s.seconds()) + " s: ")
	for i, l := range s.Lanes {
		if i > 0 {
			b.WriteString("; ")
		}
		limit := ""
		if l.LimitMiB > 0 {
			limit = " of " + mebi(l.LimitMiB)
		}
		b.WriteString(l.Name)
		switch {
		case len(l.Died) > 1:
			b.WriteString(" is killed " + strconv.Itoa(len(l.Died)) + " times at its limit" + limit + ", first after " + whole(l.Died[0]) + " s")
		case l.died():
			b.WriteString(" is killed at its limit" + limit + " after " + whole(l.Died[0]) + " s")
		default:
			b.WriteString(" reaches " + mebi(l.peak()) + limit + " and lives")
		}
	}
	return b.String() + "."
}

func whole(v float64) string { return strconv.FormatFloat(math.Round(v), 'f', 0, 64) }

func mebi(v float64) string { return chart.Bytes(v * (1 << 20)) }

// canvas is the size of a picture and the room around its plot, in its own
// units.
type canvas struct {
	width, height            float64
	left, right, top, bottom float64
}

var (
	smallCanvas = canvas{width: 320, height: 104, left: 6, right: 6, top: 8, bottom: 4}
	largeCanvas = canvas{width: 640, height: 230, left: 74, right: 12, top: 16, bottom: 34}
)

// picture is a Shape laid out: what goes into an SVG.
type picture struct {
	viewBox                  string
	left, right, top, bottom string // the plot
	curves                   []pictureCurve
	limits                   []pictureLimit
	ticks                    []pictureTick // of the time; none in a small picture
	caption                  string        // y of their text
}

// pictureCurve is one lane. Its dashes and its marker tell it from the others
// without colours.
type pictureCurve struct {
	tone   string
	d      string
	marker string
	died   []string // a cross each
}

type pictureLimit struct{ y, textY, text string }

type pictureTick struct{ x, anchor, text string }

// markerAt is where on its curve the marker of a lane is, in twelfths: not one
// above the other.
var markerAt = [component.Tones]int{7, 6, 8, 10}

// lay lays a Shape out. Lanes share one axis, which reaches over every limit and
// peak.
func (s Shape) lay(c canvas) picture {
	top := 1.0
	for _, l := range s.Lanes {
		top = max(top, l.LimitMiB*1.06, l.peak()*1.02)
	}
	x := func(t float64) float64 { return c.left + (c.width-c.left-c.right)*t/max(s.seconds(), 0.001) }
	y := func(v float64) float64 { return c.height - c.bottom - (c.height-c.top-c.bottom)*v/top }
	out := picture{
		viewBox: "0 0 " + tenths(c.width) + " " + tenths(c.height),
		left:    tenths(c.left), right: tenths(c.width - c.right), top: tenths(c.top), bottom: tenths(c.height - c.bottom),
		caption: tenths(c.height - c.bottom + 22),
	}
	drawn := map[float64]bool{}
	for i, l := range s.Lanes {
		curve := pictureCurve{tone: strconv.Itoa(i%component.Tones + 1)}
		var lives [][2]float64 // points, in case there is a marker to place
		var d strings.Builder
		alive := false
		for j, v := range l.MiB {
			if v == 0 {
				alive = false
				continue
			}
			px, py := x(s.Seconds[j]), y(v)
			lives = append(lives, [2]float64{px, py})
			d.WriteString(map[bool]string{false: "M", true: "L"}[alive] + tenths(px) + " " + tenths(py))
			alive = true
		}
		curve.d = d.String()
		if n := len(lives); n > 0 {
			at := lives[n*markerAt[i%component.Tones]/12]
			curve.marker = marker(curve.tone, at[0], at[1])
		}
		for _, t := range l.Died {
			high := l.LimitMiB
			if high == 0 {
				high = l.peak()
			}
			curve.died = append(curve.died, cross(x(min(t, s.seconds())), y(high)))
		}
		out.curves = append(out.curves, curve)
		if l.LimitMiB > 0 && !drawn[l.LimitMiB] {
			drawn[l.LimitMiB] = true
			out.limits = append(out.limits, pictureLimit{tenths(y(l.LimitMiB)), tenths(y(l.LimitMiB) + 5), mebi(l.LimitMiB)})
		}
	}
	for i, anchor := range []string{"start", "middle", "end"} {
		t := s.seconds() * float64(i) / 2
		out.ticks = append(out.ticks, pictureTick{tenths(x(t)), anchor, whole(t) + " s"})
	}
	return out
}

// marker is the lane's shape: square, circle, triangle, diamond, as beside its
// name.
func marker(tone string, x, y float64) string {
	const r = 4.5
	at := func(dx, dy float64) string { return tenths(x+dx) + " " + tenths(y+dy) }
	switch tone {
	case "1":
		return "M" + at(-r, -r) + "L" + at(r, -r) + "L" + at(r, r) + "L" + at(-r, r) + "Z"
	case "2":
		return "M" + at(-r, 0) + "A4.5 4.5 0 1 1 " + at(r, 0) + "A4.5 4.5 0 1 1 " + at(-r, 0) + "Z"
	case "3":
		return "M" + at(0, -r-1) + "L" + at(r+1, r) + "L" + at(-r-1, r) + "Z"
	}
	return "M" + at(0, -r-1.5) + "L" + at(r+1.5, 0) + "L" + at(0, r+1.5) + "L" + at(-r-1.5, 0) + "Z"
}

func cross(x, y float64) string {
	const r = 5
	at := func(dx, dy float64) string { return tenths(x+dx) + " " + tenths(y+dy) }
	return "M" + at(-r, -r) + "L" + at(r, r) + "M" + at(-r, r) + "L" + at(r, -r)
}

func tenths(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }
