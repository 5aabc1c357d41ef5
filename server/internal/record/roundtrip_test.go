package record_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/metric"
	"spillway/server/internal/record"
	"spillway/server/internal/record/recordtest"
	"spillway/server/internal/run"
)

// written is a recording of a made-up run, and the views that went into it.
func written(t testing.TB, length time.Duration) (text []byte, views []run.View, r *recordtest.Run) {
	t.Helper()
	var out bytes.Buffer
	r = recordtest.New("RUN1")
	views = append(views, r.View())
	w, err := record.NewWriter(&out, record.HeaderOf(r.View(), "spillway run made-up", record.Environment{Broker: "embedded", MaxMemoryBytes: recordtest.MaxMemoryBytes}))
	require.NoError(t, err)
	require.NoError(t, w.Take(r.View(), r.History))
	for range length / recordtest.SampleEvery {
		views = append(views, r.Next())
		require.NoError(t, w.Take(r.View(), r.History))
	}
	require.NoError(t, w.End(record.Completed, ""))
	return out.Bytes(), views, r
}

func read(t testing.TB, text []byte) *record.Recording {
	t.Helper()
	rec, err := record.Read(bytes.NewReader(text), recordtest.Options)
	require.NoError(t, err)
	return rec
}

// withoutAges is a view as one moment in a minute is not.
func withoutAges(v run.View) run.View {
	extra := append([]metric.Lane(nil), v.Extra...)
	for i := range extra {
		extra[i].Readers = append([]metric.Readers(nil), extra[i].Readers...)
		for k := range extra[i].Readers {
			extra[i].Readers[k].Ages = nil
		}
	}
	v.Extra = extra
	v.Script.Clock = v.Script.Clock.Truncate(time.Microsecond)
	return v
}

func TestViewsComeBack(t *testing.T) {
	text, views, r := written(t, 70*time.Second)
	rec := read(t, text)
	require.Len(t, rec.Moments, len(views))
	for i := range views {
		require.Equal(t, withoutAges(views[i]), withoutAges(rec.Moments[i]), "moment %d", i)
	}
	last := len(views) - 1
	require.Equal(t, views[last].Extra, rec.Moments[last].Extra, "the last one has the ages of the whole run")
	require.Equal(t, r.History().Lanes, rec.Marks)
	require.Equal(t, record.Completed, rec.Ending)
	require.Equal(t, "spillway run made-up", rec.Header.Command)
	require.Equal(t, recordtest.Text, rec.Header.Text)
	require.Empty(t, rec.Remarks)
	for i := 1; i < len(rec.Log); i++ {
		require.NotEqual(t, rec.Log[i-1], rec.Log[i], "no line of the log twice")
	}
}

func TestMomentsShareWhatDidNotChange(t *testing.T) {
	text, _, _ := written(t, 30*time.Second)
	rec := read(t, text)
	a, b := rec.Moments[252], rec.Moments[253]
	require.Equal(t, a.Version, b.Version)
	require.Same(t, &a.Lanes[0], &b.Lanes[0])
	require.Same(t, &a.Checks[0], &b.Checks[0])
	require.Same(t, &a.Script.Steps[0], &b.Script.Steps[0])
	require.Same(t, &a.Log[0], &b.Log[0])
}

// TestItsSize holds the budget that the bounds of files are made from.
func TestItsSize(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of views")
	}
	text, _, _ := written(t, time.Minute)
	body := text[bytes.IndexByte(text, '\n'):]
	t.Logf("%d bytes for a minute of 4 lanes", len(body))
	require.LessOrEqual(t, len(body), 1<<20)
	for _, part := range []string{`"sample":`, `"words":`, `"log":`} {
		n := 0
		for line := range strings.Lines(string(body)) {
			if _, rest, ok := strings.Cut(line, part); ok {
				n += len(rest)
			}
		}
		t.Logf("lines from %s on: %d bytes", part, n)
	}
}

// BenchmarkTake is what a moment of four lanes costs, and the words of
// those in which they change.
func BenchmarkTake(b *testing.B) {
	r := recordtest.New("RUN1")
	views := []run.View{r.View()}
	for range 600 {
		views = append(views, r.Next())
	}
	w, err := record.NewWriter(io.Discard, record.HeaderOf(views[0], "", record.Environment{}))
	require.NoError(b, err)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		v := views[i%len(views)]
		v.Elapsed = time.Duration(i) * recordtest.SampleEvery
		if err := w.Take(v, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead reads a minute of four lanes.
func BenchmarkRead(b *testing.B) {
	text, _, _ := written(b, time.Minute)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := record.Read(bytes.NewReader(text), recordtest.Options); err != nil {
			b.Fatal(err)
		}
	}
}
