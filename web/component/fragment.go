package component

import (
	"github.com/a-h/templ"

	"spillway/wasm/wire"
)

// Entry is one line of the log.
type Entry struct {
	Clock string // of the run: "00:21"
	Text  string // one sentence
	Grave bool   // a death or a loss: marked, not only coloured
	Kind  EntryKind
}

// EntryKind says whose line it is. The numbers are those of run.EntryKind.
type EntryKind uint8

// The kinds of lines.
const (
	EntryObserved EntryKind = iota // something that happened
	EntryScripted                  // a step did it
	EntryByHand                    // a person did it
	EntrySaid                      // by the lesson, to the audience
)

// by says who did it; nobody has done what merely happened.
func (e Entry) by() string { return [...]string{"", "by a step", "by hand", ""}[e.Kind] }

// Verdict says what became of the run so far, or what to do now.
type Verdict struct {
	Title   string
	Text    string
	Watch   string   // instead of Text for those who may not steer; empty: the same
	Answers []Answer // what became of the visitor's answer; at most one is shown
	Actions []Action // what to do next, the most likely first
}

// Answer is a sentence for visitors who guessed so.
type Answer struct {
	Guess string // name of a lane, or "both"
	Text  string
}

// Action is something to press. One with Href is a link.
type Action struct {
	Label string
	Do    string // data-action: "doit" (plays the steps), "release", "restart", "start", "reset"
	Lane  string // for restart
	Href  string
}

// Notice is about the run as a whole: the broker is away, the client could not
// be compiled. The zero value shows nothing.
type Notice struct {
	Title string
	Text  string
	State wire.State // decides its mark: waiting, or something that failed
}

func (n Notice) empty() bool { return n.Title == "" && n.Text == "" }

func laneAttr(a Action) templ.Attributes {
	if a.Lane == "" {
		return nil
	}
	return templ.Attributes{"data-lane": a.Lane}
}
