package site

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/heap"
	"spillway/server/internal/replay"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// heapFileOf is a profile with bytes where messages are taken from the broker, and a fixed
// connection to it.
func heapFileOf(t *testing.T, bytesOfMessages int64) []byte {
	t.Helper()
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"}},
		PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Period: heap.SampleEvery,
	}
	add := func(objects, size int64, functions ...string) {
		s := &profile.Sample{Value: []int64{objects, size}}
		for i, name := range functions {
			f := &profile.Function{ID: uint64(len(p.Function) + 1), Name: name, Filename: "/src/folder/file.go"}
			l := &profile.Location{ID: f.ID, Line: []profile.Line{{Function: f, Line: int64(10 + i)}}}
			p.Function, p.Location = append(p.Function, f), append(p.Location, l)
			s.Location = append(s.Location, l)
		}
		p.Sample = append(p.Sample, s)
	}
	add(100, bytesOfMessages, "lib/proto.(*Reader).read<b>", "spillway/server/internal/source.(*pubSub).Next")
	add(2, 1<<20, "bufio.NewReaderSize", "spillway/server/internal/source.connect")
	add(1, 2<<10, "spillway/server/internal/strategy.(*queue).push")
	var out bytes.Buffer
	require.NoError(t, p.Write(&out))
	return out.Bytes()
}

// snapshots is a site whose lanes answer with these profiles, one after the
// other, and then not at all.
func snapshots(t *testing.T, f *fakeRun, token string, files ...[]byte) *served {
	t.Helper()
	s := serve(t, f, token)
	s.heaps.fetch = func(_ context.Context, host string, port int) ([]byte, error) {
		require.Equal(t, "192.0.2.1", host, "lanes need not listen on loopback")
		require.Equal(t, 4002, port, "the lane that lives")
		if len(files) == 0 {
			return nil, errors.New("fetch heap profile: connection refused")
		}
		next := files[0]
		files = files[1:]
		return next, nil
	}
	return s
}

// tapeReplay is a recording that stands at its beginning.
type tapeReplay struct{}

func (tapeReplay) State() replay.State    { return replay.State{} }
func (tapeReplay) Seek(time.Duration)     {}
func (tapeReplay) SetSpeed(float64) error { return nil }

const html = "Accept: text/html"

func TestTakeAHeapSnapshot(t *testing.T) {
	f := death()
	file := heapFileOf(t, 9<<20)
	s := snapshots(t, f, "", file, heapFileOf(t, 40<<20))
	empty := s.ask("GET", "/lanes/pull/heap", "", html)
	require.Equal(t, http.StatusOK, empty.status)
	require.Contains(t, empty.body, "Take a heap snapshot")
	require.Contains(t, empty.body, "No snapshot has been taken yet")

	f.change(func(v *run.View) { v.Sample.Lanes[1].BacklogBytes = 8 << 20 })
	a := s.ask("POST", "/api/run/lanes/pull/heap", "")
	require.Equal(t, http.StatusOK, a.status, a.body)
	var got heapJSON
	require.NoError(t, json.Unmarshal([]byte(a.body), &got))
	require.Equal(t, "pull", got.Lane)
	require.Equal(t, "RUN", got.Run)
	require.InDelta(t, 25, got.AtSeconds, 0)
	require.Equal(t, uint64(40<<20), got.RSSBytes)
	require.Equal(t, uint64(5<<20), got.HeapInUseBytes)
	require.Equal(t, int64(10<<20+2<<10), got.ProfileBytes)
	require.Equal(t, "proto.(*Reader).read<b>", got.Sites[0].Function)
	require.Equal(t, "source.(*pubSub).Next, folder/file.go:11", got.Sites[0].From)
	require.InDelta(t, .9, got.Sites[0].Share, .001)
	require.Equal(t, "90 % of the heap in use was allocated where messages are taken from the broker: they wait in this lane, whose backlog was 8.0 MiB at that moment.", got.Sentence)

	down := s.ask("GET", got.Download, "")
	require.Equal(t, file, []byte(down.body))
	require.Equal(t, `attachment; filename="pull-heap-RUN-00-25-1.pb.gz"`, down.header.Get("Content-Disposition"))

	f.change(func(v *run.View) { v.Elapsed *= 2; v.Sample.Lanes[1].BacklogBytes = 12 })
	form := s.ask("POST", "/api/run/lanes/pull/heap", "", html)
	require.Equal(t, http.StatusSeeOther, form.status)
	require.Equal(t, "/lanes/pull/heap", form.header.Get("Location"))
	page := s.ask("GET", "/lanes/pull/heap?snapshot=2&with=1", "", html).body
	require.Contains(t, page, "on their way, as the backlog was only 12 B")
	require.Contains(t, page, "From #1 at 00:25 to #2 at 00:50 the heap in use went from 10.0 MiB to 41.0 MiB (+31.0 MiB). Most of what grew was allocated where messages are taken from the broker: +31.0 MiB.")
	require.Contains(t, page, "read&lt;b&gt;")
	require.Contains(t, page, "go tool pprof pull-heap-RUN-00-50-2.pb.gz")
	require.NotContains(t, page, "restarted")
	backwards := s.ask("GET", "/lanes/pull/heap?snapshot=1&with=2", "", html).body
	require.Contains(t, backwards, "From #1 at 00:25 to #2 at 00:50", "time goes one way")

	var list struct{ Snapshots []heapJSON }
	require.NoError(t, json.Unmarshal([]byte(s.ask("GET", "/api/run/lanes/pull/heap", "").body), &list))
	require.Len(t, list.Snapshots, 2)
	require.Equal(t, 2, list.Snapshots[0].ID)

	gone := s.ask("POST", "/api/run/lanes/pull/heap", "")
	require.Equal(t, http.StatusBadGateway, gone.status)
	require.Contains(t, gone.body, "connection refused")
}

