package terminal

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"spillway/server/internal/play"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
	"spillway/web/chart"
)

// Lines draws a run: a headline, a line for each lane, how far the steps are,
// and what was said last. No line is wider than the look allows.
func Lines(v run.View, l Look) []string {
	if l.Width == 0 {
		l.Width = DefaultWidth
	}
	l.Width = max(l.Width, minWidth)
	out := []string{headline(v, l)}
	out = append(out, lanes(v, l)...)
	out = append(out, progress(v, l))
	if said := lastSaid(v); said != "" {
		out = append(out, l.paint(cyan, cut(said, l.Width)))
	}
	if l.Height > 0 && len(out) > l.Height {
		out = out[:l.Height]
	}
	return out
}

// headline is the title, the time, and the step.
func headline(v run.View, l Look) string {
	title := line(v.Scenario.Title)
	if title == "" {
		title = v.Scenario.Name
	}
	rest := " · " + chart.Clock(v.Elapsed.Seconds())
	if n := len(v.Script.Steps); n > 0 {
		rest += fmt.Sprintf(" · %d of %s done", v.Script.Next, steps(n))
	}
	if v.State != wire.StateRunning {
		rest += " · " + v.State.String()
	}
	title = cut(title, max(8, l.Width-utf8.RuneCountInString(rest)))
	return l.paint(bold, title) + cut(rest, max(0, l.Width-utf8.RuneCountInString(title)))
}

func steps(n int) string {
	if n == 1 {
		return "1 step"
	}
	return fmt.Sprintf("%d steps", n)
}

// progress is a bar over the script, and what comes next.
func progress(v run.View, l Look) string {
	done, length, what := v.Script.Clock, v.Script.Length, ""
	switch s := v.Script; {
	case len(s.Steps) == 0:
		done, length = v.Elapsed, l.Length
		what = "no steps, ends after " + chart.Clock(length.Seconds())
	case s.State == play.Done || s.State == play.Stopped:
		what = s.State.String()
	case s.State == play.Paused:
		what = "waits for the presenter"
	case s.State == play.Idle:
		what = "begins when everything runs"
	case s.Next >= len(s.Steps):
	case s.State == play.Waiting:
		what = "waits until " + strings.TrimPrefix(line(s.Steps[s.Next].When), "when ")
	default:
		what = "next, " + line(s.Steps[s.Next].When) + ": " + line(s.Steps[s.Next].What)
	}
	width := min(24, l.Width/3)
	text := fmt.Sprintf(" %3d %%  %s", percent(done, length), what)
	return bar(part(float64(done), float64(length)), width) + cut(text, l.Width-width)
}

func percent(done, length time.Duration) int {
	return int(100 * part(float64(done), float64(length)))
}

// part is how much of a whole something is, from 0 to 1.
func part(have, whole float64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(max(have/whole, 0), 1)
}

// bar draws a part of a whole.
func bar(part float64, width int) string {
	full := int(math.Round(part * float64(width)))
	if part > 0 && full == 0 {
		full = 1
	}
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}

// lastSaid is what the audience was told last.
func lastSaid(v run.View) string {
	if v.Script.Say == "" {
		return ""
	}
	return "“" + line(v.Script.Say) + "”"
}
