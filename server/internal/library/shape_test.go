package library_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/library"
)

const shape = `# limit_mib push=256 pull=128
# died_seconds push=2.5 push=7
# of a run on a Tuesday
t_seconds,push,pull
0.5,21.5,20
1,200,20.5
3,,21
4.5,0,21
`

func TestParseShape(t *testing.T) {
	s, err := library.ParseShape([]byte(shape))
	require.NoError(t, err)
	require.Equal(t, library.Shape{
		Seconds: []float64{0.5, 1, 3, 4.5},
		Lanes: []library.Curve{
			{Name: "push", MiB: []float64{21.5, 200, 0, 0}, LimitMiB: 256, Died: []float64{2.5, 7}},
			{Name: "pull", MiB: []float64{20, 20.5, 21, 21}, LimitMiB: 128},
		},
	}, s)
}

func TestShapesThatAreNone(t *testing.T) {
	for text, why := range map[string]string{
		"":                                      "no rows",
		"# limit_mib push=256\nt_seconds,push":  "no rows",
		"t_seconds\n1":                          "1 to 8 lanes",
		"seconds,push\n1,2":                     "t_seconds",
		"t_seconds,push,push\n1,2,3":            "each lane once",
		"t_seconds,push,\n1,2,3":                "with a name",
		"t_seconds,push\n1":                     "1 cells, want 2",
		"t_seconds,push\n1,2\n1,3":              "line 3: time 1 does not rise",
		"t_seconds,push\nNaN,2":                 "want one from 0",
		"t_seconds,push\n1,Inf":                 "want one from 0",
		"t_seconds,push\n1,-2":                  "want one from 0",
		"# limit_mib push\nt_seconds,push\n1,2": "LANE=NUMBER",
	} {
		_, err := library.ParseShape([]byte(text))
		require.ErrorContains(t, err, why, "%q", text)
	}
}

func FuzzParseShape(f *testing.F) {
	f.Add([]byte(shape))
	f.Add([]byte("t_seconds,push\n1,2\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := library.ParseShape(text)
		if err != nil {
			return
		}
		for i, at := range s.Seconds {
			require.False(t, i > 0 && at <= s.Seconds[i-1])
		}
		for _, lane := range s.Lanes {
			require.Len(t, lane.MiB, len(s.Seconds))
		}
	})
}