// What was taken of a lane outlives it.
func TestHeapSnapshotsOfALaneThatEnded(t *testing.T) {
	f := death()
	s := snapshots(t, f, "", heapFileOf(t, 9<<20), heapFileOf(t, 9<<20), heapFileOf(t, 9<<20))
	dead := s.ask("POST", "/api/run/lanes/push/heap", "")
	require.Equal(t, http.StatusConflict, dead.status)
	require.Contains(t, dead.body, "the lane does not run: killed, exit code 137")
	require.Contains(t, s.ask("GET", "/lanes/push/heap", "", html).body, "push does not run (killed, exit code 137)")

	take := func(change func(*run.View)) {
		f.change(change)
		require.Equal(t, http.StatusOK, s.ask("POST", "/api/run/lanes/pull/heap", "").status)
	}
	take(func(*run.View) {})
	take(func(v *run.View) { v.Lanes[1].PID = 78 })
	page := s.ask("GET", "/lanes/pull/heap?snapshot=2&with=1", "", html).body
	require.Contains(t, page, "before the lane was restarted")
	require.Contains(t, page, "its heap began anew")
	take(func(v *run.View) { v.RunID = "NEXT"; v.Scenario.Title = "Another" })
	page = s.ask("GET", "/lanes/pull/heap?snapshot=3&with=1", "", html).body
	require.Contains(t, page, "of an earlier run, “Lesson one”")
	require.Contains(t, page, "They are of two runs.")

	f.change(func(v *run.View) {
		v.Lanes[1].PID, v.Lanes[1].State, v.Lanes[1].Status = 0, wire.StateStopped, "stopped"
	})
	page = s.ask("GET", "/lanes/pull/heap", "", html).body
	require.Contains(t, page, "No snapshot can be taken now")
	require.NotContains(t, page, "Take a heap snapshot")
	require.Contains(t, page, "#3 at 00:25")
	f.change(func(v *run.View) { v.Lanes, v.Sample.Lanes = v.Lanes[:1], v.Sample.Lanes[:1] })
	require.Contains(t, s.ask("GET", "/lanes/pull/heap", "", html).body, "not part of the run any more")
}

