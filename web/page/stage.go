package page

import (
	"strconv"

	"spillway/wasm/wire"
	"spillway/web/component"
)

// Assets are the URLs of the files beside the page, each with the hash of its
// content, so that they may be cached for ever.
type Assets struct {
	Style     string // app.css
	Theme     string // theme.js
	Boot      string // boot.js
	Press     string // press.js
	Script    string // script.js
	Replay    string // replay.js; a page of a run does not load it
	Worker    string // worker.js
	Exec      string // wasm_exec.js
	Client    string // client.wasm
	Mark      string // mark.svg
	Lesson    string // lesson.css, after app.css on the pages around lessons
	Editor    string // editor.js
	Heap      string // heap.css, after lesson.css
	Compare   string // compare.css, likewise
	Comparing string // compare.js, of the comparison and of the page that waits for it

	Code       string // code.css, after the others
	CodeScript string // code.js

	Account       string // account.css, likewise
	AccountScript string // account.js
	ReadersScript string // readers.js, of the page with each reader
}

// Lesson is what the stage is about.
type Lesson struct {
	ID       string // "one-slow-reader"; empty: the page does not care which lesson runs
	Name     string // "One slow reader"
	Number   int    // from 1; 0 is none of the list, as a text from the editor
	Sentence string // "Same messages, same readers."
	Question string // "Which server runs out of memory?"
	All      string // URL of the list of lessons; empty shows no link
	Edit     string // URL of its editor, for those who steer; empty shows no link
}

// Choice is a lesson that can be played instead. Choosing one changes the run
// for everybody, so it is a form and not a link.
type Choice struct {
	Name    string
	Action  string // URL that the form posts to
	Current bool
}

// Broker is what the page says of the broker.
type Broker struct {
	Kind string // "embedded", "local redis-server", "Redis 7.2 at …"
	Used string // used memory as chart.Bytes
}

// Stage is the page of a run: lanes side by side under the same load.
type Stage struct {
	Assets   Assets
	Hub, API string // URLs for the client: "/hub", "/api/run"
	Run      string // id of the run; what a visitor has answered is kept for it
	Lesson   Lesson
	Lessons  []Choice // every lesson; one alone shows no picker
	Steer    bool     // this page may change the run
	State    wire.State
	Clock    string // chart.Clock of the run
	Produced string // messages of the producer as chart.Count
	Paused   bool
	Controls component.Controls // its lanes are the cards, from left to right
	Log      []component.Entry  // the newest first
	Verdict  component.Verdict
	Notice   component.Notice
	Broker   Broker

	Script    component.Script
	Time      component.ScriptClock
	Ask       component.Ask
	Note      string // for the speaker; no page that only watches has it
	Notes     bool   // the lesson has notes
	Checks    component.Checks
	Recording string            // URL of the recording of this run; empty while there is none
	Report    string            // URL of the report on it so far; likewise
	Compare   string            // URL of the comparison of strategies; empty shows no link
	Replay    *component.Replay // the page shows a recording: nothing can be changed
}

func (s Stage) title() string {
	return s.Lesson.Name + " · Spillway"
}

func (s Stage) count() string { return strconv.Itoa(len(s.Controls.Lanes)) }

func (s Stage) place() string {
	return "Lesson " + strconv.Itoa(s.Lesson.Number) + " of " + strconv.Itoa(len(s.Lessons))
}

// keys are the shortcuts of this page.
func (s Stage) keys() []shortcut {
	if s.Replay != nil {
		return replayShortcuts
	}
	return shortcuts
}

// slider is the id of the one big control.
func (s Stage) slider() string {
	if s.Replay != nil {
		return "seek"
	}
	return "throttle"
}

// every names the guess that spares no lane.
func (s Stage) every() string {
	if len(s.Controls.Lanes) > 2 {
		return "all"
	}
	return "both"
}

// shortcut is a key that presses a button, for the help and for people who
// cannot hover.
type shortcut struct{ key, does string }

var replayShortcuts = []shortcut{
	{"Space", "Pause the recording; again to let it go on"},
	{"← →", "Five seconds back or on"},
	{"Home", "To the beginning; End goes to the end"},
	{"S", "To the slider of the time"},
	{"T", "Theme: as the system, light, dark"},
	{"?", "This help"},
	{"Esc", "Close the help or an explanation"},
}

var shortcuts = []shortcut{
	{"Space", "Pause the readers; again to let them read on"},
	{"R", "Restart the run"},
	{"S", "To the slider; the arrow keys move it"},
	{"P", "Play the lesson by itself"},
	{"→", "Continue, when the lesson waits for the presenter; Page Down as well"},
	{"N", "Notes for the speaker, in this window only"},
	{"T", "Theme: as the system, light, dark"},
	{"?", "This help"},
	{"Esc", "Close the help or an explanation"},
}
