package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
)

const metricsUsage = `What thresholds and waits of a scenario may name.

Usage:
  spillway metrics        the table

It needs no run. The grammar of rules is in scenarios/README.md.
`

// metricsColumns is the width of the table: a terminal beside an editor.
const metricsColumns = 100

// listMetrics prints every metric.
func listMetrics(args []string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("metrics", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, metricsUsage)
		return exitOK
	case err == nil && set.NArg() > 0:
		err = fmt.Errorf("unexpected %q", set.Arg(0))
		fallthrough
	case err != nil:
		fmt.Fprintf(stderr, "spillway: %v (--help tells more)\n", err)
		return exitUsage
	}
	for _, kind := range []struct {
		kind  script.Kind
		title string
	}{
		{script.Gauge, "Gauges are measured ten times a second."},
		{script.Counter, "Counters grow. Their rate is per second: 10/s, of bytes 4KB/s."},
		{script.Trend, "Trends have a value for each message."},
	} {
		fmt.Fprintf(stdout, "%s\nAggregations: %s\n\n", kind.title, metric.AggregationsOf(kind.kind))
		writeMetrics(stdout, kind.kind)
		fmt.Fprintln(stdout)
	}
	fmt.Fprint(stdout, `Numbers have the unit of their metric: 64KiB, 250ms, 40%; a plain number has none.
A label in brackets may be left out: then it is the lane as a whole.

Thresholds, each must hold at the end:
  thresholds:
    rss{lane:push}: max > 2 * max of rss{lane:pull}
    age{lane:pull,reader:healthy}: p(99) < 250ms
A step that waits:
  - wait_until: rss{lane:push} > 100MiB and readers{lane:push} >= 200
    timeout: 60s
`)
	return exitOK
}

// writeMetrics prints the metrics of one kind as a table.
func writeMetrics(w io.Writer, kind script.Kind) {
	rows := [][3]string{{"NAME", "LABELS", "UNIT"}}
	help := []string{"MEANING"}
	for _, d := range metric.All {
		if d.Kind == kind {
			rows = append(rows, [3]string{d.Name, d.Labels(), metric.UnitWord(d.Unit)})
			help = append(help, d.Help)
		}
	}
	var wide [3]int
	for _, row := range rows {
		for i, cell := range row {
			wide[i] = max(wide[i], len(cell))
		}
	}
	indent := 2
	for _, n := range wide {
		indent += n + 2
	}
	for i, row := range rows {
		lines := wrap(help[i], metricsColumns-indent)
		fmt.Fprintf(w, "  %-*s  %-*s  %-*s  %s\n", wide[0], row[0], wide[1], row[1], wide[2], row[2], lines[0])
		for _, line := range lines[1:] {
			fmt.Fprintf(w, "%*s%s\n", indent, "", line)
		}
	}
}

// wrap breaks a text between words; a word that is longer stays whole.
func wrap(text string, columns int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > columns {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
