package replay

import (
	"cmp"
	"slices"
	"time"

	"spillway/server/internal/play"
	"spillway/server/internal/record"
)

// Jump is a moment worth going to.
type Jump struct {
	At    time.Duration // of the run
	Label string        // a few words, or a sentence of the log
	Kind  JumpKind
}

// JumpKind says what happened at a Jump.
type JumpKind string

// The kinds of jumps, the telling ones first.
const (
	JumpGrave JumpKind = "grave" // a death or a loss, in the words of the log
	JumpStep  JumpKind = "step"  // of the scenario
	JumpMark  JumpKind = "mark"  // on a curve: something a person changed
)

const (
	// nearby jumps are the same one told twice: a death is a line of the log and a
	// mark on its curve, a step marks the curve that it changes.
	nearby = time.Second
	// maxJumps are more than anybody looks through.
	maxJumps = 200
)

// jumpsOf finds the jumps of a recording, by rising time.
func jumpsOf(rec *record.Recording) []Jump {
	told := append(graves(rec), steps(rec)...)
	out := slices.Clone(told)
	for _, lane := range rec.Marks {
		for _, m := range lane.Marks {
			at := time.Duration(m.ElapsedMicros) * time.Microsecond
			if !near(told, at, "") && !near(out, at, m.Label) {
				out = append(out, Jump{at, m.Label, JumpMark})
			}
		}
	}
	first := rec.Moments[0].Elapsed
	out = slices.DeleteFunc(out, func(j Jump) bool { return j.At < first })
	slices.SortStableFunc(out, func(a, b Jump) int { return cmp.Compare(a.At, b.At) })
	return out[:min(len(out), maxJumps)]
}

// near tells whether one of all is close to a time, and has this label if there
// is one.
func near(all []Jump, at time.Duration, label string) bool {
	return slices.ContainsFunc(all, func(j Jump) bool {
		return (label == "" || j.Label == label) && (j.At-at).Abs() <= nearby
	})
}

func graves(rec *record.Recording) (out []Jump) {
	for _, e := range rec.Log {
		if e.Grave && !near(out, e.At, e.Text) {
			out = append(out, Jump{e.At, e.Text, JumpGrave})
		}
	}
	return out
}

// steps are those that had happened, at the moment that was the first to show
// it: their own times are of the script, which can stand still.
func steps(rec *record.Recording) (out []Jump) {
	var before []play.Step
	for i, v := range rec.Moments {
		now := v.Script.Steps
		if len(now) == 0 || len(before) == len(now) && &before[0] == &now[0] {
			continue
		}
		for k, s := range now {
			known := k < len(before) && happened(before[k].State)
			if i > 0 && happened(s.State) && !known {
				out = append(out, Jump{v.Elapsed, s.What, JumpStep})
			}
		}
		before = now
	}
	return out
}

func happened(s play.StepState) bool {
	return s == play.Happened || s == play.TimedOut || s == play.Refused
}
