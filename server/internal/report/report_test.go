package report_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/outcome"
	"spillway/server/internal/outcome/outcometest"
	"spillway/server/internal/record"
	"spillway/server/internal/report"
	"spillway/wasm/wire"
	"spillway/web"
	"spillway/web/htmltest"
	"spillway/web/page"
)

func render(t testing.TB, rec *record.Recording) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, report.Write(&b, rec, outcome.Of(rec)))
	return b.String()
}

func view(o outcometest.Options) page.Report {
	rec := outcometest.Recording(o)
	return report.View(rec, outcome.Of(rec))
}

// TestLook writes reports as files to be looked at in a browser and on paper,
// into the folder that SPILLWAY_LOOK names.
func TestLook(t *testing.T) {
	folder := os.Getenv("SPILLWAY_LOOK")
	if folder == "" {
		t.Skip("SPILLWAY_LOOK names no folder")
	}
	for name, o := range map[string]outcometest.Options{
		"story": {}, "broken": {Broken: true}, "one": {Lanes: 1}, "three": {Lanes: 3}, "four": {Lanes: 4, Broken: true},
		"stopped": {Ending: record.Stopped}, "long": {Lanes: 4, Length: 10 * time.Minute},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name+".html"), []byte(render(t, outcometest.Recording(o))), 0o644))
	}
}

// The markup without the style sheet, and of each curve its beginning, so that a
// difference can be read. Package chart has golden files of whole curves.
// TestValid holds that the file is what a browser makes of it: well-formed, ids
// that lead somewhere, and a name for everything that can be used.
func TestValid(t *testing.T) {
	for name, o := range map[string]outcometest.Options{"story": {}, "four lanes": {Lanes: 4, Broken: true}} {
		t.Run(name, func(t *testing.T) {
			page := render(t, outcometest.Recording(o))
			htmltest.WellFormed(t, page)
			htmltest.IDs(t, page)
			htmltest.Named(t, page)
		})
	}
}

