package outcome_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/metric"
	"spillway/server/internal/outcome"
	"spillway/server/internal/outcome/outcometest"
	"spillway/server/internal/play"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

var update = flag.Bool("update", false, "write golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run the test with -update once")
	require.Equal(t, string(want), got, "%s; -update takes the new one", file)
}

func text(t *testing.T, r outcome.Result, o outcome.TextOptions) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, outcome.WriteText(&b, r, o))
	return b.String()
}

var (
	story  = outcometest.Options{}
	broken = outcometest.Options{Broken: true}
	four   = outcometest.Options{Lanes: 4, Broken: true}
)

func TestText(t *testing.T) {
	for name, c := range map[string]struct {
		recording outcometest.Options
		text      outcome.TextOptions
	}{
		"story.txt":        {story, outcome.TextOptions{Width: 80}},
		"broken.txt":       {broken, outcome.TextOptions{Width: 80}},
		"four.txt":         {four, outcome.TextOptions{Width: 80}},
		"four-narrow.txt":  {four, outcome.TextOptions{Width: 48}},
		"four-endless.txt": {four, outcome.TextOptions{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := text(t, outcome.Of(outcometest.Recording(c.recording)), c.text)
			golden(t, name, got)
			for line := range strings.Lines(got) {
				line = strings.TrimSuffix(line, "\n")
				require.Equal(t, strings.TrimRight(line, " "), line, "ends in spaces")
				if c.text.Width > 0 {
					require.LessOrEqual(t, len([]rune(line)), c.text.Width, line)
				}
			}
		})
	}
}

// Whoever sees no colours reads the same.
func TestColourSaysNothingAlone(t *testing.T) {
	r := outcome.Of(outcometest.Recording(four))
	coloured := text(t, r, outcome.TextOptions{Width: 80, Color: true})
	require.Contains(t, coloured, "\x1b[31m✗\x1b[0m")
	for _, code := range []string{"\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1m", "\x1b[0m"} {
		coloured = strings.ReplaceAll(coloured, code, "")
	}
	require.Equal(t, text(t, r, outcome.TextOptions{Width: 80}), coloured)
}

// No width, however small, and no lack of anything makes it fail.
func TestTextOfAnything(t *testing.T) {
	long := outcome.Of(outcometest.Recording(four))
	long.Lanes[0].Name = strings.Repeat("very-long-", 9)
	long.Checks[0].Name = strings.Repeat("metric", 30)
	for width := range 100 {
		for _, r := range []outcome.Result{long, {}, {Lanes: make([]outcome.Lane, 4)}} {
			require.NotEmpty(t, text(t, r, outcome.TextOptions{Width: width}))
		}
	}
}

func TestCode(t *testing.T) {
	for name, c := range map[string]struct {
		options outcometest.Options
		code    int
		closing string
	}{
		"held":    {story, 0, "All 4 thresholds hold. Exit code 0."},
		"broken":  {broken, 99, "2 of 4 thresholds failed, and 1 wait was not true in time. Exit code 99."},
		"aborted": {outcometest.Options{Broken: true, Ending: record.Aborted, Length: 10 * time.Second}, 99, "A threshold ended the run after 10.0 s. 2 of 4 thresholds failed. Exit code 99."},
		"stopped": {outcometest.Options{Broken: true, Ending: record.Stopped}, 105, "A person stopped the run after 1 min 0 s; thresholds are shown as they stood then. Exit code 105."},
		"failed":  {outcometest.Options{Ending: record.Failed, Why: "start lane push: no such file."}, 1, "The run failed after 1 min 0 s: start lane push: no such file. Exit code 1."},
		"torn":    {outcometest.Options{Ending: record.Torn}, 1, "The recording breaks off after 1 min 0 s; what came then is not known. Exit code 1."},
	} {
		t.Run(name, func(t *testing.T) {
			r := outcome.Of(outcometest.Recording(c.options))
			require.Equal(t, c.code, r.Code())
			require.Equal(t, c.closing, r.Closing())
		})
	}
	late := outcome.Of(outcometest.Recording(story))
	late.Steps[3].State = outcome.StepTimedOut
	require.Equal(t, 99, late.Code(), "a wait alone is enough")
	none := outcome.Result{Ending: record.Completed}
	require.Equal(t, "No thresholds were set. Exit code 0.", none.Closing())
}

