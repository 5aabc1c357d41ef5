package site

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/client"
	"spillway/server/internal/library"
	"spillway/server/internal/run"
	"spillway/server/internal/sample"
	"spillway/server/internal/supervisor"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
	"spillway/web"
)

// fakeRun is a run that stands still and writes down what is asked of it.
type fakeRun struct {
	mu      sync.Mutex
	view    run.View
	history wire.History
	calls   []string
	patches []run.Patch
	err     error // of whatever can fail
	viewers int
	readers map[uint64]wire.Reader
}

func (f *fakeRun) note(call string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	return f.err
}

func (f *fakeRun) called() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

func (f *fakeRun) View() run.View {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.view
}

func (f *fakeRun) History() wire.History {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.history
}

// change changes what the run shows.
func (f *fakeRun) change(do func(*run.View)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do(&f.view)
}

func (f *fakeRun) Start()           { _ = f.note("start") }
func (f *fakeRun) Stop()            { _ = f.note("stop") }
func (f *fakeRun) Reset()           { _ = f.note("reset") }
func (f *fakeRun) Wake()            { _ = f.note("wake") }
func (f *fakeRun) PlaySteps() error { return f.note("play steps") }
func (f *fakeRun) Continue() error  { return f.note("continue") }
func (f *fakeRun) StopSteps() error { return f.note("stop steps") }

func (f *fakeRun) Patch(p run.Patch) error {
	f.mu.Lock()
	f.patches = append(f.patches, p)
	f.mu.Unlock()
	return f.note("patch")
}

func (f *fakeRun) Play(s script.Scenario, steps bool) error {
	return f.note(fmt.Sprintf("play %s %v", s.Name, steps))
}
func (f *fakeRun) RestartLane(name string) error { return f.note("restart " + name) }

func (f *fakeRun) Join() func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.viewers++
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.viewers--
	}
}

func (f *fakeRun) watching() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.viewers
}

func (f *fakeRun) Reader(tab uint64, r wire.Reader) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.ContainsFunc(f.view.Lanes, func(l run.LaneView) bool { return l.Name == r.Lane }) {
		return run.ErrNoLane
	}
	if f.readers == nil {
		f.readers = make(map[uint64]wire.Reader)
	}
	f.readers[tab] = r
	return nil
}

func (f *fakeRun) ReaderGone(tab uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.readers, tab)
}

func (f *fakeRun) reported() []wire.Reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []wire.Reader
	for _, r := range f.readers {
		out = append(out, r)
	}
	return out
}

func lesson(name string) script.Scenario {
	return script.Scenario{
		Name: name, Version: 1, Title: "Lesson " + name, Statement: "Same messages.", Question: "Which one?",
		Lanes: script.Lanes{
			{Name: "push", Source: "redis-pubsub", Strategy: "push-buffered", Transport: "sse"},
			{Name: "pull", Source: "redis-stream", Strategy: "pull-drain", Transport: "sse"},
		},
		Workload: script.Workload{Kind: "fixed", Rate: 10, Size: 4 << 10},
		Readers: script.Readers{
			{Name: "slow", Count: 200, Throttle: script.NoThrottle},
			{Name: "healthy", Count: 10, Throttle: script.NoThrottle, Steady: true},
		},
	}
}

// lessonFile is the same as a file, with steps and a note for the speaker.
func lessonFile(name string) []byte {
	return []byte(`version: 1
title: Lesson ` + name + `
lanes:
  push: {source: redis-pubsub, strategy: push-buffered, transport: sse}
  pull: {source: redis-stream, strategy: pull-drain, transport: sse}
workload: {kind: fixed, rate: 10/s, size: 4KiB}
readers:
  slow: {count: 200}
  healthy: {count: 10, steady: true}
steps:
  - at: 1s
    say: They are slow now.
    note: Do not tell them.
    set: {throttle: 4KB/s}
thresholds:
  gaps{lane:pull}: count == 0
`)
}

