package comparison

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// inTerminal are the columns that a terminal has room for.
var inTerminal = []string{"rss", "lost", "healthy-p99", "slow-p50", "slow-p99", "cut-off", "cpu"}

// WriteText writes the table for a terminal. slow is how long some readers were
// slow.
func WriteText(w io.Writer, table []Row, slow time.Duration) error {
	header := []string{"STRATEGY", "SOURCE"}
	for _, key := range inTerminal {
		c, _ := FindColumn(key)
		header = append(header, c.Head)
	}
	rows := [][]string{append(header, "")}
	for _, r := range table {
		row := []string{r.Strategy, r.Source}
		for _, key := range inTerminal {
			c, _ := FindColumn(key)
			row = append(row, c.Cell(r))
		}
		rows = append(rows, append(row, r.Fate()))
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

// WriteCSV writes the table with the names of its JSON. What nobody could measure
// is empty.
func WriteCSV(w io.Writer, table []Row) error {
	out := csv.NewWriter(w)
	_ = out.Write([]string{
		"strategy", "source", "state", "rssLastBytes", "rssMaxBytes", "lostMessages", "healthyAgeP50Seconds", "healthyAgeP99Seconds",
		"slowAgeP50Seconds", "slowAgeP99Seconds", "disconnects", "cpuAveragePercent", "diedAfterSeconds",
	}) // errors are kept until Flush
	for _, r := range table {
		_ = out.Write([]string{
			r.Strategy, r.Source, r.State, whole(r.RSSNow), whole(r.RSSMax), whole(&r.Lost), decimal(r.HealthyP50), decimal(r.HealthyP99),
			decimal(r.SlowP50), decimal(r.SlowP99), whole(&r.Disconnects), decimal(r.CPU), decimal(r.DiedAfter),
		})
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write comparison as CSV: %w", err)
	}
	return nil
}

func whole(v *uint64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatUint(*v, 10)
}

func decimal(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}
