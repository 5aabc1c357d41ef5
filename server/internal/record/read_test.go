package record_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/record"
	"spillway/server/internal/record/recordtest"
)

func lines(text []byte) []string {
	return strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
}

func readText(text string) (*record.Recording, error) {
	return record.Read(strings.NewReader(text), recordtest.Options)
}

func TestATornLineEndsIt(t *testing.T) {
	text, views, _ := written(t, 3*time.Second)
	all := lines(text)
	whole := strings.Join(all[:12], "")
	for _, n := range []int{0, 1, 7, len(all[12]) / 2, len(all[12]) - 2} {
		rec, err := readText(whole + all[12][:n])
		require.NoError(t, err, "%d bytes of the line", n)
		require.Len(t, rec.Moments, 11)
		require.Equal(t, record.Torn, rec.Ending)
		require.Equal(t, withoutAges(views[10]), withoutAges(rec.Moments[10]))
	}
	rec, err := readText(whole + strings.TrimSuffix(all[12], "\n"))
	require.NoError(t, err)
	require.Len(t, rec.Moments, 12, "only its end is missing")
	rec, err = readText(whole + strings.Repeat("\x00", 100) + "\n")
	require.NoError(t, err, "what a power cut leaves")
	require.Len(t, rec.Moments, 11)
}

func TestALineInTheMiddleMustBeReadable(t *testing.T) {
	text, _, _ := written(t, time.Second)
	all := lines(text)
	for name, bad := range map[string]string{
		"no JSON":                "{\"t\":\n",
		"an earlier time":        `{"t":1,"log":[{"text":"x"}]}` + "\n",
		"no time":                `{"log":[]}` + "\n",
		"a row too long":         `{"t":700000,"sample":{"run":[1,2,3,4,5,6,7,8,9],"lanes":[]}}` + "\n",
		"no number":              `{"t":700000,"sample":{"run":["x"],"lanes":[]}}` + "\n",
		"no row":                 `{"t":700000,"sample":{"run":7,"lanes":[]}}` + "\n",
		"many lanes":             `{"t":700000,"sample":{"run":[],"lanes":[` + strings.Repeat("[],", 20) + `[]]}}` + "\n",
		"words of another kind":  `{"t":700000,"words":{"lanes":7}}` + "\n",
		"a list with a hole":     `{"t":700000,"words":{"steps":{"0":null}}}` + "\n",
		"a log it does not have": `{"t":700000,"forgot":100}` + "\n",
		"a mark on nothing":      `{"t":700000,"log":[{"text":"x"}],"marks":[{"lane":"nothing"}]}` + "\n",
		"blank":                  "\n",
		"endless":                `{"t":700000,"remark":"` + strings.Repeat("x", 2<<20) + `"}` + "\n",
		"an end":                 `{"t":700000,"end":{"ending":"stopped"}}` + "\n",
	} {
		_, err := readText(strings.Join(all[:8], "") + bad + strings.Join(all[8:], ""))
		want := "line 9 of the recording"
		if name == "an end" {
			want = "line 10 of the recording: it follows the end"
		}
		require.ErrorContains(t, err, want, name)
	}
}

func TestWhatIsNoRecording(t *testing.T) {
	text, _, _ := written(t, time.Second)
	header, rest, _ := strings.Cut(string(text), "\n")
	with := func(change func(map[string]any)) string {
		var h map[string]any
		require.NoError(t, json.Unmarshal([]byte(header), &h))
		change(h)
		out, err := json.Marshal(h)
		require.NoError(t, err)
		return string(out) + "\n" + rest
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":       {"", record.ErrForeign},
		"a poem":        {"Two roads diverged\nin a yellow wood", record.ErrForeign},
		"other JSON":    {`{"a":1}` + "\n" + rest, record.ErrForeign},
		"a long line":   {strings.Repeat("x", 9<<20), record.ErrForeign},
		"only a header": {header + "\n", record.ErrEmpty},
		"half a header": {header[:100], record.ErrForeign},
		"a newer one":   {with(func(h map[string]any) { h["version"] = record.Version + 1 }), record.ErrNewer},
		"another tool":  {with(func(h map[string]any) { h["format"] = "k6" }), record.ErrForeign},
	} {
		_, err := readText(c.text)
		require.ErrorIs(t, err, c.want, name)
	}
	_, err := readText(with(func(h map[string]any) { h["text"] = "version: 9" }))
	require.ErrorContains(t, err, "read the scenario in the recording")
	_, err = readText(header + "\n" + lines(text)[5])
	require.NoError(t, errTorn(err))
	_, err = readText(header + "\n" + lines(text)[5] + lines(text)[6])
	require.ErrorContains(t, err, "line 2 of the recording: the first moment is not a whole one")
}

