package outcome

import (
	"fmt"
	"math"
	"strings"

	"spillway/server/internal/record"
	"spillway/web/chart"
)

const mib = 1 << 20

// noticeable is a backlog that a sentence speaks of, as on the cards of a page.
const noticeable = mib

// Sentence says in one sentence what became of the lanes, with nothing in it
// that was not measured: "push ran out of memory after 27 s; pull stayed below
// 29 MiB and lost nothing."
func (r Result) Sentence() string {
	if len(r.Lanes) == 0 || r.ElapsedSeconds == 0 {
		return "Nothing was measured."
	}
	var died, lived []string
	for _, l := range r.Lanes {
		if l.Died() {
			died = append(died, l.death())
		} else {
			lived = append(lived, r.life(l))
		}
	}
	all := append(died, lived...)
	if len(died) == 0 && len(r.Lanes) > 1 {
		return "No lane died: " + strings.Join(all, "; ") + "."
	}
	return strings.Join(all, "; ") + "."
}

func (l Lane) death() string {
	first := l.Ends[0]
	var b strings.Builder
	b.WriteString(l.Name)
	switch {
	case first.State == "killed":
		b.WriteString(" ran out of memory")
	case first.ExitCode != nil:
		fmt.Fprintf(&b, " ended with exit code %d", *first.ExitCode)
	default:
		b.WriteString(" ended")
	}
	switch n := len(l.Ends); {
	case n == 2:
		fmt.Fprintf(&b, " after %s and a second time after %s", whole(first.AtSeconds), whole(l.Ends[1].AtSeconds))
	case n > 2:
		fmt.Fprintf(&b, " after %s and %d more times", whole(first.AtSeconds), n-1)
	default:
		b.WriteString(" after " + whole(first.AtSeconds))
	}
	switch {
	case l.State != "killed" && l.State != "crashed":
		b.WriteString(" and was started again")
	case l.Backlog.Bytes >= noticeable:
		fmt.Fprintf(&b, " with %s it had not sent", chart.Bytes(float64(l.Backlog.Bytes)))
	}
	return b.String()
}

// life is what a lane that lived came to. That it lost nothing is said only
// where nothing can have been lost: neither by the lane, nor in the broker, nor
// by a stream that forgets what was not read yet.
func (r Result) life(l Lane) string {
	out := l.Name + " lived"
	if l.RSSMaxBytes != nil {
		most := float64(*l.RSSMaxBytes)
		out = fmt.Sprintf("%s stayed below %s MiB", l.Name, chart.Count(uint64(math.Floor(most/mib))+1))
		if l.LimitBytes != nil && most > float64(*l.LimitBytes)*3/4 {
			out = fmt.Sprintf("%s came to %s of its %s", l.Name, chart.Bytes(most), chart.Bytes(float64(*l.LimitBytes)))
		}
	}
	switch {
	case l.Gaps > 0 && l.Dropped > 0:
		return fmt.Sprintf("%s, dropped %s, and its readers miss %s", out, many(l.Dropped, "message"), chart.Count(l.Gaps))
	case l.Gaps > 0:
		return fmt.Sprintf("%s and its readers miss %s", out, many(l.Gaps, "message"))
	case l.Dropped > 0:
		return fmt.Sprintf("%s and dropped %s", out, many(l.Dropped, "message"))
	case r.LostMessages > 0 || r.Retained:
		return out + " and its readers have seen no gap"
	}
	return out + " and lost nothing"
}

// Closing says how the run ended and with which exit code.
func (r Result) Closing() string {
	after := duration(r.ElapsedSeconds)
	var b strings.Builder
	switch r.Ending {
	case record.Failed:
		b.WriteString("The run failed after " + after)
		if r.Why != "" {
			b.WriteString(": " + strings.TrimRight(r.Why, "."))
		}
		b.WriteString(".")
	case record.Stopped:
		b.WriteString("A person stopped the run after " + after + "; thresholds are shown as they stood then.")
	case record.Aborted:
		b.WriteString("A threshold ended the run after " + after)
		if r.Why != "" {
			b.WriteString(": " + strings.TrimRight(r.Why, "."))
		}
		b.WriteString(". " + r.tally())
	case record.Completed:
		b.WriteString(r.tally())
	default:
		b.WriteString("The recording breaks off after " + after + "; what came then is not known.")
	}
	fmt.Fprintf(&b, " Exit code %d.", r.Code())
	return b.String()
}

// tally counts what held and what did not.
func (r Result) tally() string {
	var parts []string
	broken, n := r.Broken(), len(r.Checks)
	switch {
	case n == 0:
		parts = append(parts, "No thresholds were set")
	case broken == 0 && n == 1:
		parts = append(parts, "The threshold holds")
	case broken == 0:
		parts = append(parts, fmt.Sprintf("All %d thresholds hold", n))
	default:
		parts = append(parts, fmt.Sprintf("%d of %s failed", broken, many(uint64(n), "threshold")))
	}
	switch n := len(r.TimedOut()); {
	case n == 1:
		parts = append(parts, "1 wait was not true in time")
	case n > 1:
		parts = append(parts, fmt.Sprintf("%d waits were not true in time", n))
	}
	return strings.Join(parts, ", and ") + "."
}

// whole is a time in the run in whole seconds passed, as clocks and marks say it.
func whole(s float64) string {
	if s < 60 {
		return fmt.Sprintf("%.0f s", math.Floor(s))
	}
	return duration(math.Floor(s))
}
