package site

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// patience is far above what anything here takes.
const patience = 10 * time.Second

// tab is a page's connection to the hub.
type tab struct {
	t    *testing.T
	conn *websocket.Conn
	seen map[wire.Kind]int

	hello     wire.Hello
	history   wire.History
	fragments map[string]string
	sample    wire.Sample
}

// open connects a page to the hub.
func (s *served) open(headers ...string) *tab {
	s.t.Helper()
	return s.openWith(websocket.DefaultDialer, headers...)
}

func (s *served) openWith(dialer *websocket.Dialer, headers ...string) *tab {
	s.t.Helper()
	h := http.Header{}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	conn, _, err := dialer.Dial("ws"+strings.TrimPrefix(s.url, "http")+"/hub", h)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { conn.Close() })
	return &tab{t: s.t, conn: conn, seen: make(map[wire.Kind]int), fragments: make(map[string]string)}
}

// next takes the next frame.
func (p *tab) next() wire.Kind {
	p.t.Helper()
	require.NoError(p.t, p.conn.SetReadDeadline(time.Now().Add(patience)))
	kind, data, err := p.conn.ReadMessage()
	require.NoError(p.t, err)
	require.Equal(p.t, websocket.BinaryMessage, kind)
	of, ok := wire.KindOf(data)
	require.True(p.t, ok)
	p.seen[of]++
	switch of {
	case wire.KindHello:
		require.NoError(p.t, wire.Decode(data, &p.hello))
	case wire.KindHistory:
		require.NoError(p.t, wire.Decode(data, &p.history))
	case wire.KindSample:
		require.NoError(p.t, wire.Decode(data, &p.sample))
	case wire.KindFragment:
		var f wire.Fragment
		require.NoError(p.t, wire.Decode(data, &f))
		p.fragments[f.ID] = f.HTML
	default:
		require.Fail(p.t, "unknown frame", "%d", of)
	}
	return of
}

// until takes frames until the page is as wanted.
func (p *tab) until(ok func() bool) {
	p.t.Helper()
	for !ok() {
		p.next()
	}
}

// complete tells whether the page has one of everything.
func (p *tab) complete() bool {
	// Status and sentence of two lanes, verdict, notice, log; script, its clock, its
	// steps, question, two of the rules; where the bytes of two lanes are, and what
	// bounds four parts of them; and the note for those who steer.
	fragments := 13 + 2*(1+4)
	if p.hello.Steer {
		fragments++
	}
	return p.seen[wire.KindHello] > 0 && p.seen[wire.KindHistory] > 0 && p.seen[wire.KindSample] > 0 &&
		len(p.fragments) == fragments
}

// closed takes frames until the hub closes the connection.
func (p *tab) closed() *websocket.CloseError {
	p.t.Helper()
	require.NoError(p.t, p.conn.SetReadDeadline(time.Now().Add(patience)))
	for {
		_, _, err := p.conn.ReadMessage()
		if err == nil {
			continue
		}
		var why *websocket.CloseError
		require.True(p.t, errors.As(err, &why), "%v", err)
		require.NoError(p.t, p.conn.Close())
		return why
	}
}

func (p *tab) send(kind int, data []byte) {
	p.t.Helper()
	require.NoError(p.t, p.conn.WriteMessage(kind, data))
}

func stopped() *fakeRun {
	f := death()
	f.view.State, f.view.Sample.State = wire.StateStopped, wire.StateStopped
	return f
}

