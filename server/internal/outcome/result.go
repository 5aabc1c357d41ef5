package outcome

import (
	"time"

	"spillway/server/internal/record"
)

// Exit codes of a run without a page. 99 and 105 are those of k6.
const (
	CodeHeld    = 0   // everything that had to come true did
	CodeFailed  = 1   // the run could not go on, or its recording is torn
	CodeBroken  = 99  // a threshold failed, or a wait was not true in time
	CodeStopped = 105 // a person stopped it; nothing is proved either way
)

// Result is the outcome of one run. Its JSON names carry their units; a figure
// that nobody could measure is null, never 0. Seconds are those of the run
// unless they are said to be of the script.
type Result struct {
	Scenario       string             `json:"scenario"` // its name
	Title          string             `json:"title"`
	RunID          string             `json:"run"`
	StartedAt      time.Time          `json:"startedAt"`
	Command        string             `json:"command"` // that reproduces it
	Environment    record.Environment `json:"environment"`
	Ending         record.Ending      `json:"ending"`
	Why            string             `json:"why,omitempty"`     // of a failed or an aborted run
	Remarks        []string           `json:"remarks,omitempty"` // of the recorder, for example that it missed something
	ElapsedSeconds float64            `json:"elapsedSeconds"`

	Checks []Check  `json:"checks"` // in the order of the file
	Steps  []Step   `json:"steps"`
	Late   Lateness `json:"late"`
	ByHand []Change `json:"byHand"` // what a person changed while it ran
	Lanes  []Lane   `json:"lanes"`

	ProducedMessages uint64 `json:"producedMessages"`
	LostMessages     uint64 `json:"lostWithBrokerMessages"`
	Retained         bool   `json:"retentionLimited"` // the streams forgot what was not read yet
	Broker           Broker `json:"broker"`
}

// Check is what became of one rule.
type Check struct {
	Name      string  `json:"metric"` // rss{lane:push}
	Rule      string  `json:"rule"`   // max > 200MiB
	Wanted    string  `json:"wanted"` // > 200MiB
	Seen      string  `json:"seen"`   // 254.3MiB
	Holds     bool    `json:"holds"`
	Known     bool    `json:"known"`     // there was a value; without one no rule holds
	Aborted   bool    `json:"aborted"`   // the run was ended because of it
	AtSeconds float64 `json:"atSeconds"` // of the sample that decided it
}

// Step is what became of one step.
type Step struct {
	When        string   `json:"when"`
	What        string   `json:"what"`
	Wait        bool     `json:"wait"`                // it waited for a condition
	Condition   string   `json:"condition,omitempty"` // of a wait
	AtMost      string   `json:"atMost,omitempty"`    // how long a wait was to last, as files spell it: 20s; empty without a bound
	State       string   `json:"state"`               // coming, current, happened, timed out, refused
	PlanSeconds float64  `json:"planScriptSeconds"`   // of the script, when it was to happen; of a wait, its latest
	AtSeconds   *float64 `json:"atScriptSeconds"`     // of the script, when it happened; null if it did not
	RunSeconds  *float64 `json:"atSeconds"`           // the same moment of the run
	LateSeconds *float64 `json:"lateSeconds"`         // behind its time; null for a wait
	Line        int      `json:"line"`                // in the scenario file
}

// The states of a Step.
const (
	StepComing   = "coming"
	StepCurrent  = "current"
	StepHappened = "happened"
	StepTimedOut = "timed out"
	StepRefused  = "refused"
)

// Lateness is how far behind their time the steps happened that had one.
type Lateness struct {
	Steps      int     `json:"steps"`
	P50Seconds float64 `json:"p50Seconds"`
	P99Seconds float64 `json:"p99Seconds"`
	MaxSeconds float64 `json:"maxSeconds"`
}

// Change is something a person did.
type Change struct {
	AtSeconds float64 `json:"atSeconds"`
	Text      string  `json:"text"`
}

// Broker is what the broker came to.
type Broker struct {
	Kind         string  `json:"kind"`
	UsedMaxBytes *uint64 `json:"usedMaxBytes"` // used_memory of INFO
	RSSMaxBytes  *uint64 `json:"rssMaxBytes"`  // null where it is not a process of ours
	LimitBytes   *uint64 `json:"limitBytes"`   // maxmemory; null without one
}