func TestOf(t *testing.T) {
	r := outcome.Of(outcometest.Recording(four))
	require.Equal(t, 60.0, r.ElapsedSeconds)
	require.Equal(t, []outcome.Change{{AtSeconds: 19.5, Text: "20 healthy readers in each lane now."}}, r.ByHand)
	require.Len(t, r.Lanes, 4)
	push, pull, twice := r.Lanes[0], r.Lanes[1], r.Lanes[3]
	require.Equal(t, []outcome.End{{AtSeconds: 27.1, State: "killed", ExitCode: new(137), Why: "exit code 137 (SIGKILL): RSS 256.9 MiB was over the limit of 256.0 MiB"}}, push.Ends)
	require.Equal(t, "killed", push.State)
	require.Equal(t, push.Backlog.Bytes, push.BacklogMax.Bytes, "what it held when it died stays")
	require.InDelta(t, 3.0, *push.CPUSeconds, .1)
	require.InDelta(t, 11.1, *push.CPUPercent, .2, "of the time it lived")
	require.False(t, pull.Died())
	require.Nil(t, pull.ExitCode)
	require.Zero(t, pull.Backlog.Bytes)
	require.Equal(t, "running", twice.State)
	require.Equal(t, uint64(1), twice.Restarts)
	require.Len(t, twice.Ends, 1)
	require.Equal(t, 21.0, twice.Ends[0].AtSeconds)
	require.True(t, pull.Groups[1].WholeRun)
	require.InDelta(t, .0074, *pull.Groups[1].P99Max, 1e-9)

	require.Equal(t, outcome.Lateness{Steps: 4, P50Seconds: .001, P99Seconds: .004, MaxSeconds: .004}, r.Late, "waits have no time to be late for")
	require.True(t, r.Steps[3].Wait)
	require.InDelta(t, 27.15, *r.Steps[3].RunSeconds, 1e-9)
	require.Equal(t, outcome.StepTimedOut, r.Steps[5].State)
}

// The script's clock stands still while it waits for the presenter; a step is
// told at the run's time too.
func TestStepsOnTheClockOfTheRun(t *testing.T) {
	rec := outcometest.Recording(story)
	for i := range rec.Moments {
		rec.Moments[i].Elapsed += 5 * time.Second
	}
	r := outcome.Of(rec)
	require.InDelta(t, 8.002, *r.Steps[1].AtSeconds, 1e-9)
	require.InDelta(t, 13.002, *r.Steps[1].RunSeconds, 1e-9)
}

func TestSentence(t *testing.T) {
	of := func(o outcometest.Options) outcome.Result { return outcome.Of(outcometest.Recording(o)) }
	require.Equal(t, "push ran out of memory after 27 s with 216 MiB it had not sent; pull stayed below 29 MiB and lost nothing.", of(story).Sentence())
	short := of(outcometest.Options{Length: 5 * time.Second})
	require.Equal(t, "No lane died: push stayed below 33 MiB and lost nothing; pull stayed below 18 MiB and lost nothing.", short.Sentence())
	require.Equal(t, "Nothing was measured.", outcome.Of(&record.Recording{}).Sentence())

	r := of(story)
	r.Retained = true
	require.Contains(t, r.Sentence(), "pull stayed below 29 MiB and its readers have seen no gap.", "a trimmed stream may have lost what nobody asked for yet")
	r.Lanes[1].Gaps = 1
	require.Contains(t, r.Sentence(), "and its readers miss 1 message.")
	r.Lanes[1].RSSMaxBytes = new(uint64(250 << 20))
	require.Contains(t, r.Sentence(), "pull came to 250 MiB of its 256 MiB")
	r.Lanes[1].RSSMaxBytes = nil
	require.Contains(t, r.Sentence(), "pull lived and its readers miss")
	crash := r.Lanes[0]
	crash.Ends = []outcome.End{{AtSeconds: 3.9, State: "crashed", ExitCode: new(2)}, {AtSeconds: 8, State: "killed"}}
	crash.State, crash.Backlog = "crashed", outcome.Backlog{}
	r.Lanes[0] = crash
	require.Contains(t, r.Sentence(), "push ended with exit code 2 after 3 s and a second time after 8 s;")
}