func TestAPageGetsEverythingAtOnce(t *testing.T) {
	f := death()
	f.view.Lanes[1].Read = "eventsource"
	s := serve(t, f, "")
	p := s.open()
	p.until(p.complete)
	require.Equal(t, "RUN", p.hello.RunID)
	require.True(t, p.hello.Steer)
	require.Equal(t, []wire.LaneInfo{
		{Name: "push", Path: "/stream?reader=you", State: wire.StateKilled, BytesPerSecond: 4000, LimitBytes: 256 << 20},
		{Name: "pull", Port: 4002, Path: "/stream?reader=you", Read: "eventsource", State: wire.StateRunning, BytesPerSecond: -1, LimitBytes: 256 << 20},
	}, p.hello.Lanes)
	require.Equal(t, wire.Append(nil, &s.run.history), wire.Append(nil, &p.history))
	require.Equal(t, wire.Append(nil, &s.run.view.Sample), wire.Append(nil, &p.sample))
	require.Contains(t, p.fragments["status-push"], "killed, exit code 137")
	require.Contains(t, p.fragments["log"], "push was killed &lt;b&gt;.")
}

// A page that gets curves before it knows the run has to throw them away; after
// a reload nobody else is there who could have kept the run's frames up to date.
func TestAPageKnowsTheRunBeforeItsCurves(t *testing.T) {
	s := serve(t, stopped(), "")
	for range 20 {
		p := s.open()
		require.Equal(t, wire.KindHello, p.next())
		require.Equal(t, wire.KindHistory, p.next())
		require.NoError(t, p.conn.Close())
		require.Eventually(t, func() bool {
			s.hub.mu.Lock()
			defer s.hub.mu.Unlock()
			return len(s.hub.viewers) == 0
		}, patience, time.Millisecond)
	}
}

func TestAStoppedRunIsShownToo(t *testing.T) {
	s := serve(t, stopped(), "") // nothing ticks: Changed is never called here
	for range 3 {                // the second and third come back to a hub that was empty in between
		p := s.open()
		p.until(p.complete)
		require.Equal(t, wire.StateStopped, p.hello.State)
		require.Equal(t, wire.StateStopped, p.sample.State)
		require.NoError(t, p.conn.Close())
		require.Eventually(t, func() bool { return s.run.watching() == 0 }, patience, time.Millisecond)
		s.run.change(func(v *run.View) { v.Sample.Produced++ })
	}
}

func TestASecondPageSeesTheSame(t *testing.T) {
	s := serve(t, stopped(), "")
	first := s.open()
	first.until(first.complete)
	second := s.open()
	second.until(second.complete)
	require.Equal(t, first.hello, second.hello)
	require.Equal(t, first.history, second.history)
	require.Equal(t, first.fragments, second.fragments)

	s.run.change(func(v *run.View) {
		v.Sample.Produced, v.State, v.Verdict.Title = 99, wire.StateRest, "Changed"
		v.Marks++
	})
	s.Changed()
	for _, p := range []*tab{first, second} {
		p.until(func() bool {
			return p.sample.Produced == 99 && p.hello.State == wire.StateRest && p.seen[wire.KindHistory] > 1
		})
		require.Contains(t, p.fragments["verdict"], "Changed")
	}
	require.Equal(t, first.fragments, second.fragments)
}

func TestOnlyWhatChangedIsSent(t *testing.T) {
	s := serve(t, death(), "")
	p := s.open()
	p.until(p.complete)
	before := map[wire.Kind]int{}
	for kind, n := range p.seen {
		before[kind] = n
	}
	for i := range uint64(20) {
		s.run.change(func(v *run.View) { v.Sample.Produced = i + 1 })
		s.Changed()
		p.until(func() bool { return p.sample.Produced == i+1 })
	}
	require.Equal(t, before[wire.KindHello], p.seen[wire.KindHello])
	require.Equal(t, before[wire.KindHistory], p.seen[wire.KindHistory])
	require.Equal(t, before[wire.KindFragment], p.seen[wire.KindFragment])
}

func TestAWatcherMayNotSteer(t *testing.T) {
	s := serve(t, death(), testToken)
	watching, steering, wrong := s.open(), s.open("Cookie: spillway_token="+testToken), s.open("Cookie: spillway_token=WRONG")
	for p, may := range map[*tab]bool{watching: false, steering: true, wrong: false} {
		p.until(p.complete)
		require.Equal(t, may, p.hello.Steer)
	}
	s.run.change(func(v *run.View) { v.State = wire.StateWaiting })
	s.Changed()
	for p, may := range map[*tab]bool{watching: false, steering: true, wrong: false} {
		p.until(func() bool { return p.hello.State == wire.StateWaiting })
		require.Equal(t, may, p.hello.Steer)
	}
}

