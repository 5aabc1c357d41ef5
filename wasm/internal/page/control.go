//go:build js && wasm

package page

import (
	"syscall/js"

	"spillway/wasm/internal/clock"
	"spillway/wasm/internal/dom"
	"spillway/wasm/internal/model"
	"spillway/wasm/reader"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
	"spillway/web/figure"
)

// quietMillis is how long after a person's last move of a control the server's word
// about it counts again. Until then a slider would jump back under the hand.
const quietMillis = 600

// ownRate is what the visitor chose for this tab, and what held for the run at
// that moment: when the run changes, the choice ends.
type ownRate struct {
	rate   throttle.Rate
	run    throttle.Rate
	paused bool
}

// listenControls listens for sliders and buttons wherever they are, also for
// those that a fragment brings later.
func (p *page) listenControls() (release func()) {
	input := dom.Listen(dom.Document(), "input", func(event js.Value) {
		if e, ok := dom.Closest(event.Get("target"), waySelect); ok {
			lane, way := dom.Attr(e, "data-lane"), reader.Way(e.Get("value").String())
			p.loop.post(func() { p.chooseWay(lane, way) })
			return
		}
		e, ok := dom.Closest(event.Get("target"), "[data-set]")
		if !ok {
			return
		}
		set, lane := dom.Attr(e, "data-set"), dom.Attr(e, "data-lane")
		position := positionOf(e)
		p.loop.post(func() { p.moved(set, lane, position) })
	})
	click := dom.Listen(dom.Document(), "click", func(event js.Value) {
		e, ok := dom.Closest(event.Get("target"), "[data-action]")
		if !ok {
			return
		}
		action, lane := dom.Attr(e, "data-action"), dom.Attr(e, "data-lane")
		p.loop.post(func() { p.act(action, lane) })
	})
	return func() {
		input()
		click()
	}
}

// positionOf is where a slider stands; the value of a range is always a number.
func positionOf(slider js.Value) int { return int(slider.Get("valueAsNumber").Float()) }

// moved is called when a person moves a slider to a position.
func (p *page) moved(set, lane string, position int) {
	p.touch()
	p.lastInput = clock.Millis()
	rate := throttle.FromPosition(position)
	switch {
	case set == "own", set == "throttle" && !p.hello.Steer:
		p.showRate("own", lane, rate)
		if !p.hello.Steer { // both sliders move the same there
			p.showRate("throttle", lane, rate)
		}
		p.chooseOwn(lane, rate)
	case set == "throttle" && lane == "":
		p.showRate(set, "", rate)
		for _, l := range p.lanes {
			p.showRate(set, l.info.Name, rate)
		}
		p.steering.change(func(c *model.Patch) { c.Throttle(rate) })
	case set == "throttle":
		p.showRate(set, lane, rate)
		p.steering.change(func(c *model.Patch) { c.LaneThrottle(lane, rate) })
	default:
		for _, k := range figure.Knobs {
			if k.Key == set && position >= 0 && position < len(k.Steps) {
				p.show(set, "", position, k.Text(k.Steps[position]))
				group := p.hello.Settings.SlowGroup
				p.steering.change(func(c *model.Patch) {
					if k.Field == "" {
						c.Readers(group, k.Steps[position])
					} else {
						c.Number(k.Field, k.Steps[position])
					}
				})
			}
		}
	}
}

// chooseOwn sets the rate of this tab's reader of one lane, or of all.
func (p *page) chooseOwn(lane string, rate throttle.Rate) {
	for _, l := range p.lanes {
		if lane == "" || l.info.Name == lane {
			p.own[l.info.Name] = ownRate{rate, throttle.Rate(l.info.BytesPerSecond), p.hello.Settings.Paused}
		}
	}
	p.direct()
}

// forgetOwn ends choices that the run has overtaken.
func (p *page) forgetOwn() {
	for _, l := range p.lanes {
		own, chosen := p.own[l.info.Name]
		if chosen && (own.run != throttle.Rate(l.info.BytesPerSecond) || own.paused != p.hello.Settings.Paused) {
			delete(p.own, l.info.Name)
		}
	}
}

// sync puts every control where the run is, unless a person is moving one.
func (p *page) sync() {
	if p.steering.busy() || clock.Millis()-p.lastInput < quietMillis {
		return
	}
	for i, l := range p.lanes {
		// Sliders show rates; that something is paused is said by its button.
		run := throttle.Rate(l.info.BytesPerSecond)
		own := run
		if chosen, ok := p.own[l.info.Name]; ok {
			own = chosen.rate
		}
		if !p.hello.Steer {
			run = own
		}
		p.showRate("throttle", l.info.Name, run)
		p.showRate("own", l.info.Name, own)
		if i == 0 {
			p.showRate("throttle", "", run)
			p.showRate("own", "", own)
		}
	}
	values := settingValues(p.hello.Settings)
	for _, k := range figure.Knobs {
		p.show(k.Key, "", k.Nearest(values[k.Key]), k.Text(values[k.Key]))
	}
	p.showPressed()
}

// settingValues are the values of the sliders of the load.
func settingValues(s wire.Settings) map[string]int64 {
	return map[string]int64{
		figure.SlowReaders: int64(s.SlowReaders),
		"rate":             int64(s.MilliRate / 1000),
		"size":             int64(s.SizeBytes),
	}
}

// showPressed keeps the buttons that stay down in step.
func (p *page) showPressed() {
	paused := p.hello.Settings.Paused
	if !p.hello.Steer {
		paused = p.allPaused()
	}
	dom.Each(dom.Document(), "[data-action][aria-pressed]", func(e js.Value) {
		switch dom.Attr(e, "data-action") {
		case "pause":
			dom.SetAttr(e, "aria-pressed", boolAttr(paused))
		case "ownPause":
			pressed := p.allPaused()
			for _, l := range p.lanes {
				if l.info.Name == dom.Attr(e, "data-lane") {
					pressed = l.reader.paused
				}
			}
			dom.SetAttr(e, "aria-pressed", boolAttr(pressed))
		}
	})
}

func (p *page) allPaused() bool {
	for _, l := range p.lanes {
		if !l.reader.paused {
			return false
		}
	}
	return len(p.lanes) > 0
}

// showRate moves the rate sliders of a lane, or those of all. Neighbouring
// positions may mean the same rate: a slider that stands on one of them stays, or
// else an arrow key would never get away from it.
func (p *page) showRate(set, lane string, r throttle.Rate) {
	p.showWhere(set, lane, r.String(), func(position int) int {
		if throttle.FromPosition(position) == r {
			return position
		}
		return throttle.Position(r)
	})
}

// show moves sliders to a position and writes what it means. lane is empty for
// the sliders of all lanes.
func (p *page) show(set, lane string, position int, text string) {
	p.showWhere(set, lane, text, func(int) int { return position })
}

func (p *page) showWhere(set, lane, text string, where func(position int) int) {
	dom.Each(dom.Document(), "[data-set='"+set+"']", func(e js.Value) {
		if dom.Attr(e, "data-lane") != lane {
			return
		}
		position := positionOf(e)
		if next := where(position); next != position {
			e.Set("value", next)
		}
		dom.SetAttr(e, "aria-valuetext", text)
	})
	dom.Each(dom.Document(), "[data-out='"+set+"']", func(e js.Value) {
		if dom.Attr(e, "data-lane") == lane {
			dom.SetText(e, text)
		}
	})
}