// What an operating system does not show is absent, not 0.
func TestNotVisible(t *testing.T) {
	rec := outcometest.Recording(story)
	for _, m := range rec.Moments {
		for i := range m.Sample.Lanes {
			m.Sample.Lanes[i].RSS, m.Extra[i].CPUMicros = 0, 0
		}
	}
	r := outcome.Of(rec)
	require.Nil(t, r.Lanes[0].RSSMaxBytes)
	require.Nil(t, r.Lanes[0].CPUSeconds)
	require.NotContains(t, text(t, r, outcome.TextOptions{}), "RSS, highest")
	require.NotContains(t, text(t, r, outcome.TextOptions{}), "CPU")
}

// A recording may begin anywhere, miss anything, and end at once.
func TestOfLittle(t *testing.T) {
	require.Equal(t, 1, outcome.Of(&record.Recording{}).Code())
	r := outcome.Of(&record.Recording{
		Ending: record.Completed,
		Moments: []run.View{{
			Lanes:  []run.LaneView{{Name: "a"}, {Name: "b"}},
			Sample: wire.Sample{Lanes: []wire.LaneSample{{State: wire.StateCrashed}}},
			Extra:  []metric.Lane{{LastExit: -1}},
			Script: play.View{Steps: []play.Step{{When: "when x", State: play.Happened}}},
		}},
	})
	require.True(t, r.Lanes[0].Died())
	require.Nil(t, r.Lanes[0].ExitCode)
	require.Equal(t, "rest", r.Lanes[1].State)
	for _, write := range []func(*bytes.Buffer) error{
		func(b *bytes.Buffer) error { return outcome.WriteText(b, r, outcome.TextOptions{Width: 80}) },
		func(b *bytes.Buffer) error { return outcome.WriteJSON(b, r) },
		func(b *bytes.Buffer) error { return outcome.WriteJUnit(b, r) },
		func(b *bytes.Buffer) error { return outcome.WriteCSV(b, &record.Recording{}) },
	} {
		var b bytes.Buffer
		require.NoError(t, write(&b))
		require.NotEmpty(t, b.String())
	}
}

// A run that was written down and read again has the same outcome.
func TestOfWhatWasWrittenDown(t *testing.T) {
	made := outcometest.Recording(outcometest.Options{Length: 45 * time.Second})
	var file bytes.Buffer
	w, err := record.NewWriter(&file, made.Header)
	require.NoError(t, err)
	for _, m := range made.Moments {
		h := wire.History{Lanes: make([]wire.LaneHistory, len(made.Marks))}
		for i, l := range made.Marks {
			for _, k := range l.Marks {
				if k.ElapsedMicros <= m.Sample.ElapsedMicros {
					h.Lanes[i].Marks = append(h.Lanes[i].Marks, k)
					m.Marks++
				}
			}
		}
		require.NoError(t, w.Take(m, func() wire.History { return h }))
	}
	require.NoError(t, w.End(made.Ending, made.Why))
	read, err := record.Read(&file, record.ReadOptions{Vocabulary: run.Vocabulary})
	require.NoError(t, err)
	require.Equal(t, outcome.Of(made), outcome.Of(read))
}

// What readers held has a row where there was something, and only there.
func TestHeld(t *testing.T) {
	rec := outcometest.Recording(story)
	held := func() (cells []string) {
		for _, row := range outcome.Of(rec).Rows() {
			if row.Label == "held, highest" {
				cells = row.Cells
			}
		}
		return cells
	}
	require.Nil(t, held())
	for n, bytes := range map[int]uint64{100: 5 << 20, 101: 7 << 20, 102: 1 << 20} {
		readers := rec.Moments[n].Extra[1].Readers
		readers[0].Held, readers[1].Held = bytes, 1<<20
	}
	require.Equal(t, []string{outcome.None, "8.0 MiB"}, held())
	lane := outcome.Of(rec).Lanes[1]
	require.EqualValues(t, 8<<20, lane.HeldMax)
	require.EqualValues(t, 7<<20, lane.Groups[0].HeldMax)
	require.EqualValues(t, 1<<20, lane.Groups[1].HeldMax)
}

