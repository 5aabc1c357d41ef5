package site

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync"

	"github.com/a-h/templ"
	"github.com/gorilla/websocket"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
	"spillway/web/component"
)

// maxViewers bounds the open pages; a classroom is an eighth of it.
const maxViewers = 256

// hub tells every open page what the run does. It encodes each frame once and
// leaves it with the viewers; it never waits for one of them. A viewer that does
// not keep up finds the newest sample, not a queue of old ones.
type hub struct {
	site     *Site
	upgrader websocket.Upgrader
	changed  chan struct{} // capacity 1: "look again", never a queue

	mu      sync.Mutex
	closed  bool
	viewers map[*viewer]struct{}
	pumps   sync.WaitGroup
	nextTab uint64

	// What was told last, for the viewers that come next. Only run changes it,
	// with mu held.
	runID     string
	marks     uint64
	hello     [2][]byte // frame for those who watch, for those who steer
	sample    []byte
	fragments map[string]fragment
}

// fragment is a part of the page and what it was rendered from.
type fragment struct {
	model any
	frame []byte
}

func newHub(s *Site) *hub {
	return &hub{
		site:      s,
		changed:   make(chan struct{}, 1),
		viewers:   make(map[*viewer]struct{}),
		fragments: make(map[string]fragment),
		upgrader: websocket.Upgrader{
			ReadBufferSize:  wire.MaxPageFrameBytes,
			WriteBufferSize: 4 << 10,
			WriteBufferPool: &sync.Pool{},
			CheckOrigin:     sameOrigin, // the guard has refused others already
		},
	}
}

func (h *hub) wake() {
	select {
	case h.changed <- struct{}{}:
	default: // it will look anyway
	}
}

// run tells viewers about changes until ctx is done, then closes them all.
func (h *hub) run(ctx context.Context) {
	for {
		select {
		case <-h.changed:
			h.publish(ctx)
		case <-ctx.Done():
			h.mu.Lock()
			h.closed = true
			for v := range h.viewers {
				v.close(websocket.CloseGoingAway, "the server ends")
			}
			h.mu.Unlock()
			h.pumps.Wait()
			return
		}
	}
}

// publish reads the run once and leaves what is new with every viewer.
func (h *hub) publish(ctx context.Context) {
	view := h.site.o.Control.View()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.viewers) == 0 {
		h.hello = [2][]byte{} // whoever comes next is told everything anew
		return
	}
	var history []byte
	if view.RunID != h.runID || view.Marks != h.marks {
		h.runID, h.marks = view.RunID, view.Marks
		all := h.site.o.Control.History()
		history = wire.Append(nil, &all)
	}
	var hello [2][]byte
	for i, steer := range []bool{false, true} {
		frame := helloOf(view, steer)
		encoded := wire.Append(nil, &frame)
		if !bytes.Equal(encoded, h.hello[i]) {
			hello[i], h.hello[i] = encoded, encoded
		}
	}
	h.sample = wire.Append(nil, &view.Sample)
	fresh := h.render(ctx, view)
	for v := range h.viewers {
		v.offer(hello[v.class()], history, fresh, h.sample)
	}
}

// render draws the parts of the page whose models have changed.
func (h *hub) render(ctx context.Context, view run.View) map[string][]byte {
	fresh := make(map[string][]byte)
	draw := func(id string, model any, c func() templ.Component) {
		if old, ok := h.fragments[id]; ok && reflect.DeepEqual(old.model, model) {
			return
		}
		var html bytes.Buffer
		if err := c().Render(ctx, &html); err != nil {
			h.site.log.Error("render fragment", "id", id, "err", err)
			return
		}
		frame := wire.Append(nil, &wire.Fragment{ID: id, HTML: html.String()})
		h.fragments[id] = fragment{model, frame}
		fresh[id] = frame
	}
	for _, l := range view.Lanes {
		status, say := statusOfLane(l), sayOf(l)
		draw("status-"+l.Name, status, func() templ.Component { return component.StatusPill(status) })
		draw("say-"+l.Name, say, func() templ.Component { return component.SaySentence(say) })
	}
	verdict, notice := verdictOf(view), noticeOf(view)
	draw("verdict", verdict, func() templ.Component { return component.VerdictBody(verdict) })
	draw("notice", notice, func() templ.Component { return component.NoticeBody(notice) })
	draw("log", logModel{view.RunID, len(view.Log), last(view.Log)}, func() templ.Component { return component.LogEntries(entriesOf(view)) })
	return fresh
}

// logModel stands for a log without comparing all of it.
type logModel struct {
	runID  string
	length int
	last   run.Entry
}

func last(log []run.Entry) run.Entry {
	if len(log) == 0 {
		return run.Entry{}
	}
	return log[len(log)-1]
}

// serve opens a page's connection and stays with it until it ends.
func (h *hub) serve(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		writeError(w, http.StatusUpgradeRequired, "the hub is a WebSocket; scripts read GET /api/run")
		return
	}
	h.mu.Lock()
	full := h.closed || len(h.viewers) >= maxViewers
	h.mu.Unlock()
	if full {
		writeError(w, http.StatusServiceUnavailable, fmt.Sprintf("%d pages are open already", maxViewers))
		return
	}
	conn, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil { // Upgrade has answered
		h.site.log.Info("hub refused a connection", "from", r.RemoteAddr, "err", err)
		return
	}
	v := newViewer(conn, h.site.maySteer(r))
	if !h.enter(v) {
		v.close(websocket.CloseGoingAway, "the server ends")
		return
	}
	leave := h.site.o.Control.Join()
	h.wake()
	h.pumps.Go(v.write)
	err = h.read(v)
	v.end()
	h.exit(v)
	leave()
	h.site.o.Control.ReaderGone(v.tab)
	var bad *badFrame
	if errors.As(err, &bad) {
		h.site.log.Warn("page sent what is no frame", "from", r.RemoteAddr, "err", err)
	}
}

// enter adds a viewer and gives it everything there is.
func (h *hub) enter(v *viewer) bool {
	history := h.site.o.Control.History()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.nextTab++
	v.tab = h.nextTab
	h.viewers[v] = struct{}{}
	all := make(map[string][]byte, len(h.fragments))
	if len(h.viewers) > 1 { // with none, nobody has kept them up to date
		for id, f := range h.fragments {
			all[id] = f.frame
		}
	} else {
		clear(h.fragments)
	}
	v.offer(h.hello[v.class()], wire.Append(nil, &history), all, nil)
	return true
}

func (h *hub) exit(v *viewer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.viewers, v)
}

// badFrame is what ends a connection of a page that does not speak the protocol.
type badFrame struct{ why string }

func (b *badFrame) Error() string { return b.why }

// read takes what a page says until it leaves or says something that is no
// frame; then the connection is closed with the reason.
func (h *hub) read(v *viewer) error {
	for {
		kind, data, err := v.receive()
		if err != nil {
			return err
		}
		if kind != websocket.BinaryMessage {
			v.close(websocket.CloseUnsupportedData, "frames are binary")
			return &badFrame{"a text message"}
		}
		var report wire.Reader
		if err := wire.Decode(data, &report); err != nil {
			v.close(websocket.ClosePolicyViolation, "malformed frame")
			return &badFrame{err.Error()}
		}
		switch err := h.site.o.Control.Reader(v.tab, report); {
		case errors.Is(err, run.ErrNoLane):
			v.close(websocket.ClosePolicyViolation, "there is no such lane")
			return &badFrame{fmt.Sprintf("a report on lane %.40q", report.Lane)}
		case err != nil: // the run ended between two frames
		}
	}
}
