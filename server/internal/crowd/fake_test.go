package crowd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/wasm/wire"
)

const laneURL = "http://lane.test/stream"

var quiet = slog.New(slog.DiscardHandler)

func ptr[T any](v T) *T { return &v }

// fakeLane serves streams over pipes, which hold nothing: what a reader does not
// read, the lane has not written.
type fakeLane struct {
	gap    time.Duration
	size   int
	served sync.WaitGroup

	mu       sync.Mutex
	seq      map[string]uint64 // by reader, written last
	written  map[string]uint64 // bytes of body, by reader
	lastIDs  []string          // Last-Event-ID of every request
	asked    []string          // channel of every request
	spoken   []string          // transport of every request
	lasts    []string          // last sequence in the query of every request
	ids      []string          // of the connection of every request
	most     uint64            // messages asked for and not sent, at their highest
	conns    map[net.Conn]bool
	refuse   bool
	accepted int
}

// newFakeLane serves one event of size bytes every gap on each connection. The
// test waits for its goroutines after everything that is started later.
func newFakeLane(t *testing.T, gap time.Duration, size int) *fakeLane {
	l := &fakeLane{gap: gap, size: size, seq: map[string]uint64{}, written: map[string]uint64{}, conns: map[net.Conn]bool{}}
	t.Cleanup(l.served.Wait)
	return l
}

// do runs f with the lane to itself.
func (l *fakeLane) do(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// cut ends every connection.
func (l *fakeLane) cut() {
	l.do(func() {
		for c := range l.conns {
			c.Close()
		}
	})
}

func (l *fakeLane) dial(context.Context, string, string) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse {
		return nil, errors.New("connection refused")
	}
	l.accepted++
	client, server := net.Pipe()
	l.conns[server] = true
	l.served.Go(func() { l.serve(server) })
	return client, nil
}

func (l *fakeLane) serve(c net.Conn) {
	defer l.do(func() { delete(l.conns, c) })
	defer c.Close()
	in := bufio.NewReader(c)
	r, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	name := r.URL.Query().Get("reader")
	l.do(func() {
		l.asked = append(l.asked, name)
		l.lastIDs = append(l.lastIDs, r.Header.Get("Last-Event-ID"))
		l.spoken = append(l.spoken, r.URL.Query().Get("transport"))
		l.lasts = append(l.lasts, r.URL.Query().Get("last"))
		l.ids = append(l.ids, r.URL.Query().Get("conn"))
	})
	out, err := l.answer(c, in, r)
	if err != nil {
		return
	}
	for {
		time.Sleep(l.gap)
		var seq uint64
		var size int
		l.do(func() { l.seq[name]++; seq, size = l.seq[name], l.size })
		n, err := out.Write(event(seq, size))
		l.do(func() { l.written[name] += uint64(n) })
		if err != nil {
			return
		}
	}
}

// event is an event of exactly size bytes, on a channel where all are.
func event(seq uint64, size int) []byte {
	b := []byte("id: " + strconv.FormatUint(seq, 10) + "\ndata: ")
	b = wire.AppendHeader(b, wire.Header{Seq: seq, AtMicros: time.Now().UnixMicro(), Pos: (seq - 1) * uint64(size)})
	b = append(b, `"pad":"`...)
	for len(b) < size-4 {
		b = append(b, 'x')
	}
	return append(b, "\"}\n\n"...)
}

// fakeLink is the server's end of a crowd.
type fakeLink struct {
	commands chan json.RawMessage
	mu       sync.Mutex
	last     Report
	full     map[string]CellReport // by lane/group, the newest with Read and Ages
	told     []Report              // those with rows
}

func newFakeLink() *fakeLink {
	return &fakeLink{commands: make(chan json.RawMessage), full: map[string]CellReport{}}
}

func (l *fakeLink) Ready(any) error                  { return nil }
func (l *fakeLink) Commands() <-chan json.RawMessage { return l.commands }

func (l *fakeLink) Report(v any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = v.(Report)
	if l.last.Cells[0].RowsAt != 0 {
		l.told = append(l.told, l.last)
	}
	for _, c := range l.last.Cells {
		if c.Read != nil {
			l.full[c.Lane+"/"+c.Group] = c
		}
	}
	return nil
}

// cell is the newest report on a cell.
func (l *fakeLink) cell(lane, group string) CellReport {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.last.Cells {
		if c.Lane == lane && c.Group == group {
			return c
		}
	}
	return CellReport{}
}

// lastFull is the newest report on a cell that carries Read and Ages.
func (l *fakeLink) lastFull(lane, group string) CellReport {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.full[lane+"/"+group]
}

func (l *fakeLink) lastRead(lane, group string) map[string]uint64 {
	return l.lastFull(lane, group).Read
}

func (l *fakeLink) send(c Command) {
	line, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	l.commands <- line
}

// startCrowd runs a crowd until the test's end.
func startCrowd(t testing.TB, cfg Config, dial dialFunc) (link *fakeLink, stop func()) {
	t.Helper()
	link = newFakeLink()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- run(ctx, cfg, link, quiet, dial) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.ErrorIs(t, <-result, context.Canceled)
	})
	t.Cleanup(stop)
	return link, stop
}