func TestJSON(t *testing.T) {
	var b strings.Builder
	require.NoError(t, outcome.WriteJSON(&b, outcome.Of(outcometest.Recording(broken))))
	golden(t, "broken.json", b.String())
	require.True(t, json.Valid([]byte(b.String())))
	b.Reset()
	require.NoError(t, outcome.WriteJSON(&b))
	require.Contains(t, b.String(), `"results": []`)
}

func TestCSV(t *testing.T) {
	rec := outcometest.Recording(outcometest.Options{Length: 30 * time.Second})
	rec.Moments[0].Lanes[1].Name = "pull-drain"
	var b strings.Builder
	require.NoError(t, outcome.WriteCSV(&b, rec))
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 302)
	columns := make(map[string]int)
	for i, name := range rows[0] {
		require.Regexp(t, `^[a-z0-9_]+$`, name)
		require.NotContains(t, columns, name)
		columns[name] = i
	}
	cell := func(row int, name string) string {
		require.Contains(t, columns, name)
		return rows[row+1][columns[name]]
	}
	require.Equal(t, "0.1", cell(1, "t_seconds"))
	require.Equal(t, "running", cell(270, "push_state"))
	require.Equal(t, "killed", cell(271, "push_state"))
	require.Equal(t, strconv.Itoa(256<<20+900<<10), cell(271, "push_rss_bytes"), "the one that decided")
	require.Empty(t, cell(272, "push_rss_bytes"))
	require.Empty(t, cell(272, "push_backlog_bytes"))
	require.Empty(t, cell(270, "push_exit_code"))
	require.Equal(t, "137", cell(272, "push_exit_code"))
	require.NotEmpty(t, cell(300, "pull_drain_rss_bytes"))
	require.Equal(t, "0.0074", cell(300, "pull_drain_healthy_age_p99_seconds"))

	var sparse strings.Builder
	for i := 0; i < len(rows); i += 50 {
		sparse.WriteString(strings.Join(rows[i], ",") + "\n")
	}
	golden(t, "story.csv", sparse.String())
}

func TestJUnit(t *testing.T) {
	results := []outcome.Result{
		outcome.Of(outcometest.Recording(broken)),
		outcome.Of(outcometest.Recording(outcometest.Options{Ending: record.Stopped, Length: 20 * time.Second})),
	}
	results[1].RunID = "run <&\"'\x00>"
	var b strings.Builder
	require.NoError(t, outcome.WriteJUnit(&b, results...))
	golden(t, "two.xml", b.String())

	var read struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suites   []struct {
			Tests int `xml:"tests,attr"`
			Cases []struct {
				Name    string `xml:"name,attr"`
				Class   string `xml:"classname,attr"`
				Failure []struct {
					Message string `xml:"message,attr"`
				} `xml:"failure"`
				Error   []struct{} `xml:"error"`
				Skipped []struct{} `xml:"skipped"`
			} `xml:"testcase"`
			Out string `xml:"system-out"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal([]byte(b.String()), &read))
	require.Equal(t, []int{13, 3, 1}, []int{read.Tests, read.Failures, read.Errors})
	names := make(map[string]bool)
	failures, faults, skipped := 0, 0, 0
	for i, s := range read.Suites {
		require.Len(t, s.Cases, s.Tests)
		require.Contains(t, s.Out, results[i].Closing())
		for _, c := range s.Cases {
			name := strconv.Itoa(i) + c.Name
			require.False(t, names[name], "%s twice", name)
			names[name] = true
			require.Equal(t, "one-slow-reader", c.Class)
			failures, faults, skipped = failures+len(c.Failure), faults+len(c.Error), skipped+len(c.Skipped)
		}
	}
	require.Equal(t, []int{3, 1, 1}, []int{failures, faults, skipped})
	require.Equal(t, "wanted < 20MiB, seen 28.4MiB", read.Suites[0].Cases[2].Failure[0].Message)
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWritersPassErrorsOn(t *testing.T) {
	r := outcome.Of(outcometest.Recording(story))
	require.ErrorContains(t, outcome.WriteText(full{}, r, outcome.TextOptions{}), "disk full")
	require.ErrorContains(t, outcome.WriteJSON(full{}, r), "disk full")
	require.ErrorContains(t, outcome.WriteJUnit(full{}, r), "disk full")
	require.ErrorContains(t, outcome.WriteCSV(full{}, outcometest.Recording(story)), "disk full")
}
