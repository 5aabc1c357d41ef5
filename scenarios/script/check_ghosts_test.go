package script

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGhosts(t *testing.T) {
	long := "t_seconds,rss_mib\n"
	for i := range maxSeriesRows + 1 {
		long += fmt.Sprintf("%d,1\n", i)
	}
	for csv, want := range map[string]string{
		measuredCSV:                                "",
		"\ufeffrss_mib;t_seconds\n":                "want a column t_seconds with the time",
		" rss_mib , t_seconds \r\n 1 , 0 \r\n":     "",
		"":                                         "want a line with the names of the columns",
		"# nothing\n":                              "want a line with the names of the columns",
		"t_seconds,rss_mib\n":                      "there are no rows",
		"t_seconds,rss_mb\n0,1\n":                  `unknown column of measured.csv "rss_mib"; did you mean "rss_mb"?`,
		"t_seconds,other\n0,1\n":                   `unknown column of measured.csv "rss_mib": want other`,
		"t_seconds,rss_mib\n0,1\n# x\n0,1\n":       "measured.csv: line 4: the time must rise",
		"t_seconds,rss_mib\n-1,1\n":                "measured.csv: line 2: want numbers of 0 or more",
		"t_seconds,rss_mib\n0,NaN\n":               "line 2: want numbers of 0 or more",
		"t_seconds,rss_mib\n0,1e999\n":             "line 2: want numbers of 0 or more",
		"t_seconds,rss_mib\n0,-0\n":                "",
		"t_seconds,rss_mib\n0\n":                   "wrong number of fields",
		"t_seconds,rss_mib\n0,\"1\n":               "measured.csv: ",
		long:                                       "more than 10000 rows",
		strings.Repeat("#", maxSeriesBytes) + "\n": "measured.csv: 262145 bytes, at most 262144",
	} {
		s, err := Parse(File{Path: "x.yaml", Text: []byte(valid), Read: func(string) ([]byte, error) { return []byte(csv), nil }}, small)
		if want == "" {
			require.NoError(t, err, csv)
			require.NotEmpty(t, s.Ghosts[0].Points)
			continue
		}
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n", "one error")
	}
	_, err := Parse(File{Path: "x.yaml", Text: []byte(valid)}, small)
	require.ErrorContains(t, err, "x.yaml:46:11: measured.csv: there are no files beside this scenario")
	_, err = Parse(File{Path: "x.yaml", Text: []byte(valid), Read: func(string) ([]byte, error) { return nil, errors.New("open /home/x: no") }}, small)
	require.ErrorContains(t, err, "measured.csv: cannot be read")
	for _, file := range []string{"../measured.csv", "a/measured.csv", `a\measured.csv`, "/etc/passwd", ".hidden", "C:x", `""`} {
		_, err := parse(strings.Replace(valid, "file: measured.csv", "file: "+file, 1))
		require.ErrorContains(t, err, "want the name of a file beside the scenario", file)
	}
}

// TestAFileIsReadOnce though several ghosts name it.
func TestAFileIsReadOnce(t *testing.T) {
	times := 0
	text := strings.Replace(valid, "steps:", "  a-lane-2: {file: measured.csv, column: other, unit: 1B, caption: C}\nsteps:", 1)
	s, err := Parse(File{Path: "x.yaml", Text: []byte(text), Read: func(string) ([]byte, error) {
		times++
		return []byte(measuredCSV), nil
	}}, small)
	require.NoError(t, err)
	require.Equal(t, 1, times)
	require.Equal(t, []GhostPoint{{0, 1}, {0.5, 2}}, s.Ghosts[1].Points)
}
