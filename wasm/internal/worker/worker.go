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

// yieldEveryMillis is how often a reader that never has to wait lets the browser
// do something else. Reads of bytes that are there already settle before the
// worker's next message or timer comes to its turn, so that without it neither
// commands nor reports would get through.
const yieldEveryMillis = 50

// worker reads one lane. Three goroutines meet in it: the browser's callback
// that brings commands, the one that reads, and the one that reports.
type worker struct {
	pacer *throttle.Pacer

	mu     sync.Mutex // never held during a call into the browser
	target target     // what the page wants
	run    string     // whose account it is
	state  post.State
	reader *reader.Reader
	p50    uint64
	p99    uint64
}

// target is what to read. Its scope ends when another target replaces it.
type target struct {
	ctx *scope.Scope
	url string
	run string
}

// Run serves the page until ctx is done. It returns after the connection is
// closed.
func Run(ctx *scope.Scope) {
	w := &worker{pacer: throttle.NewPacerOn(clock.Steady{}, throttle.Stopped), reader: &reader.Reader{}, state: post.Idle}
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

// command does what the page wants. A rate acts at once; another stream or run
// ends the connection.
func (w *worker) command(ctx *scope.Scope, message js.Value) {
	c, ok := post.CommandOf(message)
	if !ok {
		return
	}
	w.pacer.SetRate(c.Rate)
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.URL == w.target.url && c.Run == w.target.run {
		return
	}
	w.target.ctx.End()
	w.target = target{ctx: scope.New(ctx), url: c.URL, run: c.Run}
}

// read keeps the target connected until ctx is done.
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
		err := w.connection(t, buf)
		if t.ctx.Err() != nil {
			backoff.Reset()
			continue
		}
		if w.account().Bytes != before {
			backoff.Reset()
		}
		w.setState(stateOf(err))
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
		w.run, w.reader = w.target.run, &reader.Reader{}
		w.p50, w.p99 = 0, 0
	}
	w.state = post.Connecting
	if w.target.url == "" {
		w.state = post.Idle
	}
	return w.target
}

// connection connects and reads until the stream ends or the target changes.
func (w *worker) connection(t target, buf []byte) error {
	w.mu.Lock()
	w.reader.Reconnected()
	url := resumeURL(t.url, w.reader.LastEventID())
	w.mu.Unlock()

	body, err := stream.Fetch(t.ctx, url, len(buf))
	if err != nil {
		return err
	}
	defer body.Close()
	w.setState(post.Reading)
	yielded := clock.Millis()
	for n := 0; ; {
		if err := w.pacer.Wait(t.ctx, n); err != nil {
			return err
		}
		if now := clock.Millis(); now-yielded >= yieldEveryMillis {
			if err := clock.Wait(t.ctx, 0); err != nil {
				return err
			}
			yielded = now
		}
		if n, err = body.Read(t.ctx, buf[:w.pacer.ReadBytes()]); err != nil {
			return err
		}
		w.mu.Lock()
		w.reader.Feed(buf[:n], clock.WallMicros())
		w.mu.Unlock()
	}
}

// resumeURL asks the lane to go on behind the last event. The id travels in the
// query: as a header it would cost a preflight request before each connection.
func resumeURL(url, lastID string) string {
	if lastID == "" {
		return url
	}
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	return url + separator + "last=" + js.Global().Call("encodeURIComponent", lastID).String()
}

// stateOf says why a connection ended.
func stateOf(err error) post.State {
	switch e := err.(type) {
	case *stream.RefusedError:
		return post.State(strings.TrimSpace(e.Error()))
	default:
		if err == stream.ErrUnsupported {
			return post.Unsupported
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
