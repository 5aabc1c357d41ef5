package outcome

import (
	"fmt"
	"io"
	"strings"
	"time"

	"spillway/web/chart"
)

// WriteComparison writes lanes as rows: what each strategy costs, and whom. slow
// is how long some readers were slow.
func WriteComparison(w io.Writer, r Result, slow time.Duration) error {
	rows := [][]string{{"STRATEGY", "SOURCE", "RSS", "LOST", "HEALTHY p99", "SLOW p50", "WORST", "CUT OFF", "CPU", ""}}
	for _, l := range r.Lanes {
		healthy, other := groupOf(l, "healthy"), groupOf(l, "slow")
		fate := ""
		if len(l.Ends) > 0 {
			fate = fmt.Sprintf("killed after %.0f s", l.Ends[0].AtSeconds)
		}
		rows = append(rows, []string{
			l.Strategy, l.Source, bytesOf(l.RSSMaxBytes), chart.Count(l.Gaps),
			ageOf(healthy.P99Seconds), ageOf(other.P50Seconds), ageOf(other.P99Seconds),
			chart.Count(l.Disconnects), percentOf(l.CPUPercent), fate,
		})
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if left := i < 2 || i == len(row)-1; left {
				line.WriteString(cell + pad + "  ")
			} else {
				line.WriteString(pad + cell + "  ")
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, `
RSS       highest memory of the lane's process
LOST      messages that its readers miss
p50, p99  age of messages when they are read, of the whole run; some readers
          were slow for %.0f s of it. WORST is the p99 of the slow ones
CUT OFF   streams that ended though their reader had not asked for it
CPU       average, of one core
`, slow.Seconds())
	return err
}

// groupOf is what a group of readers got of a lane; empty if there is none.
func groupOf(l Lane, name string) Group {
	for _, g := range l.Groups {
		if g.Name == name {
			return g
		}
	}
	return Group{}
}

func bytesOf(n *uint64) string {
	if n == nil {
		return "–"
	}
	return chart.Bytes(float64(*n))
}

func ageOf(seconds *float64) string {
	if seconds == nil {
		return "–"
	}
	return chart.Age(int64(*seconds * 1e6))
}

func percentOf(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", *v)
}
