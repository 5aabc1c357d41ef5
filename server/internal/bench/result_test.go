package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The README says what the file of results says, and nothing else.
func TestReadmeHasTheMeasuredTables(t *testing.T) {
	const top = "../../../"
	r, err := Read(top + ".bench/results.json")
	require.NoError(t, err)
	text, err := os.ReadFile(top + "README.md")
	require.NoError(t, err)
	want, err := r.inReadme(string(text))
	require.NoError(t, err)
	require.Equal(t, want, string(text), "run: go run ./server bench --tables --json .bench/results.json --readme README.md")
}

func TestSpread(t *testing.T) {
	require.Equal(t, Spread{}, SpreadOf(nil))
	require.Equal(t, Spread{3, 1, 9}, SpreadOf([]float64{9, 1, 3}))
	require.Equal(t, Spread{2.5, 1, 9}, SpreadOf([]float64{9, 2, 3, 1}))
}

func example() Work {
	return Work{
		Name: "w1", Title: "a load", Baseline: "channel",
		Measures: []Measure{{Name: perCPUSecond, Ratio: true}, {Name: lost}},
		Peers: []Peer{
			{Name: "push", Title: "a lane", Runs: map[string][]float64{perCPUSecond: {1_000_000, 3_000_000, 2_000_000}, lost: {0, 0, 0}}},
			{Name: "channel", Runs: map[string][]float64{perCPUSecond: {2_000_000, 3_000_000, 8_000_000}}},
		},
	}
}

func TestTables(t *testing.T) {
	w := example()
	require.Equal(t, []float64{0.5, 1, 0.25}, w.Ratios(w.Peers[0], perCPUSecond), "each to the baseline of its own run")
	require.Equal(t, strings.TrimLeft(`
|  | per CPU-second | × channel | lost |
| --- | ---: | ---: | ---: |
| push | 2,000,000 | 0.50 (0.25–1.00) | 0 |
| channel | 3,000,000 | 1.00 | – |
`, "\n"), w.Markdown(perCPUSecond, lost))
	var text strings.Builder
	require.NoError(t, w.WriteText(&text))
	require.Contains(t, text.String(), "w1: a load (3 runs)\n")
	require.Contains(t, text.String(), "  2,000,000 (1,000,000–3,000,000)  0.50 (0.25–1.00)  0\n")
	require.Contains(t, text.String(), "  push: a lane\n")
}

func TestNumbers(t *testing.T) {
	for want, text := range map[float64]string{0: "0.0", 999.94: "999.9", 1234.56: "1,234.6", 1e6: "1,000,000.0", -0.01: "0.0", -1234: "−1,234.0"} {
		require.Equal(t, text, number(want, 1))
	}
}

func TestWorksThatWereNotDoneStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	here := Machine{CPU: "a", Cores: 2}
	first, err := Results{here, []Work{{Name: "w2", Title: "old"}, {Name: "growth"}}}.Write(path)
	require.NoError(t, err)
	require.Len(t, first.Works, 2)
	_, err = Results{here, []Work{{Name: "w2", Title: "new"}, {Name: "w1"}}}.Write(path)
	require.NoError(t, err)
	r, err := Read(path)
	require.NoError(t, err)
	require.Equal(t, []Work{{Name: "w1"}, {Name: "w2", Title: "new"}, {Name: "growth"}}, r.Works)

	elsewhere := Results{Machine{CPU: "b", Cores: 2}, []Work{{Name: "w1"}}}
	r, err = elsewhere.Write(path)
	require.NoError(t, err)
	require.Equal(t, elsewhere, r, "two machines are not compared")
}

func TestSlopeIsOfTheLastStretch(t *testing.T) {
	begin := time.Now()
	var l rssLine
	for s := range 20 {
		bytes := int64(1_000_000) // steady for ten seconds, then 500 bytes a second
		if s > 10 {
			bytes += int64(s-10) * 500
		}
		l.add(reading{at: begin.Add(time.Duration(s) * time.Second), rssBytes: bytes})
	}
	require.InDelta(t, 500, l.slope(9*time.Second), 1e-6)
	require.Less(t, l.slope(time.Minute), 400.0)
	require.Zero(t, new(rssLine).slope(time.Minute))
	require.Equal(t, int64(1_004_500), l.peakBytes)
}

func TestEveryWorkCanBeDone(t *testing.T) {
	require.NoError(t, Options{Works: Names(), Peers: []string{"push", "pull@bin/before", "redis-stream/batch/sse?wait=0s"}}.Check())
	for _, o := range []Options{{Works: []string{"w9"}}, {Peers: []string{"nobody"}}, {Peers: []string{"push@"}}, {Peers: []string{"redis-stream/batch/sse?%"}}, {Peers: []string{"nothing/batch/sse"}}, {Runs: -1}} {
		require.Error(t, o.Check())
	}
	require.Equal(t, len(Names()), len(Titles()))
	for _, p := range socketPlans() {
		for _, name := range p.peers {
			_, err := findPeer(name)
			require.NoError(t, err)
		}
		figures := make(map[string]float64)
		for _, part := range p.parts {
			part.take(LoadReport{Seconds: 1, ServingCPU: 1, AllEvents: 10}, figures)
		}
		for _, m := range p.measures {
			require.Contains(t, figures, m.Name, "%s measures nothing under a name of its table", p.name)
		}
	}
	for _, s := range shown {
		at := place(s.work)
		require.GreaterOrEqual(t, at, 0)
		for _, name := range s.measures {
			known := at == 0 // strategies have no plan
			for _, p := range socketPlans() {
				for _, m := range p.measures {
					known = known || p.name == s.work && m.Name == name
				}
			}
			require.True(t, known, "the README wants %q of %s", name, s.work)
		}
	}
}