// began is when the run of the tests began.
var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// death is a run some seconds after push was killed.
func death() *fakeRun {
	scenario := lesson("one")
	exit := &supervisor.Exit{
		Code: 137, Signal: "SIGKILL", Reason: supervisor.ReasonLimit, At: began.Add(21 * time.Second),
		Last: sample.ProcSample{RSSBytes: 257 << 20}, LimitBytes: 256 << 20, LogTail: []string{"the last line"},
	}
	return &fakeRun{
		view: run.View{
			RunID: "RUN", Scenario: scenario, State: wire.StateRunning, StartedAt: began, Elapsed: 25 * time.Second,
			Settings: run.Settings{
				RatePerSecond: 10, SizeBytes: 4096,
				Readers: map[string]run.GroupSettings{
					"slow":    {Count: 200, Throttle: run.Throttle(throttle.Unlimited)},
					"healthy": {Count: 10, Throttle: run.Throttle(throttle.Unlimited)},
					"you":     {Count: 1, Throttle: run.Throttle(throttle.Unlimited)},
				},
				Lanes: map[string]run.LaneSettings{
					"push": {Throttle: 4000, LimitBytes: 256 << 20},
					"pull": {Throttle: run.Throttle(throttle.Unlimited), LimitBytes: 256 << 20},
				},
			},
			Sample: wire.Sample{
				TakenAtMicros: began.UnixMicro(), ElapsedMicros: 25e6, State: wire.StateRunning,
				Produced: 52_500, BrokerRSS: 90 << 20, BrokerUsed: 80 << 20, BrokerLimit: 1 << 30,
				Lanes: []wire.LaneSample{
					{State: wire.StateKilled, ExitCode: 137, RSS: 257 << 20, Limit: 256 << 20, Delivered: 1000, Gaps: 3},
					{
						State: wire.StateRunning, RSS: 40 << 20, Limit: 256 << 20, HeapInUse: 5 << 20, HeapTotal: 9 << 20,
						Live: 4 << 20, OutsideHeap: 2 << 20, Readers: 210, Goroutines: 640, BacklogCount: 12, BacklogBytes: 49_152,
						OldestMicros: 1_500_000, Stalled: 200, StallMicros: 2_250_000, Delivered: 12_345, PerSecond: 678,
						BytesPerSec: 910_111, HealthyP50: 1_000, HealthyP99: 12_000, SlowP50: 9_000_000,
					},
				},
			},
			Lanes: []run.LaneView{
				{
					Name: "push", Plan: scenario.Lanes[0], State: wire.StateKilled, Status: "killed, exit code 137",
					Say: "Killed.", Port: 4001, ReadPort: 4001, Exit: exit, Throttle: 4000, Yours: 4000, Channel: "you",
				},
				{
					Name: "pull", Plan: scenario.Lanes[1], State: wire.StateRunning, Status: "running",
					Say: "Keeps up.", PID: 77, Host: "192.0.2.1", Port: 4002, ReadPort: 4002, Throttle: throttle.Unlimited, Yours: throttle.Unlimited, Channel: "you",
				},
			},
			Log: []run.Entry{
				{At: 0, Text: "2 lanes."},
				{At: 21 * time.Second, Text: "push was killed <b>.", Grave: true},
			},
			Verdict: run.Verdict{Title: "push ran out of memory.", Actions: []string{"restart:push", "reset"}},
			Broker:  run.BrokerEmbedded, Lost: 4,
		},
		history: wire.History{Lanes: []wire.LaneHistory{
			{Points: []wire.HistoryPoint{{ElapsedMicros: 1e6, RSS: 1 << 20}}, Marks: []wire.HistoryMark{{ElapsedMicros: 21e6, Label: "x"}}},
			{Points: []wire.HistoryPoint{{ElapsedMicros: 1e6, RSS: 2 << 20}}},
		}},
	}
}

// logbook keeps what the site logs.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

const clientText = "not really WASM, but long enough to be worth packing: aaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func packed(t *testing.T) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	_, err := io.WriteString(w, clientText)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.Bytes()
}

// served is a site that is being served.
type served struct {
	*Site
	t   *testing.T
	run *fakeRun
	log *logbook
	url string
}

const testToken = "SESAME"

// serve serves a site on loopback; with a token as if it were not.
func serve(t *testing.T, f *fakeRun, token string, with ...func(*Options)) *served {
	t.Helper()
	log := &logbook{}
	vocabulary := run.Vocabulary(1 << 30)
	lessons, err := library.New(library.Options{
		BuiltIn: fstest.MapFS{
			"one.yaml":    {Data: lessonFile("one")},
			"two.yaml":    {Data: lessonFile("two")},
			"broken.yaml": {Data: []byte("version: 1\ntitel: Broken\n")},
		},
		Default: "one", Vocabulary: vocabulary,
	})
	require.NoError(t, err)
	o := Options{
		Control: f, Client: client.Files{Hash: "h", WASM: packed(t), Exec: []byte("glue")}, Static: web.Static(),
		Library: lessons, Vocabulary: vocabulary,
		Loopback: token == "", Token: token,
		Log: newLog(log),
	}
	for _, change := range with {
		change(&o)
	}
	s, err := New(o)
	require.NoError(t, err)
	server := httptest.NewServer(s.Handler())
	ctx, cancel := context.WithCancel(context.Background())
	var pump sync.WaitGroup
	pump.Go(func() { s.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		pump.Wait()
		server.Close()
	})
	return &served{s, t, f, log, server.URL}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request. A header "Host: x" sets the Host. Redirects are not
// followed.
func (s *served) ask(method, path, body string, headers ...string) answer {
	s.t.Helper()
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		} else {
			r.Header.Set(name, value)
		}
	}
	c := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := c.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return answer{response.StatusCode, response.Header, string(text)}
}

// emptyFS has no files.
type emptyFS struct{}

func (emptyFS) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func newLog(to io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(to, nil)) }
