// Package chart stands at the end of the way of the data: samples → hub → page.
// It turns one lane's series of memory samples into an SVG drawing: scales,
// ticks, paths, marks and labels. It is the only place that decides where
// something is drawn; templ draws the first picture with it on the server and
// the WASM client redraws with the same code ten times a second.
//
// Everything is a pure function of a Model, needs no clock, starts no goroutine
// and blocks nowhere. Bytes wait in no queue here: a Layouter keeps the buffers
// of its last drawing, bounded by the drawing's width in pixels.
//
// Because it is compiled into the client, whose size has a budget, the package
// imports neither fmt nor anything that reflects; a test holds that.
//
// # How a drawing is laid out
//
// A drawing is laid out for the CSS pixels it has and never scaled. From top to
// bottom it has a row for the names of marks, the plot, and the row of time
// labels; on the left the byte labels. If 22 % of the width is enough for the
// names of the series and of the limit, that much is kept free on the right, so
// that each can stand at the end of its curve. Otherwise (a phone) a legend row
// at the bottom names the series, and the limit's name lies on its line.
//
//	MiB     readers slowed    ✕ killed at 00:27
//	256 ────┼───────────────┼─────────── limit 256 MiB
//	128     ┊            ╱  │ RSS
//	  0 ────┴────────────   │ heap in use
//	    0 s      10 s      20 s      30 s
//
// # What the style sheet has to know
//
// The markup carries class names and no colours: grid, tick, axis, limit,
// limit-name, mark-kill, mark-note, mark-restart, label, empty, leader (the
// hairline from a curve to its name), head (the dot at a living curve's end),
// legend, and the series' keys. A ghost is not named in the drawing: the page
// says below it what it is. Names are placed for the type that CharWidth and
// its neighbours state; larger type makes them collide. No two names ever touch,
// but where there is no other place a mark's line may cross the name of a curve,
// and a curve the name of a mark: a halo in the card's colour keeps both readable
// (paint-order: stroke).
package chart