// Lane is what one lane came to. Last is the last moment it lived, which for a
// lane that died is just before its death; max is over the whole run.
type Lane struct {
	Name      string `json:"name"`
	Source    string `json:"source"`
	Strategy  string `json:"strategy"`
	Transport string `json:"transport"`

	State    string `json:"state"` // as it was before the run was cleared away
	Ends     []End  `json:"ends"`  // each time it ended though nobody had asked it to
	ExitCode *int   `json:"exitCode"`
	Restarts uint64 `json:"restarts"`

	RSSMaxBytes  *uint64 `json:"rssMaxBytes"`
	RSSLastBytes *uint64 `json:"rssLastBytes"`
	LimitBytes   *uint64 `json:"limitBytes"` // the last one
	HeapMaxBytes *uint64 `json:"heapInUseMaxBytes"`

	Backlog    Backlog `json:"backlogLast"`
	BacklogMax Backlog `json:"backlogMax"` // each of its own moment
	StallMax   float64 `json:"stallMaxSeconds"`

	Delivered   uint64 `json:"deliveredMessages"`
	Dropped     uint64 `json:"droppedMessages"`
	Gaps        uint64 `json:"gapMessages"`    // that readers saw missing
	Repeats     uint64 `json:"repeatMessages"` // that readers saw twice
	Disconnects uint64 `json:"disconnects"`    // streams that ended though nobody asked for it
	HeldMax     uint64 `json:"heldMaxBytes"`   // that had arrived at its readers and nobody had consumed

	CPUSeconds *float64 `json:"cpuSeconds"`
	CPUPercent *float64 `json:"cpuAveragePercent"` // of one core, while it lived
	Groups     []Group  `json:"readers"`

	Account *Account `json:"account"` // null where there was none
}

// End is one death of a lane.
type End struct {
	AtSeconds float64 `json:"atSeconds"`
	State     string  `json:"state"` // killed: over its memory limit; crashed: anything else
	ExitCode  *int    `json:"exitCode"`
	Why       string  `json:"why"`
}

// Backlog is what a lane had accepted and not yet written.
type Backlog struct {
	Messages uint64  `json:"messages"`
	Bytes    uint64  `json:"bytes"`
	Age      float64 `json:"oldestSeconds"`
}

// Group is what one group of readers of a lane got.
type Group struct {
	Name        string `json:"group"`
	Received    uint64 `json:"receivedMessages"`
	Gaps        uint64 `json:"gapMessages"`
	Repeats     uint64 `json:"repeatMessages"`
	Disconnects uint64 `json:"disconnects"`
	HeldMax     uint64 `json:"heldMaxBytes"`

	// Ages are those of all messages where somebody counted them all (WholeRun),
	// else those of the last second in which there was a message.
	P50Seconds *float64 `json:"ageP50Seconds"`
	P99Seconds *float64 `json:"ageP99Seconds"`
	WholeRun   bool     `json:"ageOfWholeRun"`
	P99Max     *float64 `json:"ageP99MaxSeconds"` // of the worst second
}

// Died tells whether the lane ended at least once though nobody had asked it to.
func (l Lane) Died() bool { return len(l.Ends) > 0 }

// Broken counts the rules that did not hold.
func (r Result) Broken() int {
	n := 0
	for _, c := range r.Checks {
		if !c.Holds {
			n++
		}
	}
	return n
}

// Waits are the steps that waited for a condition.
func (r Result) Waits() []Step {
	var out []Step
	for _, s := range r.Steps {
		if s.Wait {
			out = append(out, s)
		}
	}
	return out
}

// TimedOut are the waits that were not true in time.
func (r Result) TimedOut() []Step {
	var out []Step
	for _, s := range r.Steps {
		if s.State == StepTimedOut {
			out = append(out, s)
		}
	}
	return out
}

// Code is the exit code of a program that did the run. A run that was stopped
// halfway shows neither that its rules hold nor that they do not.
func (r Result) Code() int {
	switch {
	case r.Ending == record.Stopped:
		return CodeStopped
	case r.Ending != record.Completed && r.Ending != record.Aborted:
		return CodeFailed
	case r.Ending == record.Aborted, r.Broken() > 0, len(r.TimedOut()) > 0:
		return CodeBroken
	}
	return CodeHeld
}
