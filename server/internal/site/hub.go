package site

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/gorilla/websocket"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
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
	viewers map[*viewer]bool // whether it has been told everything
	pumps   sync.WaitGroup
	nextTab uint64

	// What was told last. Only publish changes it, with mu held.
	runID     string
	drawn     uint64 // version of the words in fragments
	marks     uint64
	hello     [2][]byte // frame for those who watch, for those who steer
	fragments map[string]fragment
}

func newHub(s *Site) *hub {
	return &hub{
		site:      s,
		changed:   make(chan struct{}, 1),
		viewers:   make(map[*viewer]bool),
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
			h.close()
			return
		}
	}
}

// close ends all viewers at the same time, so that those who do not listen cost
// a second and not one each, and waits for their goroutines.
func (h *hub) close() {
	h.mu.Lock()
	h.closed = true
	viewers := slices.Collect(maps.Keys(h.viewers))
	h.mu.Unlock()
	var closing sync.WaitGroup
	for _, v := range viewers {
		closing.Go(func() { v.close(websocket.CloseGoingAway, "the server ends") })
	}
	closing.Wait()
	h.pumps.Wait()
}

// publish reads the run once and leaves with every viewer what is new to it: to
// one that has just come, everything, so that a page never gets the curves of a
// run that it does not know yet.
func (h *hub) publish(ctx context.Context) {
	view := h.site.o.Control.View()
	h.site.accounts.add(view)
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.viewers) == 0 {
		return
	}
	if view.RunID != h.runID {
		clear(h.fragments) // the next one may have other lanes
	}
	marked := view.RunID != h.runID || view.Marks != h.marks
	h.runID, h.marks = view.RunID, view.Marks
	var hello [2][]byte
	for i, steer := range []bool{false, true} {
		frame := helloOf(view, steer)
		encoded := wire.Append(nil, &frame)
		if !bytes.Equal(encoded, h.hello[i]) {
			hello[i], h.hello[i] = encoded, encoded
		}
	}
	sample := wire.Append(nil, &view.Sample)
	fresh := h.render(ctx, view)
	history := sync.OnceValue(func() []byte {
		all := h.site.o.Control.History()
		return wire.Append(nil, &all)
	})
	for v, told := range h.viewers {
		switch {
		case !told:
			h.viewers[v] = true
			v.offer(h.hello[v.class()], history(), shownTo(v.steer, h.frames()), sample)
		case marked:
			v.offer(hello[v.class()], history(), shownTo(v.steer, fresh), sample)
		default:
			v.offer(hello[v.class()], nil, shownTo(v.steer, fresh), sample)
		}
	}
}

// serve opens a page's connection and stays with it until it ends.
func (h *hub) serve(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		writeError(w, http.StatusUpgradeRequired, "the hub is a WebSocket; scripts read GET /api/run")
		return
	}
	h.mu.Lock()
	err := h.room()
	h.mu.Unlock()
	if err != nil {
		writeError(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	conn, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil { // Upgrade has answered
		h.site.log.Info("hub refused a connection", "from", r.RemoteAddr, "err", err)
		return
	}
	v := newViewer(conn, h.site.maySteer(r))
	if err := h.enter(v); err != nil { // others came first
		v.close(websocket.CloseTryAgainLater, err.Error())
		return
	}
	defer h.pumps.Done()
	leave := h.site.o.Control.Join()
	h.wake()
	err = h.read(v)
	v.end()
	_ = conn.Close()
	h.exit(v)
	leave()
	h.site.o.Control.ReaderGone(v.tab)
	if isMisbehaviour(err) {
		h.site.log.Warn("page sent what is no frame", "from", r.RemoteAddr, "err", err)
	}
}

// room tells whether there is room for one more viewer. h.mu is held.
func (h *hub) room() error {
	switch {
	case h.closed:
		return errors.New("the server ends")
	case len(h.viewers) >= maxViewers:
		return fmt.Errorf("%d pages are open already", maxViewers)
	}
	return nil
}

// enter adds a viewer, to which the next publish tells everything, and starts its
// writing goroutine. After it, pumps waits for the caller too.
func (h *hub) enter(v *viewer) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.room(); err != nil {
		return err
	}
	h.pumps.Add(1)
	h.pumps.Go(v.write)
	h.nextTab++
	v.tab = h.nextTab
	h.viewers[v] = false
	return nil
}

func (h *hub) exit(v *viewer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.viewers, v)
}

// badFrame is what ends a connection of a page that does not speak the protocol.
type badFrame struct{ why string }

func (b *badFrame) Error() string { return b.why }

// isMisbehaviour tells a page that broke the protocol from one that left.
func isMisbehaviour(err error) bool {
	var left *websocket.CloseError
	var network net.Error
	return !errors.As(err, &left) && !errors.As(err, &network) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.EOF)
}

// read takes what a page says until it leaves or says something that is no
// frame; then the connection is closed with the reason.
func (h *hub) read(v *viewer) error {
	for {
		kind, data, err := v.receive()
		if errors.Is(err, websocket.ErrReadLimit) {
			v.refuse(websocket.CloseMessageTooBig, "frame too large")
		}
		if err != nil {
			return err
		}
		if kind != websocket.BinaryMessage {
			v.refuse(websocket.CloseUnsupportedData, "frames are binary")
			return &badFrame{"a text message"}
		}
		var report wire.Reader
		if err := wire.Decode(data, &report); err != nil {
			v.refuse(websocket.ClosePolicyViolation, "malformed frame")
			return &badFrame{err.Error()}
		}
		switch err := h.site.o.Control.Reader(v.tab, report); {
		case errors.Is(err, run.ErrNoLane):
			v.refuse(websocket.ClosePolicyViolation, "there is no such lane")
			return &badFrame{fmt.Sprintf("a report on lane %.40q", report.Lane)}
		case err != nil: // the run ended between two frames
		}
	}
}
