//go:build js && wasm

// Package worker is the client's role in a dedicated worker: one reader of one
// lane.
//
//	transport → kernel → browser → reader → throttle → consumed
//
// It reads at the rate the page tells it and no faster, connects again when the
// lane has ended, and reports its account to the page. It runs apart from the
// page's thread, so that reading fast does not make the page stutter and a
// hidden tab does not make the reader slow.
package worker

import (
	"strings"
	"sync"
	"syscall/js"

	"spillway/wasm/internal/clock"
	"spillway/wasm/internal/model"
	"spillway/wasm/internal/post"
	"spillway/wasm/internal/scope"
	"spillway/wasm/internal/stream"
	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

// worker reads one lane. Three goroutines meet in it: the browser's callback
// that brings commands, the one that reads, and the one that reports.
type worker struct {
	pacer  *throttle.Pacer
	thread *thread

	yielded float64 // milliseconds: when the reader last let the browser do something else

	mu         sync.Mutex // never held during a call into the browser
	target     target     // what the page wants
	run        string     // whose account it is
	state      post.State
	reader     *reader.Reader
	connection connection
	p50        uint64
	p99        uint64
	agesSince  float64 // milliseconds: when the window of ages began
	last       post.Report
	reported   float64 // milliseconds: when last was sent
}

// target is what to read. Its scope ends when another target replaces it.
type target struct {
	ctx *scope.Scope
	url string
	run string // whose account it is
	way reader.Way
	try int
}

// is tells whether a command means the same target.
func (t target) is(c post.Command) bool {
	return t.url == c.URL && t.run == c.Run && t.way == c.Way && t.try == c.Try
}

// Run serves the page until ctx is done. It returns after the connection is
// closed.
func Run(ctx *scope.Scope) {
	w := &worker{reader: &reader.Reader{}, state: post.Idle}
	w.thread = &thread{mail: js.Global().Get("spillwayMail"), report: w.reportNow}
	w.pacer = throttle.NewPacerOn(clock.Steady{}, throttle.Stopped)
	w.target.ctx = scope.New(ctx)
	release := w.listen(ctx)
	defer release()

	var both sync.WaitGroup
	both.Go(func() { w.read(ctx) })
	both.Go(func() { w.report(ctx) })
	both.Wait()
}

// listen takes commands from the page, beginning with those that worker.js has
// kept until now.
func (w *worker) listen(ctx *scope.Scope) (release func()) {
	global := js.Global()
	onMessage := js.FuncOf(func(_ js.Value, args []js.Value) any {
		w.command(ctx, args[0].Get("data"))
		return nil
	})
	global.Set("onmessage", onMessage)
	if kept := global.Get("spillwayInbox"); kept.Truthy() {
		for i := range kept.Length() {
			w.command(ctx, kept.Index(i))
		}
	}
	return func() {
		global.Set("onmessage", nil)
		onMessage.Release()
	}
}

// command does what the page wants. A rate acts at once; another stream, run or
// way ends the connection.
func (w *worker) command(ctx *scope.Scope, message js.Value) {
	c, ok := post.CommandOf(message)
	if !ok {
		return
	}
	w.thread.taken()
	w.pacer.SetRate(c.Rate)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.target.is(c) {
		return
	}
	w.target.ctx.End()
	w.target = target{ctx: scope.New(ctx), url: c.URL, run: c.Run, way: c.Way, try: c.Try}
}

// read keeps the target connected until ctx is done. A reader that was full stays
// away until the page wants something else: it would only fill up again.
func (w *worker) read(ctx *scope.Scope) {
	var backoff model.Backoff
	buf := make([]byte, throttle.MaxReadBytes)
	for ctx.Err() == nil {
		t := w.begin()
		if t.url == "" {
			<-t.ctx.Done()
			continue
		}
		before := w.account().Bytes
		err := w.connect(t, buf)
		if t.ctx.Err() != nil {
			backoff.Reset()
			continue
		}
		if w.account().Bytes != before {
			backoff.Reset()
		}
		w.setState(stateOf(err))
		if err == stream.ErrFull {
			<-t.ctx.Done()
			continue
		}
		if clock.Wait(t.ctx, backoff.NextMillis()) != nil {
			backoff.Reset()
		}
	}
}

// begin returns the current target. The account of another run is put aside.
func (w *worker) begin() target {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.target.run != w.run {
		w.run, w.reader, w.connection = w.target.run, &reader.Reader{}, connection{}
		w.p50, w.p99 = 0, 0
	}
	w.state = post.Connecting
	if w.target.url == "" {
		w.state = post.Idle
	}
	return w.target
}

// stateOf says why a connection ended.
func stateOf(err error) post.State {
	switch e := err.(type) {
	case *stream.RefusedError:
		return post.State(strings.TrimSpace(e.Error()))
	default:
		switch err {
		case stream.ErrUnsupported:
			return post.Unsupported
		case stream.ErrFull:
			return post.Full
		}
		return post.Retrying
	}
}

func (w *worker) setState(s post.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = s
}

func (w *worker) account() reader.Account {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reader.Account()
}
