package play

import "time"

// Event is something that a player did.
type Event struct {
	Step   int // index; the number of steps for what happens at the end
	Kind   Kind
	Text   string        // in words, see the kinds
	LateBy time.Duration // of the step behind its time; 0 for a wait
}

// Kind says what a player did.
type Kind uint8

// The kinds of events, in the order in which one step can bring them.
const (
	KindTimedOut  Kind = iota + 1 // a wait was in vain; the text is a sentence
	KindAsk                       // the question
	KindSet                       // what was changed: "throttle 4KB/s"
	KindRestart                   // the lane
	KindRefused                   // the stage's sentence, instead of KindSet or KindRestart
	KindSay                       // to the audience
	KindNote                      // to the speaker
	KindReveal                    // the answer, and why
	KindPaused                    // waits for the presenter; no text
	KindContinued                 // no text
	KindDone                      // all steps have happened, and there were some; no text
)

// String is a word for the kind.
func (k Kind) String() string {
	return [...]string{"", "timed out", "ask", "set", "restart", "refused", "say", "note", "reveal", "paused", "continued", "done"}[k]
}
