//go:build js && wasm

// Package page is the client's role in the page: it keeps what the server has
// painted alive.
//
//	samples → hub → page: charts, figures
//	page → hub: what this tab's readers receive
//	controls → PATCH /api/run
//
// The server decides everything; the page shows it and passes on what a person
// does. The exception is the tab's own readers, which run in workers and read at
// the rate of the run or at one that the visitor chose for this tab.
//
// Bytes wait nowhere in it: samples are drawn when the browser paints next, and
// of those that arrived in between only the newest.
package page

import (
	"slices"
	"sync"
	"syscall/js"

	"spillway/wasm/internal/dom"
	"spillway/wasm/internal/scope"
	"spillway/wasm/internal/stream"
	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// page is the state of the page. Only its loop touches it.
type page struct {
	loop  *loop
	tasks sync.WaitGroup // requests under way
	ctx   *scope.Scope
	body  js.Value

	hello  wire.Hello
	sample *wire.Sample // the newest; nil before the first of this run
	lanes  []*lane      // in the order of hello and sample
	socket *stream.Socket

	texts    []*text // live elements
	painter  *painter
	steering *steering
	stats    *stats
	observer js.Value // of the charts' sizes

	own          map[string]ownRate    // chosen for this tab, by lane
	ways         map[string]reader.Way // likewise
	lastInput    float64               // milliseconds: when a person last moved a control
	runningSince float64               // milliseconds: when this page first saw the run running
	touched      bool
	hinted       bool
	toasts       int // shown so far; the newest one takes itself away
}

// lane is one lane as the page knows it.
type lane struct {
	info   wire.LaneInfo
	chart  *chartView // nil where the page has no chart of it
	reader *ownReader
}

// Run keeps the page alive until ctx is done. It returns when the transports are
// closed and the workers are gone.
func Run(ctx *scope.Scope) {
	p := &page{
		loop: newLoop(), ctx: ctx, body: dom.Body(),
		stats: &stats{}, own: map[string]ownRate{}, ways: map[string]reader.Way{},
	}
	p.painter = newPainter(p)
	p.steering = newSteering(p)
	p.observer = p.observeSizes()
	p.findTexts()
	releases := []func(){
		p.listenControls(), p.stats.publish(p.writtenTo), p.painter.release,
	}

	p.tasks.Go(func() { p.keepHub(ctx) })
	p.tasks.Go(func() { p.steering.run(ctx) })
	p.loop.run(ctx)
	p.tasks.Wait()
	for _, l := range p.lanes {
		l.close(p)
	}
	for _, release := range releases {
		release()
	}
}

// take takes in a frame of the hub.
func (p *page) take(f wire.Frame) {
	switch f := f.(type) {
	case *wire.Hello:
		p.takeHello(f)
	case *wire.Sample:
		p.takeSample(f)
	case *wire.History:
		for i, h := range f.Lanes {
			if i < len(p.lanes) && p.lanes[i].chart != nil {
				p.lanes[i].chart.curve.Replace(h)
			}
		}
		p.painter.wake()
	case *wire.Fragment:
		p.takeFragment(f)
	}
}

// takeHello takes in the run as it is now. Another run begins with empty charts
// and accounts.
func (p *page) takeHello(h *wire.Hello) {
	if painted := dom.Attr(p.body, "data-lesson"); painted != "" && painted != h.Lesson {
		// Other questions, perhaps other lanes: the server paints that page.
		js.Global().Get("location").Call("reload")
		return
	}
	another := h.RunID != p.hello.RunID
	p.hello = *h
	if another {
		p.sample = nil
		p.runningSince = 0
		clear(p.own)
		clear(p.ways)
		dom.SetAttr(p.body, "data-run", h.RunID)
	}
	p.arrangeLanes(another)
	dom.SetAttr(p.body, "data-steer", boolAttr(h.Steer))
	p.showState(h.State)
	p.forgetOwn()
	p.direct()
	p.sync()
	p.painter.wake()
}

// arrangeLanes brings the page's lanes in line with the run's. A lane that stays
// keeps its worker.
func (p *page) arrangeLanes(anotherRun bool) {
	if !anotherRun && p.sameLanes() {
		for i, info := range p.hello.Lanes {
			p.lanes[i].info = info
		}
		p.showCurl()
		return
	}
	before := p.lanes
	p.lanes = make([]*lane, len(p.hello.Lanes))
	for i, info := range p.hello.Lanes {
		for j, l := range before {
			if l != nil && l.info.Name == info.Name {
				p.lanes[i], before[j] = l, nil
				break
			}
		}
		if p.lanes[i] == nil {
			p.lanes[i] = &lane{chart: p.findChart(info.Name), reader: p.newReader(info.Name)}
		} else if anotherRun && p.lanes[i].chart != nil {
			p.lanes[i].chart.forget()
		}
		p.lanes[i].info = info
	}
	for _, l := range before {
		if l != nil {
			l.close(p)
		}
	}
	p.findTexts()
	p.showCurl()
}

func (p *page) sameLanes() bool {
	return slices.EqualFunc(p.lanes, p.hello.Lanes, func(l *lane, info wire.LaneInfo) bool {
		return l.info.Name == info.Name
	})
}

// takeSample takes in a measurement; it is painted with the next frame.
func (p *page) takeSample(s *wire.Sample) {
	p.sample = s
	for i, ls := range s.Lanes {
		// The sample of a lane that ended repeats its last figures.
		alive := ls.State == wire.StateRunning
		if alive && i < len(p.lanes) && p.lanes[i].chart != nil {
			p.lanes[i].chart.curve.Add(s.ElapsedMicros, ls.RSS, ls.HeapInUse, ls.HeapTotal)
		}
	}
	p.showState(s.State)
	p.showHint(s.State == wire.StateRunning && !p.slowed())
	p.painter.wake()
}

// takeFragment puts a piece of the page in place, unless it is there already. A
// button that had the focus gives it to its successor.
func (p *page) takeFragment(f *wire.Fragment) {
	e, ok := dom.ByID(f.ID)
	if !ok || e.Get("innerHTML").String() == f.HTML {
		return
	}
	focused := ""
	if active := dom.Document().Get("activeElement"); active.Truthy() && e.Call("contains", active).Bool() {
		focused = dom.Attr(active, "data-action")
	}
	e.Set("innerHTML", f.HTML)
	if focused != "" {
		dom.Each(e, "[data-action]", func(successor js.Value) {
			if dom.Attr(successor, "data-action") == focused {
				successor.Call("focus")
			}
		})
	}
	p.findTexts()
}

func (p *page) showState(s wire.State) { dom.SetAttr(p.body, "data-state", s.String()) }

func boolAttr(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
