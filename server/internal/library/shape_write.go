package library

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"spillway/server/internal/record"
	"spillway/wasm/wire"
	"spillway/web/chart"
)

// shapeRows is how many rows a shape gets: about one for every two pixels of the
// small picture.
const shapeRows = 60

// WriteShape makes the shape file of a lesson from a recording of it. Each row is
// the highest RSS since the row before, so that a death keeps its peak.
func WriteShape(w io.Writer, rec record.Recording) error {
	if len(rec.Moments) == 0 {
		return errors.New("write shape: the recording has no samples")
	}
	first, last := rec.Moments[0], rec.Moments[len(rec.Moments)-1]
	out := bufio.NewWriter(w)
	fmt.Fprint(out, limitComment)
	for i, l := range first.Sample.Lanes {
		if i < len(first.Lanes) && l.Limit > 0 {
			fmt.Fprintf(out, " %s=%s", first.Lanes[i].Name, mib(l.Limit))
		}
	}
	if died := deaths(rec); died != "" {
		fmt.Fprintf(out, "\n%s%s", diedComment, died)
	}
	fmt.Fprintf(out, "\n# RSS in MiB, the highest since the row before, of one run of %s on %s; %s, %d cores\n",
		rec.Header.Scenario, rec.Header.StartedAt.UTC().Format(time.DateOnly), platform(rec.Header.Environment.OS), rec.Header.Environment.Cores)
	if rec.Header.Command != "" {
		fmt.Fprintf(out, "# %s\n", oneLine(rec.Header.Command))
	}
	fmt.Fprint(out, timeColumn)
	for _, l := range first.Lanes {
		fmt.Fprintf(out, ",%s", l.Name)
	}
	fmt.Fprintln(out)

	every := max(last.Elapsed/shapeRows, time.Millisecond)
	peaks := make([]uint64, len(first.Lanes))
	written := -1.0
	for i, m := range rec.Moments {
		for j := range min(len(peaks), len(m.Sample.Lanes)) {
			if lane := m.Sample.Lanes[j]; lane.State == wire.StateRunning {
				peaks[j] = max(peaks[j], lane.RSS)
			}
		}
		ends := i == len(rec.Moments)-1 || rec.Moments[i+1].Elapsed/every != m.Elapsed/every
		t := float64(m.Elapsed.Milliseconds()/100) / 10
		if !ends || t <= written {
			continue // rows have tenths of seconds; what is closer goes into the next one
		}
		written = t
		fmt.Fprint(out, strconv.FormatFloat(t, 'f', 1, 64))
		for j, rss := range peaks {
			fmt.Fprint(out, ",", mib(rss))
			peaks[j] = 0
		}
		fmt.Fprintln(out)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write shape: %w", err)
	}
	return nil
}

// deaths are the kills of all lanes: " push=27.2 push=41.0".
func deaths(rec record.Recording) string {
	var out strings.Builder
	for i, lane := range rec.Marks {
		if i >= len(rec.Moments[0].Lanes) {
			break
		}
		for _, m := range lane.Marks {
			if chart.MarkKind(m.Kind) == chart.MarkKill {
				fmt.Fprintf(&out, " %s=%.1f", rec.Moments[0].Lanes[i].Name, float64(m.ElapsedMicros)/1e6)
			}
		}
	}
	return out.String()
}

// mib is a number of bytes in MiB as a cell; nothing for 0.
func mib(bytes uint64) string {
	if bytes == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(bytes)/(1<<20), 'f', 1, 64)
}

// oneLine keeps a comment a comment.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// platform is an operating system without its release, which is nobody's
// business in a file that is handed on.
func platform(os string) string {
	name, _, _ := strings.Cut(os, ",")
	return oneLine(name)
}
