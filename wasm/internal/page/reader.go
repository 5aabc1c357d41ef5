//go:build js && wasm

package page

import (
	"syscall/js"

	"spillway/wasm/internal/dom"
	"spillway/wasm/internal/model"
	"spillway/wasm/internal/post"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
)

// ownReader is this tab's reader of one lane, in a worker of its own.
type ownReader struct {
	worker  js.Value
	mail    js.Value // shared with the worker: how many commands were sent; undefined where pages share no memory
	funcs   []js.Func
	command post.Command // sent last
	try     int          // how often the visitor let it go on after it was full
	paused  bool         // by the visitor, for this tab only
	report  post.Report  // newest; its state is empty before the first
	meter   model.Meter
	sent    wire.Reader // to the hub
}

// newReader starts the worker of a lane. It reads nothing until it is directed.
func (p *page) newReader(lane string) *ownReader {
	r := &ownReader{}
	script, ok := dom.First(dom.Document(), "script[data-worker]")
	if !ok {
		return r
	}
	r.worker = js.Global().Get("Worker").New(dom.Attr(script, "data-worker"))
	r.on("onmessage", func(event js.Value) {
		if report, ok := post.ReportOf(event.Get("data")); ok {
			p.loop.post(func() { p.takeReport(lane, r, report) })
		}
	})
	r.on("onerror", func(js.Value) {
		p.loop.post(func() { r.report.State = "the reader could not start" })
	})
	if shared := js.Global().Get("SharedArrayBuffer"); shared.Truthy() {
		const oneNumber = 4 // bytes
		r.mail = js.Global().Get("Int32Array").New(shared.New(oneNumber))
	}
	r.worker.Call("postMessage", map[string]any{
		"module": js.Global().Get("spillwayModule"), "exec": dom.Attr(script, "data-exec"), "mail": r.mail,
	})
	return r
}

func (r *ownReader) on(name string, f func(event js.Value)) {
	callback := js.FuncOf(func(_ js.Value, args []js.Value) any {
		f(args[0])
		return nil
	})
	r.funcs = append(r.funcs, callback)
	r.worker.Set(name, callback)
}

// takeReport takes in what a reader has received and passes it on to the hub.
func (p *page) takeReport(lane string, r *ownReader, report post.Report) {
	if report.Run != p.hello.RunID {
		return // of the run before
	}
	moved := report.Account != r.report.Account || report.Held != r.report.Held || r.meter.PerSecond() > 0
	if report.State != r.report.State {
		moved = true
		dom.Each(dom.Document(), ".own", func(e js.Value) {
			if dom.Attr(e, "data-lane") == lane {
				dom.SetAttr(e, "data-state", string(report.State))
			}
		})
	}
	r.report = report
	if report.State == post.Idle {
		r.meter = model.Meter{} // an idle reader says so once
	}
	r.meter.Add(report.Account.Bytes, int64(report.AtMicros))
	p.stats.reader(lane, report, r.meter.PerSecond())
	frame := wire.Reader{
		Lane: lane, Bytes: report.Account.Bytes, Messages: report.Account.Messages,
		Gaps: report.Account.Gaps, Repeats: report.Account.Repeats, LastSeq: report.Account.LastSeq,
		P50: report.P50, P99: report.P99, Way: string(report.Way), Held: report.Held,
		ID: report.Tab, From: report.Account.From, To: report.Account.To, Text: report.Account.Text, Before: report.Before,
	}
	if p.socket != nil && frame != r.sent && p.socket.Send(wire.Append(nil, &frame)) {
		r.sent = frame
	}
	if moved && !p.painter.awake() {
		p.painter.wake() // no samples come, but the reader's own figures change
	}
}

// direct tells every worker what to read and how fast.
func (p *page) direct() {
	for _, l := range p.lanes {
		command := post.Command{Run: p.hello.RunID, Rate: p.rate(l), Way: p.way(l), Try: l.reader.try}
		if l.info.Port != 0 && readable(l.info.State) {
			command.URL = laneURL(l.info)
		}
		if r := l.reader; command != r.command && r.worker.Truthy() {
			r.send(command)
		}
	}
	p.showWays()
}

// send posts a command, and wakes a worker that has blocked its thread.
func (r *ownReader) send(c post.Command) {
	r.command = c
	r.worker.Call("postMessage", c.JS())
	if r.mail.Truthy() {
		atomics := js.Global().Get("Atomics")
		atomics.Call("add", r.mail, 0, 1)
		atomics.Call("notify", r.mail, 0)
	}
}

// readable reports whether a lane in this state answers readers.
func readable(s wire.State) bool {
	return s == wire.StateRunning || s == wire.StateWaiting || s == wire.StateStarting
}

// rate is how fast this tab reads from the lane: what the visitor chose for the
// tab, else what holds for the run's slow readers.
func (p *page) rate(l *lane) throttle.Rate {
	own, chosen := p.own[l.info.Name]
	switch {
	case l.reader.paused:
		return throttle.Stopped
	case chosen:
		return own.rate
	case p.hello.Settings.Paused:
		return throttle.Stopped
	}
	return throttle.Rate(l.info.BytesPerSecond)
}

// close ends the worker, its connection with it.
func (l *lane) close(p *page) {
	if l.chart != nil {
		p.observer.Call("unobserve", l.chart.svg)
	}
	r := l.reader
	if !r.worker.Truthy() {
		return
	}
	r.worker.Call("terminate")
	for _, name := range []string{"onmessage", "onerror"} {
		r.worker.Set(name, nil)
	}
	for _, f := range r.funcs {
		f.Release()
	}
	r.funcs, r.worker = nil, js.Undefined()
}