func TestReadersAreTakenOver(t *testing.T) {
	s := serve(t, death(), "")
	p := s.open()
	report := wire.Reader{Lane: "pull", Gaps: 3, LastSeq: 17}
	p.send(websocket.BinaryMessage, wire.Append(nil, &report))
	require.Eventually(t, func() bool { return len(s.run.reported()) == 1 }, patience, time.Millisecond)
	require.Equal(t, report, s.run.reported()[0])
	require.NoError(t, p.conn.Close())
	require.Eventually(t, func() bool { return len(s.run.reported()) == 0 && s.run.watching() == 0 }, patience, time.Millisecond)
	require.Empty(t, s.log.String(), "a page that leaves is nothing to log")
}

func TestPagesThatMisbehave(t *testing.T) {
	ok := wire.Append(nil, &wire.Reader{Lane: "pull"})
	for name, c := range map[string]struct {
		kind int
		data []byte
		code int
		log  string
	}{
		"text":          {websocket.TextMessage, []byte("hello"), websocket.CloseUnsupportedData, "a text message"},
		"empty":         {websocket.BinaryMessage, nil, websocket.ClosePolicyViolation, "malformed"},
		"garbage":       {websocket.BinaryMessage, []byte{1, 16, 255, 255, 255, 255}, websocket.ClosePolicyViolation, "malformed"},
		"other version": {websocket.BinaryMessage, append([]byte{9}, ok[1:]...), websocket.ClosePolicyViolation, "malformed"},
		"our own frame": {websocket.BinaryMessage, wire.Append(nil, &wire.Hello{}), websocket.ClosePolicyViolation, "malformed"},
		"too much":      {websocket.BinaryMessage, append(ok, 0), websocket.ClosePolicyViolation, "malformed"},
		"too large":     {websocket.BinaryMessage, make([]byte, 1<<20), websocket.CloseMessageTooBig, "read limit"},
		"unknown lane":  {websocket.BinaryMessage, wire.Append(nil, &wire.Reader{Lane: "nobody"}), websocket.ClosePolicyViolation, "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, death(), "")
			good := s.open()
			good.until(good.complete)
			bad := s.open()
			_ = bad.conn.WriteMessage(c.kind, c.data) // the hub may hang up while it is being sent
			require.Equal(t, c.code, bad.closed().Code)
			require.Eventually(t, func() bool { return strings.Contains(s.log.String(), c.log) }, patience, time.Millisecond, "%s", s.log)
			require.Eventually(t, func() bool { return s.run.watching() == 1 }, patience, time.Millisecond)

			s.run.change(func(v *run.View) { v.Sample.Produced = 7 })
			s.Changed()
			good.until(func() bool { return good.sample.Produced == 7 })
		})
	}
}

// stall opens a page that takes nothing.
func (s *served) stall() *tab {
	return s.openWith(&websocket.Dialer{NetDialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			err = tcp.SetReadBuffer(4 << 10)
		}
		return conn, err
	}})
}