// errTorn lets the one error pass that a recording without a moment has.
func errTorn(err error) error {
	if err == record.ErrEmpty {
		return nil
	}
	return err
}

// TestColumnsAreFoundByName reads what a later version might write: another
// order, columns this one does not know, members it does not know.
func TestColumnsAreFoundByName(t *testing.T) {
	text, views, _ := written(t, time.Second)
	all := lines(text)
	var h record.Header
	require.NoError(t, json.Unmarshal([]byte(all[0]), &h))
	h.Columns.Run = append([]string{"later"}, h.Columns.Run...)
	header, err := json.Marshal(h)
	require.NoError(t, err)
	out := string(header) + "\n"
	for _, line := range all[1:] {
		line = strings.Replace(line, `"sample":{"run":[`, `"later":{"a":[1]},"sample":{"later":[1],"run":[1.5,`, 1)
		out += strings.Replace(line, `"words":{`, `"words":{"later":{"x":1},`, 1)
	}
	rec, err := readText(out)
	require.NoError(t, err)
	require.Len(t, rec.Moments, len(views))
	for i := range views {
		require.Equal(t, withoutAges(views[i]), withoutAges(rec.Moments[i]))
	}
}

func TestFourHoursAreEnough(t *testing.T) {
	text, _, _ := written(t, time.Second)
	all := lines(text)
	late := fmt.Sprintf(`{"t":%d,"log":[{"text":"x"}]}`+"\n", (4*time.Hour + time.Second).Microseconds())
	_, err := readText(strings.Join(all[:8], "") + late)
	require.ErrorIs(t, err, record.ErrTooMuch)
}

func TestTheHeaderSaysWhere(t *testing.T) {
	e := record.Here("embedded", 1<<30)
	require.NotEmpty(t, e.OS)
	require.Positive(t, e.Cores)
	require.Positive(t, e.MemoryBytes)
	require.Contains(t, e.Go, "go1.")
	require.Equal(t, "embedded", e.Broker)
	require.EqualValues(t, 1<<30, e.MaxMemoryBytes)
}

// FuzzRead reads anything as what follows a header: it ends, within bounds, with
// moments in their order, and never in a panic.
func FuzzRead(f *testing.F) {
	text, _, _ := written(f, 100*time.Millisecond)
	header, rest, _ := bytes.Cut(text, []byte("\n"))
	header = append(header, '\n')
	f.Add(rest)
	f.Add([]byte(`{"t":1,"whole":true,"words":{"version":3,"lanes":{"0":{"name":"push"}}},"log":[{"text":"a"}],"clock":5}` + "\n" +
		`{"t":2,"forgot":1,"words":{"lanes":null,"steps":{"0":{}}},"marks":[{"lane":"push"}]}` + "\n" +
		`{"t":2,"sample":{"run":[],"lanes":[[2,0]],"readers":[[[1]]]},"ages":[[[3,4,5]]]}`))
	f.Fuzz(func(t *testing.T, rest []byte) {
		rec, err := record.Read(bytes.NewReader(append(bytes.Clone(header), rest...)), recordtest.Options)
		if err != nil {
			require.Nil(t, rec)
			return
		}
		require.NotEmpty(t, rec.Moments)
		for i, m := range rec.Moments {
			require.Equal(t, "RUN1", m.RunID)
			require.LessOrEqual(t, len(m.Lanes), len(rec.Marks))
			require.LessOrEqual(t, len(m.Extra), len(m.Sample.Lanes))
			if i > 0 {
				require.Greater(t, m.Elapsed, rec.Moments[i-1].Elapsed)
			}
		}
	})
}
