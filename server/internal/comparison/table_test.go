package comparison

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/outcome"
	"spillway/server/internal/strategy"
)

var update = flag.Bool("update", false, "write golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// result is a comparison of three: one dies, one makes everybody wait, one loses.
func result() outcome.Result {
	group := func(name string, p50, p99 float64) outcome.Group {
		return outcome.Group{Name: name, P50Seconds: &p50, P99Seconds: &p99, WholeRun: true}
	}
	return outcome.Result{Lanes: []outcome.Lane{
		{
			Name: "push-buffered", Strategy: "push-buffered", Source: "shared-pubsub", State: "killed",
			RSSMaxBytes: new(uint64(80 << 20)), RSSLastBytes: new(uint64(80 << 20)), CPUPercent: new(9.0),
			Ends: []outcome.End{{AtSeconds: 12.2, State: "killed"}}, Disconnects: 20,
			Groups: []outcome.Group{group("slow", 4, 9), group("healthy", .001, .004)},
		},
		{
			Name: "block", Strategy: "block", Source: "shared-pubsub", State: "running",
			RSSMaxBytes: new(uint64(30 << 20)), RSSLastBytes: new(uint64(28 << 20)), CPUPercent: new(3.5),
			Groups: []outcome.Group{group("slow", 8, 12), group("healthy", 7, 11)},
		},
		{
			Name: "drop-oldest", Strategy: "drop-oldest", Source: "shared-pubsub", State: "running", Gaps: 1234,
			RSSMaxBytes: new(uint64(31 << 20)), RSSLastBytes: new(uint64(31 << 20)),
			Groups: []outcome.Group{group("slow", 2, 3), {Name: "healthy"}},
		},
	}}
}

func column(t *testing.T, key string) Column {
	t.Helper()
	c, ok := FindColumn(key)
	require.True(t, ok, key)
	return c
}

func TestWriteText(t *testing.T) {
	var out strings.Builder
	require.NoError(t, WriteText(&out, Table(result()), 20*time.Second))
	golden(t, "table.txt", out.String())
	out.Reset()
	require.NoError(t, WriteText(&out, nil, 0))
	require.Contains(t, out.String(), "STRATEGY")
}

// The file for a spreadsheet has the names and the figures of the JSON.
func TestCSVIsTheJSON(t *testing.T) {
	table := Table(result())
	var out bytes.Buffer
	require.NoError(t, WriteCSV(&out, table))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, len(table)+1)
	for i, row := range table {
		text, err := json.Marshal(row)
		require.NoError(t, err)
		var fields map[string]any
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		require.NoError(t, decoder.Decode(&fields))
		require.Len(t, rows[0], len(fields))
		for n, name := range rows[0] {
			require.Contains(t, fields, name)
			want := ""
			switch v := fields[name].(type) {
			case string:
				want = v
			case json.Number:
				want = v.String()
			}
			require.Equal(t, want, rows[i+1][n], name)
		}
	}
}

func TestMarks(t *testing.T) {
	table := Table(result())
	for key, want := range map[string][]Mark{
		"rss":         {Worst, Best, Best},
		"lost":        {Plain, Best, Worst}, // one that died is never the best
		"healthy-p99": {Plain, Worst, Plain},
		"healthy-p50": {Plain, Worst, Plain},
		"slow-p99":    {Plain, Worst, Best},
		"cut-off":     {Worst, Best, Best},
		"cpu":         {Worst, Best, Plain}, // nobody could measure the last
	} {
		require.Equal(t, want, Marks(table, column(t, key)), key)
	}
	many := append(append([]Row(nil), table...), table[1], table[1])
	require.Equal(t, []Mark{Plain, Plain, Worst, Plain, Plain}, Marks(many, column(t, "lost")), "what most do does not stand out")
	require.Equal(t, []Mark{Plain}, Marks(table[:1], column(t, "rss")), "one alone is neither")
	same := table[1:]
	require.Equal(t, []Mark{Plain, Plain}, Marks(same, column(t, "rss")), "28 and 31 MiB are the same")
	require.Empty(t, Marks(nil, column(t, "rss")))
}

func TestSort(t *testing.T) {
	names := func(rows []Row) (out []string) {
		for _, r := range rows {
			out = append(out, r.Strategy)
		}
		return out
	}
	table := Table(result())
	require.Equal(t, []string{"block", "push-buffered", "drop-oldest"}, names(Sort(table, column(t, "cpu"), false)))
	require.Equal(t, []string{"push-buffered", "block", "drop-oldest"}, names(Sort(table, column(t, "cpu"), true)), "what is not known is last either way")
	require.Equal(t, []string{"push-buffered", "block", "drop-oldest"}, names(Sort(table, column(t, "lost"), false)), "equal rows keep their order")
	_, ok := FindColumn("nothing")
	require.False(t, ok)
	require.Equal(t, None, column(t, "cpu").Cell(table[2]))
}

func TestChoice(t *testing.T) {
	c := Default(1 << 30)
	golden(t, "all.yaml", c.Text())
	s, err := c.Scenario()
	require.NoError(t, err)
	require.True(t, Is(s))
	require.Len(t, s.Lanes, len(strategy.All))
	require.Equal(t, "spillway compare --max-memory 1024MiB", c.Command("spillway"))

	c.Strategies, err = Find([]string{"block", "drop", "block"})
	require.NoError(t, err)
	require.Len(t, c.Strategies, 2)
	c.Seconds, c.Slow = 5, 2
	require.Equal(t, "spillway compare block drop --slow 2 --seconds 5 --max-memory 1024MiB", c.Command("spillway"))
	require.Equal(t, 13*time.Second, c.Length())

	_, err = Find([]string{"pull-drian"})
	require.ErrorContains(t, err, `there is no strategy "pull-drian"; there are push-buffered, `)
	for _, wrong := range []func(*Choice){
		func(c *Choice) { c.Seconds = 0 },
		func(c *Choice) { c.Seconds = 100_000 },
		func(c *Choice) { c.Rate = "10" },
		func(c *Choice) { c.MaxMemoryBytes = 32 << 20 },
	} {
		bad := c
		wrong(&bad)
		_, err := bad.Scenario()
		require.ErrorIs(t, err, ErrChoice)
	}
}

// Each column is said once.
func TestColumns(t *testing.T) {
	keys := make(map[string]bool)
	for _, c := range Columns {
		require.False(t, keys[c.Key], c.Key)
		keys[c.Key] = true
		require.NotEmpty(t, c.Help)
		require.Positive(t, c.Differ)
	}
	for _, key := range inTerminal {
		require.True(t, keys[key], key)
	}
}
