package record

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/server/internal/run"
	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// fill sets every field of v to something, so that one that the format forgets
// is found.
func fill(v reflect.Value, random *rand.Rand) {
	switch v.Interface().(type) {
	case script.Scenario, script.Lane, *reader.Histogram: // come from elsewhere
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(random.Int64N(1<<32), random.Int64N(1e9)).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), random)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), random)
		}
	case reflect.Slice:
		n := 1 + random.IntN(3)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), random)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for _, key := range []string{"push", "pull"}[:1+random.IntN(2)] {
			value := reflect.New(v.Type().Elem()).Elem()
			fill(value, random)
			v.SetMapIndex(reflect.ValueOf(key), value)
		}
	case reflect.String:
		v.SetString([]string{"push", "<b>é & 漢</b>", "a\nb"}[random.IntN(3)])
	case reflect.Bool:
		v.SetBool(random.IntN(4) > 0)
	case reflect.Uint8:
		v.SetUint(1 + random.Uint64N(200))
	case reflect.Uint64:
		v.SetUint(random.Uint64() >> random.IntN(64))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(random.Uint64()) >> random.IntN(63))
	case reflect.Float64:
		v.SetFloat(random.Float64() * 1000)
	default:
		panic("no random " + v.Kind().String())
	}
}

// random is a view of which every field is set, at a time of the run.
func random(r *rand.Rand, at time.Duration) run.View {
	var v run.View
	fill(reflect.ValueOf(&v).Elem(), r)
	v.RunID, v.Scenario, v.Elapsed = "A", script.Scenario{}, at
	v.Script.Clock = time.Duration(r.Int64N(1e9)) * time.Microsecond
	v.Sample.Lanes = v.Sample.Lanes[:1]
	v.Extra = v.Extra[:1]
	for i := range v.Sample.Lanes {
		v.Sample.Lanes[i].Tabs = nil // connections that nobody has any more
	}
	for i := range v.Lanes {
		v.Lanes[i].Code = nil                        // nor looks at
		v.Lanes[i].Host, v.Lanes[i].ReadPort = "", 0 // nor listens on
	}
	return v
}

func TestEveryFieldOfEveryViewComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 10 {
		var out bytes.Buffer
		w, err := NewWriter(&out, Header{RunID: "A"})
		require.NoError(t, err)
		var views []run.View
		for i := range 8 {
			views = append(views, random(r, time.Duration(i)*time.Second))
			require.NoError(t, w.Take(views[i], nil))
		}
		first, rest, _ := bytes.Cut(out.Bytes(), []byte("\n"))
		require.Contains(t, string(first), format)
		d := &decoder{rec: new(Recording), by: layoutsOf(columns())}
		d.now.RunID = "A"
		for line := range bytes.Lines(rest) {
			require.NoError(t, d.line(line))
		}
		require.Equal(t, views, d.rec.Moments)
	}
}

// TestEveryNumberHasAColumn counts fields against columns.
func TestEveryNumberHasAColumn(t *testing.T) {
	for _, c := range []struct {
		of      any
		columns []string
		others  int // fields that are no numbers
	}{
		{wire.Sample{}, columns().Run, 1},
		{wire.LaneSample{}, columns().Lane[:29], 2}, // tabs, and the account
		{wire.Account{}, columns().Account, 0},
		{metric.Lane{}, columns().Lane[29:], 1},
		{metric.Readers{}, columns().Reader, 2},
	} {
		require.Len(t, c.columns, reflect.TypeOf(c.of).NumField()-c.others, "%T", c.of)
	}
}

func TestAWriterHoldsOneRun(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, Header{RunID: "A"})
	require.NoError(t, err)
	require.ErrorIs(t, w.Take(run.View{RunID: "B"}, nil), ErrOtherRun)
	require.NoError(t, w.Take(run.View{RunID: "A"}, nil))
	n := out.Len()
	require.NoError(t, w.Take(run.View{RunID: "A", Elapsed: time.Millisecond}, nil))
	require.Equal(t, n, out.Len(), "nothing has changed")
	require.NoError(t, w.End(Stopped, ""))
	require.ErrorIs(t, w.Take(run.View{RunID: "A"}, nil), ErrEnded)
	require.ErrorIs(t, w.End(Stopped, ""), ErrEnded)
	_, err = NewWriter(&out, Header{Text: strings.Repeat("x", maxHeaderBytes)})
	require.ErrorContains(t, err, "too large for a recording")
}

func TestMarksAreWrittenOnce(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, Header{RunID: "A"})
	require.NoError(t, err)
	asked := 0
	var marks []wire.HistoryMark
	history := func() wire.History {
		asked++
		return wire.History{Lanes: []wire.LaneHistory{{Marks: marks}}}
	}
	v := run.View{RunID: "A", Lanes: []run.LaneView{{Name: "push"}}}
	take := func() string {
		out.Reset()
		v.Elapsed += time.Second
		require.NoError(t, w.Take(v, history))
		return out.String()
	}
	require.NotContains(t, take(), `"label"`)
	require.Zero(t, asked)
	marks, v.Marks = []wire.HistoryMark{{ElapsedMicros: 1, Kind: 2, Label: "a"}}, 1
	require.Contains(t, take(), `"marks":[{"lane":"push","elapsed":1,"kind":2,"label":"a"}]`)
	marks, v.Marks = append(marks, wire.HistoryMark{ElapsedMicros: 2e6, Label: "b"}, wire.HistoryMark{ElapsedMicros: 1e9, Label: "later"}), 2
	text := take()
	require.Contains(t, text, `"label":"b"`)
	require.NotContains(t, text, `"label":"a"`)
	require.NotContains(t, text, `"label":"later"`, "of the next run, perhaps")
	take()
	require.Equal(t, 2, asked)
}

func TestFresh(t *testing.T) {
	for _, c := range []struct {
		before, after []int
		forgot        int
		added         []int
	}{
		{nil, nil, 0, nil},
		{nil, []int{1}, 0, []int{1}},
		{[]int{1}, []int{1}, 0, []int{}},
		{[]int{1, 2}, []int{1, 2, 3}, 0, []int{3}},
		{[]int{1, 2}, []int{2, 3}, 1, []int{3}},
		{[]int{1, 2}, []int{3, 4}, 2, []int{3, 4}},
		{[]int{1, 2}, nil, 2, nil},
		{[]int{1, 1, 2}, []int{1, 2, 2}, 1, []int{2}},
	} {
		forgot, added := fresh(c.before, c.after)
		require.Equal(t, c.forgot, forgot, "%v %v", c.before, c.after)
		require.Equal(t, len(c.added), len(added))
		require.Subset(t, c.added, added)
	}
}
