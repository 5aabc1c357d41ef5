package page

import (
	"strconv"

	"spillway/wasm/wire"
	"spillway/web/component"
)

// Assets are the URLs of the files beside the page, each with the hash of its
// content, so that they may be cached for ever.
type Assets struct {
	Style  string // app.css
	Theme  string // theme.js
	Boot   string // boot.js
	Worker string // worker.js
	Exec   string // wasm_exec.js
	Client string // client.wasm
	Mark   string // mark.svg
	Lesson string // lesson.css, after app.css on the pages around lessons
	Editor string // editor.js
}

// Lesson is what the stage is about.
type Lesson struct {
	ID       string // "one-slow-reader"; empty: the page does not care which lesson runs
	Name     string // "One slow reader"
	Number   int    // from 1
	Sentence string // "Same messages, same readers."
	Question string // "Which server runs out of memory?"
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
}

func (s Stage) title() string {
	return s.Lesson.Name + " · Spillway"
}

func (s Stage) count() string { return strconv.Itoa(len(s.Controls.Lanes)) }

func (s Stage) place() string {
	return "Lesson " + strconv.Itoa(s.Lesson.Number) + " of " + strconv.Itoa(len(s.Lessons))
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

var shortcuts = []shortcut{
	{"Space", "Pause the readers; again to let them read on"},
	{"R", "Restart the run"},
	{"S", "To the slider; the arrow keys move it"},
	{"T", "Theme: as the system, light, dark"},
	{"?", "This help"},
	{"Esc", "Close the help or an explanation"},
}
