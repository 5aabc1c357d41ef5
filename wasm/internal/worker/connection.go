//go:build js && wasm

package worker

import (
	"strconv"
	"strings"
	"syscall/js"

	"spillway/wasm/internal/clock"
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

// connection is what the page is told about the connection there is.
type connection struct {
	stream stream.Stream // nil while there is none
	way    reader.Way    // of this one or the last one
	id     uint64        // below 2^53, so that JavaScript has it exactly
	before uint64        // bytes of the account when it began
	text   uint64        // event text of messages, likewise
}

// newID is a random number for a connection, never 0.
func newID() uint64 {
	const most = 1 << 53
	return uint64(js.Global().Get("Math").Call("random").Float()*(most-1)) + 1
}

// connect connects and reads until the stream ends or the target changes.
func (w *worker) connect(t target, buf []byte) error {
	ctx := scope.New(t.ctx)
	defer ctx.End()
	id := newID()
	w.mu.Lock()
	w.reader.Reconnected()
	url := connectionURL(t.url, t.way, id, w.reader.LastEventID())
	a := w.reader.Account()
	w.connection = connection{way: t.way, id: id, before: a.Bytes, text: a.Text}
	w.mu.Unlock()

	s, err := stream.Open(ctx, t.way, url, len(buf))
	if err == nil {
		w.opened(s)
		err = w.consume(ctx, s, buf)
		w.opened(nil)
		s.Close()
	}
	if ctx.Err() != nil && t.ctx.Err() == nil {
		return stream.ErrFull // nobody else ends it
	}
	return err
}

// opened notes the open stream, or that it is none any more.
func (w *worker) opened(s stream.Stream) {
	if s != nil {
		w.setState(post.Reading)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.connection.stream = s
	if s == nil {
		w.connection.id = 0
	}
}

// consume reads at the pace of the page until the stream ends.
func (w *worker) consume(ctx *scope.Scope, s stream.Stream, buf []byte) error {
	wait := w.wait
	if w.connection.way == reader.BlockingSocket {
		if !w.thread.mail.Truthy() {
			return stream.ErrUnsupported
		}
		bucket := throttle.NewBucket(w.pacer.Rate(), clock.Steady{}.NowMicros())
		wait = func(ctx *scope.Scope, n int) error { return w.thread.wait(ctx, w.pacer, bucket, n) }
	}
	consumer, _ := s.(stream.Consumer)
	for n := 0; ; {
		if err := wait(ctx, n); err != nil {
			return err
		}
		var err error
		if n, err = s.Read(ctx, buf[:w.pacer.ReadBytes()]); err != nil {
			return err
		}
		messages := w.feed(buf[:n])
		if consumer != nil {
			consumer.Consumed(n, messages)
		}
	}
}

// wait waits for the pacer, and now and then for the browser.
func (w *worker) wait(ctx *scope.Scope, n int) error {
	if err := w.pacer.Wait(ctx, n); err != nil {
		return err
	}
	if now := clock.Millis(); now-w.yielded >= yieldEveryMillis {
		if err := clock.Wait(ctx, 0); err != nil {
			return err
		}
		w.yielded = now
	}
	return nil
}

// feed gives bytes to the decoder and returns how many messages ended in them.
func (w *worker) feed(p []byte) uint64 {
	now := clock.WallMicros()
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.reader.Account()
	w.reader.Feed(p, now)
	after := w.reader.Account()
	return after.Messages + after.Malformed - before.Messages - before.Malformed
}

// connectionURL asks the lane to speak the transport of a way, under an id, and to
// go on behind the last event. All of it travels in the query: as a header it would
// cost a preflight request before each connection, or is not possible at all.
func connectionURL(url string, way reader.Way, id uint64, lastID string) string {
	transport := way.Transport()
	if transport == "sse" && strings.HasPrefix(url, "https:") {
		transport = "sse-http2" // what a lane with TLS is for; falls back by itself
	}
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	url += separator + "transport=" + transport + "&tab=" + strconv.FormatUint(id, 10)
	if lastID != "" {
		url += "&last=" + js.Global().Call("encodeURIComponent", lastID).String()
	}
	return url
}
