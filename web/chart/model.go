package chart

// Point is one value of a series.
type Point struct {
	T float64 // seconds since the run's start
	V float64 // bytes
}

// Series is one curve.
type Series struct {
	Key    string  // CSS class: "rss", "heap", "total"
	Label  string  // its name at the end of the curve: "RSS", "heap in use"
	Points []Point // by rising T; anything else is sorted into a copy first

	// Ghost is a series that was measured elsewhere: marks do not cut it, it has
	// no name and is nobody's subject. It lies behind everything and counts for
	// the top of the axis.
	Ghost bool
}

// MarkKind says what a Mark means, and so how it is drawn and who yields when
// two names need the same place.
type MarkKind uint8

// The kinds of marks, the most important last.
const (
	MarkNote    MarkKind = iota // something a person did, e.g. "readers slowed": dotted line
	MarkRestart                 // the lane lives again: dashed line, and curves start anew
	MarkKill                    // the lane was killed: solid line, and curves end there
)

// Mark is a moment: a vertical line with a name. A mark outside the window is
// not drawn, but a kill there still ends the curves.
type Mark struct {
	T     float64 // seconds since the run's start
	Kind  MarkKind
	Label string // empty: "✕ killed at 00:27", "restarted", or for a note the line alone
}

// Model is everything a drawing depends on. The zero value is a valid empty
// chart. Numbers that cannot be drawn (NaN, infinities, an empty window) are
// replaced as each field says; points with such numbers are left out.
type Model struct {
	Width, Height float64 // CSS pixels; 0 or not finite: DefaultWidth, DefaultHeight
	From, To      float64 // seconds shown; To <= From: the sixty seconds after From
	TopBytes      float64 // top of the y axis, the same in every lane; 0: Top of limit and points
	LimitBytes    float64 // the enforced cap; 0 = no line
	LimitLabel    string  // empty: "limit 256 MiB"
	Area          string  // key of the series that gets an area fill and is the subject of Summary
	Series        []Series
	Marks         []Mark
	EmptyLabel    string // shown while no series has a point
}

// Drawing is a laid-out chart: what goes inside <svg width height viewBox>.
// Equal parts of consecutive drawings of a Layouter are the same string, so a
// caller finds out cheaply what to touch.
type Drawing struct {
	Width, Height float64 // CSS pixels, after the replacements of Model
	Frame         string  // grid, ticks, axis labels, limit and its name: changes rarely
	Paths         []Path  // ghosts first, then the area, then the other series in their order; always the same number for the same series
	Over          string  // what lies above the curves: marks, names
	Summary       string  // one sentence for aria-label, plain text (not escaped)
}

// Path is one curve or the area beneath it.
type Path struct {
	Key  string // of its series, plain text (not escaped)
	D    string // the d attribute; empty while the series has no point in the window
	Area bool
}
