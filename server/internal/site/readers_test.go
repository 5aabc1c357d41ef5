package site

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/account"
	"spillway/server/internal/lane"
	"spillway/server/internal/run"
)

// fakeReaders are readers that stand still.
type fakeReaders struct {
	mu      sync.Mutex
	lines   []account.Line
	err     error
	watched []uint64
}

func (f *fakeReaders) Readers(string) ([]account.Line, error) { return f.lines, f.err }

func (f *fakeReaders) Watch(_ string, ids []uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.watched = ids
}

func line(i int, row lane.Row) account.Line {
	row.ID = uint64(i)
	return account.Line{Reader: fmt.Sprintf("slow-%d", i), Channel: fmt.Sprintf("slow-%d", i), Row: row, Connected: true}
}

func withReaders(f *fakeReaders) func(*Options) { return func(o *Options) { o.Readers = f } }

var rowOfReader = regexp.MustCompile(`data-reader="([^"]+)"`)

func shownReaders(body string) (names []string) {
	for _, m := range rowOfReader.FindAllStringSubmatch(body, -1) {
		names = append(names, m[1])
	}
	return names
}

func TestReadersAreSorted(t *testing.T) {
	a, b, c := line(1, lane.Row{WriteMicros: 9e6, ShutMicros: 12_300_000}), line(2, lane.Row{}), line(3, lane.Row{WriteMicros: 2e6})
	a.Backlog, b.Lost, c.Gaps, b.Broker = 7<<20, 4096, 5, 1<<20
	a.SendQueue, c.InFlight, c.Held = 30<<10, 20<<10, 20<<10
	f := &fakeReaders{lines: []account.Line{a, b, c}}
	s := serve(t, death(), "", withReaders(f))
	for sort, want := range map[string]string{
		"": "slow-3 slow-1 slow-2", "stall": "slow-3 slow-1 slow-2", "nonsense": "slow-3 slow-1 slow-2", "reader": "slow-1 slow-2 slow-3",
		"window": "slow-1 slow-2 slow-3", "queue": "slow-1 slow-2 slow-3", "between": "slow-3 slow-1 slow-2", "backlog": "slow-1 slow-2 slow-3",
		"broker": "slow-2 slow-1 slow-3", "gaps": "slow-3 slow-1 slow-2", "lost": "slow-2 slow-1 slow-3",
	} {
		got := s.ask("GET", "/lanes/pull/readers?sort="+sort, "", "Accept: text/html")
		require.Equal(t, http.StatusOK, got.status)
		require.Equal(t, want, strings.Join(shownReaders(got.body), " "), sort)
		require.Equal(t, want, strings.Join(shownReaders(s.ask("GET", "/lanes/pull/readers/rows?sort="+sort, "").body), " "), sort)
		require.Equal(t, 1, strings.Count(got.body, `aria-sort="ascending"`)+strings.Count(got.body, `aria-sort="descending"`), sort)
	}
	body := s.ask("GET", "/lanes/pull/readers", "", "Accept: text/html").body
	for _, want := range []string{"reader’s window is shut, 12.3 s", ">open<", ">7.0 MiB<", ">3 readers<"} {
		require.Contains(t, strings.ReplaceAll(body, "\n", ""), want)
	}
	require.ElementsMatch(t, []uint64{1, 2, 3}, f.watched)
}

func TestNoMoreReadersThanFit(t *testing.T) {
	f := &fakeReaders{}
	for i := range 210 {
		f.lines = append(f.lines, line(i+1, lane.Row{}))
	}
	s := serve(t, death(), "", withReaders(f))
	body := s.ask("GET", "/lanes/pull/readers/rows", "").body
	require.Len(t, shownReaders(body), 64)
	require.Contains(t, body, "64 of 210 shown")
	require.Len(t, f.watched, 64)
}

func TestReadersThatCannotBeShown(t *testing.T) {
	f := &fakeReaders{}
	s := serve(t, death(), "", withReaders(f))
	require.Equal(t, http.StatusNotFound, s.ask("GET", "/lanes/nonsense/readers", "", "Accept: text/html").status)
	require.Contains(t, s.ask("GET", "/lanes/pull/readers", "", "Accept: text/html").body, "Nobody reads yet.")

	f.watched = []uint64{9}
	dead := s.ask("GET", "/lanes/push/readers", "", "Accept: text/html")
	require.Equal(t, http.StatusOK, dead.status)
	require.Contains(t, dead.body, "push does not run (killed, exit code 137).")
	require.Equal(t, []uint64{9}, f.watched, "nobody can be watched in a lane that has ended")

	f.err = run.ErrNotRunning
	require.Equal(t, http.StatusConflict, s.ask("GET", "/lanes/pull/readers", "", "Accept: text/html").status)
	require.Equal(t, http.StatusConflict, serve(t, death(), "").ask("GET", "/lanes/pull/readers", "", "Accept: text/html").status, "a recording has none")
}

func TestWordsOfAWindow(t *testing.T) {
	for want, l := range map[string]account.Line{
		"not connected": {}, "not visible on this OS": {Connected: true, Row: lane.Row{Unseen: true}}, "open": {Connected: true},
		"reader’s window is shut, 0.5 s": {Connected: true, Row: lane.Row{ShutMicros: 500_000}},
	} {
		require.Equal(t, want, windowText(l))
	}
	require.Equal(t, "–", readerLine(account.Line{Connected: true, Row: lane.Row{Unseen: true}}).Queue, "never 0")
}

// Rows keep their places for a second, though their figures change.
func TestTheOrderOfReadersStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o readerOrder
		one, two := line(1, lane.Row{WriteMicros: 1e6}), line(2, lane.Row{WriteMicros: 2e6})
		names := func(lines ...account.Line) (out string) {
			for _, l := range o.sort("x", lines, orderOf("stall"), time.Now()) {
				out += l.Reader + " "
			}
			return out
		}
		require.Equal(t, "slow-1 slow-2 ", names(two, one))
		two.WriteMicros = 1
		require.Equal(t, "slow-1 slow-2 slow-3 ", names(line(3, lane.Row{WriteMicros: 1}), two, one), "who is new comes last")
		time.Sleep(orderFor)
		require.Equal(t, "slow-2 slow-1 ", names(one, two))
		require.Equal(t, "slow-1 ", names(one))
	})
}
