//go:build js && wasm

package page

import (
	"strconv"
	"syscall/js"

	"spillway/wasm/internal/clock"
	"spillway/wasm/internal/dom"
	"spillway/wasm/internal/model"
	"spillway/web/chart"
)

// labelEveryMillis is how often a chart's sentence for screen readers may change:
// nobody can listen to ten a second.
const labelEveryMillis = 1_000

// chartView moves one lane's chart. The server has painted its first state.
type chartView struct {
	svg           js.Value
	frame, over   js.Value
	paths         map[string]js.Value // by data-part
	width, height float64             // CSS pixels; 0 while it is not shown

	curve    model.Curve
	layouter chart.Layouter
	shown    chart.Drawing
	shownD   map[string]string
	labelled float64 // milliseconds: when its sentence was last written
}

// findChart takes hold of a lane's chart; nil where the page has none.
func (p *page) findChart(name string) *chartView {
	var c *chartView
	dom.Each(dom.Document(), "svg[data-chart]", func(svg js.Value) {
		if c != nil || dom.Attr(svg, "data-chart") != name {
			return
		}
		c = &chartView{svg: svg, paths: map[string]js.Value{}, shownD: map[string]string{}}
		dom.Each(svg, "[data-part]", func(e js.Value) {
			switch part := dom.Attr(e, "data-part"); part {
			case "frame":
				c.frame = e
			case "over":
				c.over = e
			default:
				c.paths[part] = e
			}
		})
		box := svg.Call("getBoundingClientRect")
		c.width, c.height = box.Get("width").Float(), box.Get("height").Float()
		p.observer.Call("observe", svg)
	})
	return c
}

// observeSizes watches how many pixels each chart has, so that it is laid out
// for these and never scaled.
func (p *page) observeSizes() js.Value {
	return js.Global().Get("ResizeObserver").New(js.FuncOf(func(_ js.Value, args []js.Value) any {
		entries := args[0]
		p.loop.post(func() {
			for i := range entries.Length() {
				entry := entries.Index(i)
				for _, l := range p.lanes {
					if l.chart != nil && l.chart.svg.Equal(entry.Get("target")) {
						box := entry.Get("contentRect")
						l.chart.width, l.chart.height = box.Get("width").Float(), box.Get("height").Float()
					}
				}
			}
			p.painter.wake()
		})
		return nil
	}))
}

// forget empties the chart for another run.
func (c *chartView) forget() { c.curve = model.Curve{} }

// paintChart draws the chart of a lane anew, in a frame that all have in common.
func (p *page) paintChart(lane int) {
	if p.sample == nil || lane >= len(p.lanes) || p.lanes[lane].chart == nil {
		return
	}
	var curves []*model.Curve
	var limits []uint64
	for _, l := range p.lanes {
		limits = append(limits, l.info.LimitBytes)
		if l.chart != nil {
			curves = append(curves, &l.chart.curve)
		}
	}
	frame := model.FrameOf(curves, limits, float64(p.sample.ElapsedMicros)/1e6)
	p.lanes[lane].chart.paint(frame, p.lanes[lane].info.LimitBytes)
}

// paint lays the chart out and writes the parts that changed.
func (c *chartView) paint(frame model.Frame, limit uint64) {
	if c.width <= 0 || c.height <= 0 {
		return
	}
	d := c.layouter.Lay(c.curve.Chart(frame, limit, c.width, c.height))
	if d.Width != c.shown.Width || d.Height != c.shown.Height {
		c.svg.Call("setAttribute", "viewBox", "0 0 "+pixels(d.Width)+" "+pixels(d.Height))
	}
	if d.Frame != c.shown.Frame {
		c.frame.Set("innerHTML", d.Frame)
	}
	for _, path := range d.Paths {
		part := path.Key
		if path.Area {
			part = "area"
		}
		if e, ok := c.paths[part]; ok && c.shownD[part] != path.D {
			c.shownD[part] = path.D
			e.Call("setAttribute", "d", path.D)
		}
	}
	if d.Over != c.shown.Over {
		c.over.Set("innerHTML", d.Over)
	}
	if now := clock.Millis(); now-c.labelled >= labelEveryMillis {
		c.labelled = now
		dom.SetAttr(c.svg, "aria-label", d.Summary)
	}
	c.shown = d
	c.shown.Paths = nil // valid until the next layout only
}

func pixels(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
