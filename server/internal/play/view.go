// Package play takes a run through the steps of its scenario: at their times or
// when what they wait for is true, it changes settings, speaks, asks, and waits
// for the presenter.
//
//	scenario file → script → player → run control → lanes, readers, producer
package play

import "time"

// State says where a player is.
type State uint8

// The states of a player.
const (
	Idle    State = iota // has not begun; the readers are moved by hand
	Playing              // the next step has a time
	Waiting              // for a condition
	Paused               // for the presenter
	Done                 // all steps have happened
	Stopped              // somebody ended it, or the run ended first
)

// String is the state as pages and the API spell it.
func (s State) String() string {
	return [...]string{"idle", "playing", "waiting", "paused", "done", "stopped"}[s]
}

// View is a player at one moment. It shares nothing that changes.
type View struct {
	State  State
	Clock  time.Duration // of the script; stands still while it waits for the presenter
	Length time.Duration // of all steps, waits at their longest
	Next   int           // index of the step that comes next; len(Steps) at the end
	Steps  []Step
	Say    string // what was said last, for the audience
	Note   string // the speaker's note of the newest step that has one
	Ask    *Ask   // the newest prediction; nil before the first
}

// Step is one step of the timeline.
type Step struct {
	When   string // "at 5s", "3s later", "when rss{lane:push} > 100MiB"
	What   string // a few words: "slow: 4KB/s", "says …"
	State  StepState
	Plan   time.Duration // of the script, when it was to happen; of a wait, its longest
	At     time.Duration // of the script, when it happened; 0 before
	LateBy time.Duration // behind its time; 0 for a wait
	Line   int           // in the file
}

// StepState says what became of a step.
type StepState uint8

// The states of a step.
const (
	Coming  StepState = iota
	Current           // what the player is waiting for
	Happened
	TimedOut // its condition was not true in time; the steps go on all the same
	Refused  // the run did not take it, for example a restart of a lane that lives
)

// Ask is a prediction that the audience is asked for.
type Ask struct {
	Question string
	Options  []string
	Answer   string // empty until it is revealed
	Because  string // likewise
}
