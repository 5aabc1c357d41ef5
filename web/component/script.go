package component

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"spillway/web/chart"
)

// Script is the timeline of a lesson: what is said now and what comes next. The
// zero value, a scenario without steps, shows nothing.
type Script struct {
	State  ScriptState
	Steps  []Step
	Next   int           // index of the step that comes next; len(Steps) at the end
	Length time.Duration // of all steps, waits at their longest
	Say    string        // what was said last
}

// ScriptState says where the steps are. The numbers are those of play.State.
type ScriptState uint8

// The states of a script.
const (
	ScriptIdle    ScriptState = iota // has not begun
	ScriptPlaying                    // the next step has a time
	ScriptWaiting                    // for a condition
	ScriptPaused                     // for the presenter
	ScriptDone                       // all steps have happened
	ScriptStopped                    // somebody ended it, or the run ended first
)

// String is the state as the style sheet knows it.
func (s ScriptState) String() string {
	return [...]string{"idle", "playing", "waiting", "paused", "done", "stopped"}[s]
}

// Step is one step of a script.
type Step struct {
	When  string        // "at 5 s", "when rss{lane:push} > 100MiB, at most 1 min"
	What  string        // a few words for everybody: without notes, and without what is still to be said
	State StepState     // what became of it
	At    time.Duration // of the script, when it happened
}

// StepState says what became of a step. The numbers are those of play.StepState.
type StepState uint8

// The states of a step.
const (
	StepComing StepState = iota
	StepCurrent
	StepHappened
	StepTimedOut // its condition was not true in time
	StepRefused  // the run did not take it
)

// ScriptClock is the time of the script, apart from the rest because it changes
// each second.
type ScriptClock struct {
	State  ScriptState
	Clock  time.Duration // in whole seconds, or the page is sent it ten times a second
	Length time.Duration // as in Script; 0 shows nothing
}

// active says whether steps are happening.
func (s ScriptState) active() bool { return s >= ScriptPlaying && s <= ScriptPaused }

// said is what stands large on the page: the steps' words until somebody takes
// over from them.
func (s Script) said() string {
	if s.State.active() || s.State == ScriptDone {
		return s.Say
	}
	return ""
}

// longSaid is how many characters stand in the largest type on two lines.
const longSaid = 84

// long says whether what is said needs smaller type to leave the charts in place.
func long(said string) bool { return utf8.RuneCountInString(said) > longSaid }

// stateOf is the state of a step on the track: while the presenter is waited for,
// the step that comes next is where the lesson is.
func (s Script) stateOf(i int) StepState {
	if i == s.Next && s.Steps[i].State == StepComing {
		return StepCurrent
	}
	return s.Steps[i].State
}

// size is "8 steps, about 2 min".
func (s Script) size() string {
	return plural(len(s.Steps), "step") + ", about " + about(s.Length)
}

// place is "Step 3 of 8".
func (s Script) place() string {
	return "Step " + strconv.Itoa(min(s.Next+1, len(s.Steps))) + " of " + strconv.Itoa(len(s.Steps))
}

// next is the step that comes next, or false.
func (s Script) next() (Step, bool) {
	if s.Next < 0 || s.Next >= len(s.Steps) {
		return Step{}, false
	}
	return s.Steps[s.Next], true
}

// condition is what a wait waits for.
func (t Step) condition() string { return Plain(strings.TrimPrefix(t.When, "when ")) }

// labels are the braces behind a metric.
var labels = regexp.MustCompile(`\{([^{}]*)\}`)

// operators are comparisons as they are written and as they are read.
var operators = strings.NewReplacer(" == ", " is ", " != ", " is not ", " >= ", " ≥ ", " <= ", " ≤ ", "_", " ")

// Plain says a condition without braces: "rss of push > 100MiB", "age of pull,
// healthy readers < 1s".
func Plain(rule string) string {
	return operators.Replace(labels.ReplaceAllStringFunc(rule, func(braces string) string {
		var of []string
		for label := range strings.SplitSeq(strings.Trim(braces, "{}"), ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(label), ":")
			if value = strings.TrimSpace(value); strings.TrimSpace(name) == "reader" && !strings.HasSuffix(value, "s") {
				value += " readers" // "slow readers", but "phones"
			}
			of = append(of, value)
		}
		return " of " + strings.Join(of, ", ")
	}))
}

// sign stands for a step's state, so that nobody needs a colour.
func (s StepState) sign() string { return [...]string{"○", "◔", "✓", "✕", "✕"}[s] }

// word says it.
func (s StepState) word() string {
	return [...]string{"to come", "now", "done", "not true in time", "refused by the run"}[s]
}

// String is the state as the style sheet knows it.
func (s StepState) String() string {
	return [...]string{"coming", "current", "happened", "failed", "failed"}[s]
}

// at is when a step happened.
func (t Step) at() string {
	if t.State == StepComing || t.State == StepCurrent {
		return ""
	}
	return chart.Clock(t.At.Seconds())
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// about rounds to what somebody plans with: ten seconds, or half a minute.
func about(d time.Duration) string {
	if d < 50*time.Second {
		return strconv.Itoa(max(10, int(d.Round(10*time.Second).Seconds()))) + " s"
	}
	halves := int(d.Round(30*time.Second) / (30 * time.Second))
	text := strconv.Itoa(halves / 2)
	switch {
	case halves == 1:
		return "½ min"
	case halves%2 == 1:
		text += "½"
	}
	return text + " min"
}
