package site

import (
	"slices"
	"strings"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/library"
	"spillway/server/internal/play"
	"spillway/server/internal/replay"
	"spillway/server/internal/run"
	"spillway/web/component"
)

// scriptOf is the timeline of the run. What is still to be said stays unsaid.
func (s *Site) scriptOf(v run.View) component.Script {
	out := component.Script{
		State:  component.ScriptState(v.Script.State),
		Next:   v.Script.Next,
		Length: v.Script.Length,
		Say:    v.Script.Say,
	}
	if len(v.Script.Steps) == 0 {
		return component.Script{}
	}
	words := library.Describe(v.Scenario, s.o.Vocabulary).Steps
	told := withoutNotes(v.Scenario.Steps)
	for i, step := range v.Script.Steps {
		what := "a note for the speaker"
		switch known := i < len(told) && told[i] != ""; {
		case known && step.State != play.Coming && step.State != play.Current:
			what = told[i]
		case i < len(words) && words[i].What != "":
			what = words[i].What
		case i < len(v.Scenario.Steps) && v.Scenario.Steps[i].Predict != nil:
			what = "asks"
		case known:
			what = "speaks"
		}
		out.Steps = append(out.Steps, component.Step{When: step.When, What: what, State: component.StepState(step.State), At: step.At})
	}
	return out
}

// withoutNotes are steps in words for everybody. Nothing is left of one that is
// but a note.
func withoutNotes(steps []script.Step) []string {
	bare := slices.Clone(steps)
	for i := range bare {
		bare[i].Note = ""
	}
	var out []string
	for i, step := range play.New(bare, play.Options{}).View().Steps {
		if b := bare[i]; b.Set == nil && b.Restart == "" && b.Say == "" && b.Predict == nil && !b.Reveal && b.Pause == "" {
			step.What = ""
		}
		out = append(out, step.What)
	}
	return out
}

func clockOf(v run.View) component.ScriptClock {
	if len(v.Script.Steps) == 0 {
		return component.ScriptClock{}
	}
	return component.ScriptClock{
		State:  component.ScriptState(v.Script.State),
		Clock:  v.Script.Clock.Truncate(time.Second),
		Length: v.Script.Length,
	}
}

func askOf(v run.View) component.Ask {
	if v.Script.Ask == nil {
		return component.Ask{}
	}
	return component.Ask{Question: v.Script.Ask.Question, Options: v.Script.Ask.Options, Answer: v.Script.Ask.Answer, Because: v.Script.Ask.Because}
}

// hasNotes tells whether there is anything for the speaker.
func hasNotes(v run.View) bool {
	for _, step := range v.Scenario.Steps {
		if step.Note != "" {
			return true
		}
	}
	return false
}

func checksOf(v run.View) component.Checks {
	out := component.Checks{Final: v.Script.State == play.Done}
	for _, c := range v.Checks {
		check := component.Check{Name: c.Name, Rule: c.Rule, Seen: c.Seen, Mark: component.CheckFails}
		switch {
		case c.Holds:
			check.Mark = component.CheckHolds
		case !c.Known:
			check.Mark = component.CheckOpen
		}
		out.Rules = append(out.Rules, check)
	}
	return out
}

// ghostCaption is what stands under a lane's chart about the series behind it.
func ghostCaption(v run.View, lane string) string {
	for _, g := range v.Scenario.Ghosts {
		if g.Lane == lane {
			return strings.TrimSpace(g.Caption)
		}
	}
	return ""
}

// replayOf is the bar of a recording; nil for a run.
func (s *Site) replayOf(v run.View) *component.Replay {
	if s.o.Replay == nil {
		return nil
	}
	state := s.o.Replay.State()
	out := &component.Replay{
		API:    "/api/replay",
		Title:  v.Scenario.Title,
		Made:   v.StartedAt.Format("2 January 2006, 15:04"),
		Length: state.Length,
		State:  replayStateOf(state),
	}
	for _, j := range state.Jumps {
		if label := jumpLabel(j); label != "" {
			out.Marks = append(out.Marks, component.ReplayMark{At: j.At, Label: label})
		}
	}
	return out
}

// maxJumpLabel is what a button of the bar has room for, in characters.
const maxJumpLabel = 32

// jumpLabel is a jump in a few words: a death up to its figures, a step without
// what it says. A step that is but a note for the speaker is none.
func jumpLabel(j replay.Jump) string {
	text := j.Label
	if j.Kind == replay.JumpGrave {
		text, _, _ = strings.Cut(text, ":")
		text = "✕ " + text
	} else {
		if note, isNote := strings.CutPrefix(text, "note “"); isNote {
			_, text, _ = strings.Cut(note, "”; ")
		}
		text, _, _ = strings.Cut(text, "; ")
	}
	if short := []rune(text); len(short) > maxJumpLabel {
		text = strings.TrimSpace(string(short[:maxJumpLabel-1])) + "…"
	}
	return text
}

// slowGroup is the first group of readers that the slider acts on.
func slowGroup(v run.View) (name string, count int) {
	for _, g := range v.Scenario.Crowd() {
		if !g.Steady {
			return g.Name, v.Settings.Readers[g.Name].Count
		}
	}
	return "", 0
}