func TestGolden(t *testing.T) {
	markup := strings.Replace(render(t, outcometest.Recording(outcometest.Options{Broken: true})), web.ReportStyle(), "", 1)
	markup = regexp.MustCompile(`( d="[^"]{24})[^"]*"`).ReplaceAllString(markup, `$1…"`)
	got := strings.ReplaceAll(markup, "><", ">\n<") + "\n"
	file := filepath.Join("testdata", "broken.html")
	if htmltest.Updating() {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run the test with -update once")
	wanted, seen := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range min(len(wanted), len(seen)) {
		require.Equal(t, wanted[i], seen[i], "%s line %d; -update takes the new one", file, i+1)
	}
	require.Len(t, seen, len(wanted))
}

// A report can be sent by mail, however long the run was.
func TestSize(t *testing.T) {
	for name, o := range map[string]outcometest.Options{
		"two minutes": {Lanes: 4, Length: 2 * time.Minute},
		"ten minutes": {Lanes: 4, Length: 10 * time.Minute},
	} {
		rec := outcometest.Recording(o)
		// Curves that fill every column of pixels from top to bottom are the longest.
		for i, m := range rec.Moments {
			for k := range m.Sample.Lanes {
				m.Sample.Lanes[k].RSS += uint64(i%7) << 22
				m.Sample.Lanes[k].HeapInUse += uint64(i%5) << 22
				m.Sample.Lanes[k].HeapTotal += uint64(i%3) << 22
			}
		}
		n := len(render(t, rec))
		require.Less(t, n, 1<<20, name)
		t.Logf("%s: %d KiB", name, n>>10)
	}
}

func TestNothingIsFetched(t *testing.T) {
	markup := render(t, outcometest.Recording(outcometest.Options{Lanes: 4}))
	require.NotRegexp(t, `(?i)https?://`, markup)
	require.NotRegexp(t, `(?i)<(script|link rel="stylesheet"|img|iframe|object|a )`, markup)
	require.Contains(t, markup, `http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`)
}

func TestLanes(t *testing.T) {
	r := view(outcometest.Options{Lanes: 4})
	push, pull, twice := r.Lanes[0], r.Lanes[1], r.Lanes[3]
	require.Equal(t, "257", push.RSS)
	require.Equal(t, "256 MiB", push.Limit)
	require.Equal(t, wire.StateKilled, push.Status.State)
	require.Equal(t, "Killed after 27.1 s: exit code 137 (SIGKILL): RSS 256.9 MiB was over the limit of 256.0 MiB.", push.Say)
	require.Equal(t, "alive at the end", pull.Status.Text)
	require.Equal(t, "started again, alive at the end", twice.Status.Text)
	require.Contains(t, twice.Say, "Started again once.")
	require.Contains(t, push.Drawings[0].Drawing.Summary, "rose from 32 to 257 MiB of a 256 MiB limit in 27 s and was killed")
	require.Contains(t, twice.Drawings[0].Drawing.Summary, "since the restart")
	for _, l := range r.Lanes {
		seen := ""
		for _, d := range l.Drawings {
			seen += d.For + " "
		}
		for _, where := range []string{"on-wide", "on-phone", "on-paper"} {
			require.Equal(t, 1, strings.Count(seen, where), "%s of %d lanes", where, len(r.Lanes))
		}
	}
}

// What a run that was cleared away shows of its lanes is not how they ended.
func TestClearedAway(t *testing.T) {
	rec := outcometest.Recording(outcometest.Options{})
	last := &rec.Moments[len(rec.Moments)-1]
	last.Lanes[1].State, last.Lanes[1].Status, last.Sample.Lanes[1].State = wire.StateStopped, "stopped", wire.StateStopped
	require.Equal(t, "alive at the end", report.View(rec, outcome.Of(rec)).Lanes[1].Status.Text)
}

func TestEvents(t *testing.T) {
	kinds := make(map[string]string)
	for _, e := range view(outcometest.Options{}).Events {
		kinds[e.Clock] = e.Kind + " " + e.Word
	}
	require.Equal(t, "said said", kinds["00:02.0"])
	require.Equal(t, "step step", kinds["00:08.0"])
	require.Equal(t, "hand by hand", kinds["00:19.5"])
	require.Equal(t, "grave seen", kinds["00:27.1"])
	require.Equal(t, "seen seen", kinds["00:38.4"])
}

func TestChecks(t *testing.T) {
	var got []string
	for _, c := range view(outcometest.Options{Broken: true}).Checks {
		got = append(got, c.Kind+": "+c.Name+", "+c.Wanted+", "+c.Seen)
	}
	require.Equal(t, []string{
		"held: exit_code{lane:push}, == 137, 137",
		"broken: rss{lane:pull}, < 20MiB, 28.4MiB",
		"held: gaps{lane:pull}, == 0, 0",
		"unknown: age{lane:pull,reader:you}, < 250ms, no value",
		"held: exit_code{lane:push} == 137, within 1m, true",
		"broken: backlog{lane:pull} < 1KiB, within 20s, not in time",
	}, got)
}

func TestResult(t *testing.T) {
	for want, o := range map[string]outcometest.Options{
		"held Everything held":            {},
		"broken Not everything held":      {Broken: true},
		"stopped Stopped by a person":     {Ending: record.Stopped},
		"failed The run could not go on":  {Ending: record.Failed},
		"failed The recording breaks off": {Ending: record.Torn},
	} {
		got := view(o).Result
		require.Equal(t, want, got.Kind+" "+got.Word)
	}
}

// A broker whose memory did not move has no chart; one near its limit shows it.
func TestBroker(t *testing.T) {
	require.Empty(t, view(outcometest.Options{Length: 8 * time.Second}).Broker)
	r := view(outcometest.Options{})
	require.NotContains(t, r.Broker[0].Drawing.Frame, "limit")
	rec := outcometest.Recording(outcometest.Options{})
	for i := range rec.Moments {
		rec.Moments[i].Sample.BrokerLimit = 200 << 20
	}
	require.Contains(t, report.View(rec, outcome.Of(rec)).Broker[0].Drawing.Frame, "limit 200 MiB")
}

// A series that was measured elsewhere lies behind its lane's curve, and its
// caption below.
func TestGhost(t *testing.T) {
	rec := outcometest.Recording(outcometest.Options{})
	last := &rec.Moments[len(rec.Moments)-1]
	last.Scenario.Ghosts = script.Ghosts{{Lane: "push", Caption: "Node 24, measured"}}
	rec.Marks[0].Ghost = []wire.GhostPoint{{ElapsedMicros: 1, Bytes: 1 << 20}, {ElapsedMicros: 50e6, Bytes: 300 << 20}}
	r := report.View(rec, outcome.Of(rec))
	require.Equal(t, "Node 24, measured", r.Lanes[0].Ghost)
	require.Equal(t, "ghost", r.Lanes[0].Drawings[0].Drawing.Paths[0].Key)
	require.Empty(t, r.Lanes[1].Ghost)
}

// A recording of nothing is a report that says so.
func TestNothing(t *testing.T) {
	markup := render(t, &record.Recording{Header: record.Header{Scenario: "x", Files: map[string]string{"a.csv": "1"}}, Ending: record.Torn})
	require.Contains(t, markup, "Nothing was measured.")
	require.Contains(t, markup, "not visible on this OS")
	require.Contains(t, markup, "a.csv")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteError(t *testing.T) {
	rec := outcometest.Recording(outcometest.Options{Length: time.Second})
	require.ErrorContains(t, report.Write(full{}, rec, outcome.Of(rec)), "write report: ")
}