func TestAStalledPageGetsTheNewestSampleAndDelaysNobody(t *testing.T) {
	f := death()
	for i := range 14 { // a large sample fills the kernel's buffers soon
		f.view.Sample.Lanes = append(f.view.Sample.Lanes, f.view.Sample.Lanes[i%2])
		f.view.Lanes = append(f.view.Lanes, f.view.Lanes[i%2])
	}
	s := serve(t, f, "")
	stalled, good := s.stall(), s.open()
	const samples = 1000
	for i := range uint64(samples) {
		s.run.change(func(v *run.View) { v.Sample.Produced = i + 1 })
		s.Changed()
		good.until(func() bool { return good.sample.Produced == i+1 })
	}
	s.hub.mu.Lock()
	for v := range s.hub.viewers {
		require.LessOrEqual(t, len(v.take()), 3+len(s.hub.fragments), "one of each kind at most")
	}
	s.hub.mu.Unlock()
	s.run.change(func(v *run.View) { v.Sample.Produced = samples + 1 })
	s.Changed()
	stalled.until(func() bool { return stalled.sample.Produced == samples+1 })
	require.Less(t, stalled.seen[wire.KindSample], samples/2, "not a queue of old ones")
}

func TestAViewerKeepsTheNewestOfEachKind(t *testing.T) {
	v := &viewer{ready: make(chan struct{}, 1), fragments: make(map[string][]byte)}
	for i := range byte(100) {
		v.offer([]byte{1, i}, []byte{2, i}, map[string][]byte{"a": {3, i}}, []byte{4, i})
		v.offer(nil, nil, nil, nil)
	}
	require.Equal(t, [][]byte{{1, 99}, {2, 99}, {3, 99}, {4, 99}}, v.take(), "in the order in which a page needs them")
	require.Empty(t, v.take())
}

func TestTheHubIsFull(t *testing.T) {
	s := serve(t, stopped(), "")
	s.hub.mu.Lock()
	for range maxViewers {
		s.hub.viewers[newBareViewer()] = true
	}
	s.hub.mu.Unlock()
	_, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.url, "http")+"/hub", nil)
	require.ErrorIs(t, err, websocket.ErrBadHandshake)
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), fmt.Sprintf("%d pages are open already", maxViewers))

	require.EqualError(t, s.hub.enter(newBareViewer()), fmt.Sprintf("%d pages are open already", maxViewers), "nor at the last moment")
	s.hub.mu.Lock()
	clear(s.hub.viewers)
	s.hub.mu.Unlock()
	p := s.open()
	p.until(p.complete)
}

// newBareViewer is a viewer that nobody serves.
func newBareViewer() *viewer {
	return &viewer{ready: make(chan struct{}, 1), ended: make(chan struct{}), fragments: make(map[string][]byte)}
}

func TestTheHubClosesEverybodyAtOnce(t *testing.T) {
	log := &logbook{}
	s, err := New(Options{Control: death(), Static: emptyFS{}, Loopback: true, Log: newLog(log)})
	require.NoError(t, err)
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	var pump sync.WaitGroup
	pump.Go(func() { s.Run(ctx) })
	w := &served{Site: s, t: t, run: s.o.Control.(*fakeRun), log: log, url: server.URL}
	var pages []*tab
	for range 5 {
		w.stall()
		pages = append(pages, w.open())
	}
	require.Eventually(t, func() bool { return w.run.watching() == 10 }, patience, time.Millisecond)
	cancel()
	pump.Wait()
	require.Zero(t, w.run.watching(), "Run has waited for all of them")
	for _, p := range pages {
		require.Equal(t, websocket.CloseGoingAway, p.closed().Code)
	}
	_, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+"/hub", nil)
	require.ErrorIs(t, err, websocket.ErrBadHandshake)
	require.Equal(t, http.StatusServiceUnavailable, response.StatusCode)
}

func TestReloadsLeaveNothingBehind(t *testing.T) {
	s := serve(t, death(), "")
	first := s.open()
	first.until(first.complete)
	before := runtime.NumGoroutine()
	for range 50 {
		p := s.open()
		p.send(websocket.BinaryMessage, wire.Append(nil, &wire.Reader{Lane: "pull"}))
		p.next()
		require.NoError(t, p.conn.Close())
	}
	require.Eventually(t, func() bool {
		return s.run.watching() == 1 && runtime.NumGoroutine() <= before+2 /* Eventually has its own */
	}, patience, 5*time.Millisecond)
	require.Empty(t, s.run.reported())
}
