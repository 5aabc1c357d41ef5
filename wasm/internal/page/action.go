//go:build js && wasm

package page

import (
	"syscall/js"

	"spillway/wasm/internal/clock"
	"spillway/wasm/internal/dom"
	"spillway/wasm/internal/model"
	"spillway/wasm/internal/stream"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
)

const (
	toastMillis     = 6_000
	hintAfterMillis = 15_000
)

// act does what a button says. Those that need no client are done by press.js and
// script.js.
func (p *page) act(action, lane string) {
	api := dom.Attr(p.body, "data-api")
	switch action {
	case "start", "stop", "reset":
		p.request(api + "/" + action)
	case "restart":
		p.request(api + "/lanes/" + js.Global().Call("encodeURIComponent", lane).String() + "/restart")
	case "pause":
		if !p.hello.Steer {
			p.pauseOwn("", !p.allPaused())
			break
		}
		p.hello.Settings.Paused = !p.hello.Settings.Paused // a second press undoes the first
		paused := p.hello.Settings.Paused
		p.lastInput = clock.Millis()
		p.showPressed()
		p.steering.change(func(c *model.Patch) { c.Paused(paused) })
	case "release":
		clear(p.own)
		p.pauseOwn("", false)
		p.steering.change(func(c *model.Patch) {
			c.Throttle(throttle.Unlimited)
			c.Paused(false)
		})
	case "ownPause":
		paused := p.allPaused()
		for _, l := range p.lanes {
			if l.info.Name == lane {
				paused = l.reader.paused
			}
		}
		p.pauseOwn(lane, !paused)
	case "again":
		for _, l := range p.lanes {
			if l.info.Name == lane {
				l.reader.try++
			}
		}
		p.direct()
	default:
		return
	}
	p.touch()
}

// pauseOwn pauses this tab's reader of one lane, or of all, or lets it go on.
func (p *page) pauseOwn(lane string, paused bool) {
	for _, l := range p.lanes {
		if lane == "" || l.info.Name == lane {
			l.reader.paused = paused
		}
	}
	p.direct()
	p.showPressed()
}

// request posts to the API without waiting; a refusal becomes a toast.
func (p *page) request(url string) {
	p.tasks.Go(func() {
		if err := stream.Send(p.ctx, "POST", url, ""); err != nil && p.ctx.Err() == nil {
			p.loop.post(func() { p.toast(err.Error()) })
		}
	})
}

// toast shows a sentence for some seconds.
func (p *page) toast(sentence string) {
	e, ok := dom.ByID("toast")
	if !ok {
		return
	}
	e.Set("textContent", sentence)
	p.toasts++
	mine := p.toasts
	clock.After(toastMillis, func() {
		p.loop.post(func() {
			if p.toasts == mine {
				e.Set("textContent", "")
			}
		})
	})
}

// touch notes that a person has used a control: no hint is needed any more.
func (p *page) touch() {
	if p.touched {
		return
	}
	p.touched = true
	dom.SetAttr(p.body, "data-touched", "true")
	p.setHint(false)
}

// showHint shows the hint when nobody has touched anything for a while, and takes
// it away when there is nothing to hint at.
func (p *page) showHint(wanted bool) {
	switch {
	case !wanted:
		p.runningSince = 0
		p.setHint(false)
	case p.runningSince == 0:
		p.runningSince = clock.Millis()
	case !p.touched && clock.Millis()-p.runningSince >= hintAfterMillis:
		p.setHint(true)
	}
}

func (p *page) setHint(shown bool) {
	if p.hinted == shown {
		return
	}
	p.hinted = shown
	if hint, ok := dom.ByID("hint"); ok {
		hint.Set("hidden", !shown)
	}
}

// slowed tells whether somebody has done already what the hint asks for, or
// whether it is too late for it.
func (p *page) slowed() bool {
	for _, l := range p.lanes {
		if throttle.Rate(l.info.BytesPerSecond) != throttle.Unlimited || l.info.State != wire.StateRunning {
			return true
		}
	}
	return p.hello.Settings.Paused
}
