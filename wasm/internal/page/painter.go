//go:build js && wasm

package page

import (
	"syscall/js"

	"spillway/wasm/internal/clock"
)

// awakeMillis is how long after the last sample the painter goes on counting frames.
const awakeMillis = 1_000

// painter draws inside the browser's animation frames: as often as something
// new has arrived, at most once a frame, and never in a hidden tab, whose frames
// do not come.
type painter struct {
	page      *page
	callback  js.Func
	requested bool
	dirty     bool
	chart     int     // the next chart of the sample that is being drawn; -1 between samples
	last      float64 // when the frame before this one was; 0 after a rest
	lastWake  float64 // milliseconds
	drawn     int64   // TakenAtMicros of the sample drawn last
}

func newPainter(p *page) *painter {
	t := &painter{page: p, chart: -1}
	t.callback = js.FuncOf(func(_ js.Value, args []js.Value) any {
		at := args[0].Float()
		p.loop.post(func() { t.frame(at) })
		return nil
	})
	return t
}

// wake says that there is something new to draw.
func (t *painter) wake() {
	t.dirty, t.lastWake = true, clock.Millis()
	t.request()
}

// awake reports whether something new came within the last second.
func (t *painter) awake() bool { return clock.Millis()-t.lastWake < awakeMillis }

func (t *painter) request() {
	if !t.requested {
		t.requested = true
		js.Global().Call("requestAnimationFrame", t.callback)
	}
}

// frame is one animation frame. While samples arrive the frames go on without a
// break, because the time between them is what the page measures itself by.
func (t *painter) frame(at float64) {
	t.requested = false
	if t.last > 0 {
		t.page.stats.frames.add(int64((at - t.last) * 1e3))
	}
	t.last = at
	t.draw()
	if t.awake() {
		t.request()
	} else {
		t.last = 0
	}
}

// draw does a frame's share of the work: the texts with the first chart, then
// one chart a frame, so that no task is long on a slow machine. What arrives in
// between waits for the last chart.
func (t *painter) draw() {
	p := t.page
	if t.chart < 0 {
		if !t.dirty {
			return
		}
		t.dirty, t.chart = false, 0
		p.paintTexts()
	}
	p.paintChart(t.chart)
	if t.chart++; t.chart < len(p.lanes) {
		return
	}
	t.chart = -1
	if s := p.sample; s != nil && s.TakenAtMicros != t.drawn {
		t.drawn = s.TakenAtMicros
		p.stats.sample(clock.WallMicros() - s.TakenAtMicros)
	}
}

func (t *painter) release() { t.callback.Release() }