func TestHeapSnapshotsAreRefused(t *testing.T) {
	s := snapshots(t, death(), "", []byte("no profile"), heapFileOf(t, 1))
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/lanes/other/heap", http.StatusNotFound},
		{"GET", "/api/run/lanes/other/heap", http.StatusNotFound},
		{"POST", "/api/run/lanes/other/heap", http.StatusNotFound},
		{"POST", "/api/run/lanes/pull/heap", http.StatusBadGateway}, // what is no profile
		{"POST", "/api/run/lanes/pull/heap", http.StatusOK},
		{"GET", "/lanes/pull/heap/1.pb.gz", http.StatusOK},
		{"GET", "/lanes/pull/heap/1", http.StatusNotFound},
		{"GET", "/lanes/pull/heap/2.pb.gz", http.StatusNotFound},
		{"GET", "/lanes/push/heap/1.pb.gz", http.StatusNotFound},
		{"GET", "/lanes/pull/heap?snapshot=7", http.StatusNotFound},
		{"GET", "/lanes/pull/heap?snapshot=x", http.StatusNotFound},
		{"GET", "/lanes/pull/heap?with=7", http.StatusNotFound},
	} {
		require.Equal(t, c.status, s.ask(c.method, c.path, "").status, "%s %s", c.method, c.path)
	}
	require.Equal(t, http.StatusForbidden, s.ask("POST", "/api/run/lanes/pull/heap", "", "Origin: http://evil.example").status)

	s.heaps.busy.Lock()
	busy := s.ask("POST", "/api/run/lanes/pull/heap", "")
	require.Equal(t, http.StatusConflict, busy.status)
	require.Contains(t, busy.body, "another snapshot is being taken")

	watching := snapshots(t, death(), testToken, heapFileOf(t, 1))
	for _, path := range []string{"/lanes/pull/heap", "/lanes/pull/heap/1.pb.gz", "/api/run/lanes/pull/heap"} {
		require.Equal(t, http.StatusForbidden, watching.ask("GET", path, "").status, path)
	}
	require.Equal(t, http.StatusForbidden, watching.ask("POST", "/api/run/lanes/pull/heap", "").status)
	require.Equal(t, http.StatusOK, watching.ask("POST", "/api/run/lanes/pull/heap", "", "Authorization: Bearer "+testToken).status)

	tape := serve(t, death(), "", func(o *Options) { o.Replay = tapeReplay{} })
	a := tape.ask("GET", "/lanes/pull/heap", "")
	require.Equal(t, http.StatusConflict, a.status)
	require.Contains(t, a.body, "This is a recording")
	require.NotContains(t, tape.ask("GET", "/", "", html).body, "/lanes/pull/heap")
	require.Contains(t, s.ask("GET", "/", "", html).body, `href="/lanes/pull/heap"`)
}

func TestHeapSentences(t *testing.T) {
	at := func(part heap.Part, bytes int64, backlog uint64) string {
		return heapSentence(heap.Snapshot{Backlog: backlog, Profile: heap.Profile{Bytes: 2 * bytes, Sites: []heap.Site{{Part: part, Bytes: bytes}}}})
	}
	require.Equal(t, "The profile shows nothing in use.", heapSentence(heap.Snapshot{}))
	require.Equal(t, "50 % of the heap in use was allocated for the connections of readers. That grows with the number of readers, not with what they leave unread.", at(heap.Readers, 4<<20, 0))
	require.Contains(t, at(heap.Strategy, 4<<20, 2<<20), "by the strategy itself; the backlog was 2.0 MiB")
	require.Contains(t, at(heap.Messages, 4<<10, 0), "mostly chance")
}

func TestGrowthShowsBothEnds(t *testing.T) {
	var before, after heap.Snapshot
	for i := range 40 {
		site := heap.Site{Place: heap.Place{Function: "f" + strconv.Itoa(i)}, Bytes: 100}
		before.Sites = append(before.Sites, site)
		site.Bytes += int64(i - 20)
		after.Sites = append(after.Sites, site)
	}
	g := heapGrowth(before, after, after)
	require.Len(t, g.Sites, heapRows)
	require.Equal(t, "+19 B", g.Sites[0].Bytes)
	require.Equal(t, "−20 B", g.Sites[heapRows-1].Bytes)
	require.Equal(t, "27 lines of code that changed less are not shown.", g.Rest)
}
