package comparison

import (
	"fmt"

	"spillway/server/internal/outcome"
	"spillway/web/chart"
)

// Row is what one strategy costs, and whom. nil is what nobody could measure,
// never 0. Its JSON names carry their units.
type Row struct {
	Strategy string `json:"strategy"`
	Source   string `json:"source"`
	State    string `json:"state"`

	RSSNow *uint64 `json:"rssLastBytes"` // the last one while it lived
	RSSMax *uint64 `json:"rssMaxBytes"`
	Lost   uint64  `json:"lostMessages"` // that its readers saw missing

	// Ages of messages when they are read, of the whole run so far.
	HealthyP50 *float64 `json:"healthyAgeP50Seconds"`
	HealthyP99 *float64 `json:"healthyAgeP99Seconds"`
	SlowP50    *float64 `json:"slowAgeP50Seconds"`
	SlowP99    *float64 `json:"slowAgeP99Seconds"`

	Disconnects uint64   `json:"disconnects"`       // streams that ended though their reader had not asked for it
	CPU         *float64 `json:"cpuAveragePercent"` // of one core
	DiedAfter   *float64 `json:"diedAfterSeconds"`  // null: it did not
}

// Table sums a run up, one row for each of its lanes.
func Table(r outcome.Result) []Row {
	rows := []Row{}
	for _, l := range r.Lanes {
		healthy, slow := groupOf(l, groupHealthy), groupOf(l, groupSlow)
		row := Row{
			Strategy: l.Strategy, Source: l.Source, State: l.State,
			RSSNow: l.RSSLastBytes, RSSMax: l.RSSMaxBytes, Lost: l.Gaps,
			HealthyP50: healthy.P50Seconds, HealthyP99: healthy.P99Seconds,
			SlowP50: slow.P50Seconds, SlowP99: slow.P99Seconds,
			Disconnects: l.Disconnects, CPU: l.CPUPercent,
		}
		if l.Died() {
			row.DiedAfter = new(l.Ends[0].AtSeconds)
		}
		rows = append(rows, row)
	}
	return rows
}

// groupOf is what a group of readers got of a lane; empty if there is none.
func groupOf(l outcome.Lane, name string) outcome.Group {
	for _, g := range l.Groups {
		if g.Name == name {
			return g
		}
	}
	return outcome.Group{}
}

// None stands for what nobody could measure.
const None = "–"

// Column is one figure of a row: its name, what it is, and how it is compared.
type Column struct {
	Key   string // "healthy-p99"
	Head  string // of the table in a terminal
	Title string // of the page's
	Help  string // one sentence
	// Value is the figure; false where nobody could measure it.
	Value func(Row) (float64, bool)
	Text  func(float64) string
	// Differ is how far apart the best and the worst must be for either to stand
	// out: both as a difference and as a factor.
	Differ float64
}

// Columns are the figures of a row, in the order of every table. Of all of them
// less is better.
var Columns = []Column{
	{"rss-now", "RSS NOW", "RSS now", "Memory of the lane's process; of one that died, the last before its death.", bytesOf(func(r Row) *uint64 { return r.RSSNow }), chart.Bytes, 8 << 20},
	{"rss", "RSS", "RSS at most", "The highest memory of the lane's process.", bytesOf(func(r Row) *uint64 { return r.RSSMax }), chart.Bytes, 8 << 20},
	{"lost", "LOST", "Lost", "Messages that its readers miss.", countOf(func(r Row) uint64 { return r.Lost }), count, 1},
	{"healthy-p50", "HEALTHY p50", "Age, healthy p50", "Half of the messages that the healthy readers got were younger than this when they read them.", figureOf(func(r Row) *float64 { return r.HealthyP50 }), age, .05},
	{"healthy-p99", "HEALTHY p99", "Age, healthy p99", "All but one in a hundred of the messages that the healthy readers got were younger than this.", figureOf(func(r Row) *float64 { return r.HealthyP99 }), age, .5},
	{"slow-p50", "SLOW p50", "Age, slow p50", "Half of the messages that the slow readers got were younger than this.", figureOf(func(r Row) *float64 { return r.SlowP50 }), age, .5},
	{"slow-p99", "WORST", "Age, slow p99", "All but one in a hundred of the messages that the slow readers got were younger than this.", figureOf(func(r Row) *float64 { return r.SlowP99 }), age, .5},
	{"cut-off", "CUT OFF", "Cut off", "Streams that ended though their reader had not asked for it.", countOf(func(r Row) uint64 { return r.Disconnects }), count, 1},
	{"cpu", "CPU", "CPU", "Average of the lane's process, of one core.", figureOf(func(r Row) *float64 { return r.CPU }), percent, 1},
}

// Cell is the figure of a row as text.
func (c Column) Cell(r Row) string {
	v, ok := c.Value(r)
	if !ok {
		return None
	}
	return c.Text(v)
}

func bytesOf(get func(Row) *uint64) func(Row) (float64, bool) {
	return func(r Row) (float64, bool) {
		v := get(r)
		if v == nil {
			return 0, false
		}
		return float64(*v), true
	}
}

func countOf(get func(Row) uint64) func(Row) (float64, bool) {
	return func(r Row) (float64, bool) { return float64(get(r)), true }
}

func figureOf(get func(Row) *float64) func(Row) (float64, bool) {
	return func(r Row) (float64, bool) {
		v := get(r)
		if v == nil {
			return 0, false
		}
		return *v, true
	}
}

func count(v float64) string   { return chart.Count(uint64(v)) }
func age(v float64) string     { return chart.Age(int64(v * 1e6)) }
func percent(v float64) string { return fmt.Sprintf("%.1f %%", v) }

// Fate is what became of a lane that died; empty for one that lives.
func (r Row) Fate() string {
	if r.DiedAfter == nil {
		return ""
	}
	return fmt.Sprintf("%s after %.0f s", r.State, *r.DiedAfter)
}
