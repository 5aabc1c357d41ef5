package library

import (
	"errors"
	"fmt"

	"spillway/scenarios/script"
)

// Checked is what is wrong with a text, for an editor. It is sent as JSON.
type Checked struct {
	OK      bool          `json:"ok"`
	Title   string        `json:"title,omitempty"`   // of a valid scenario
	Summary string        `json:"summary,omitempty"` // of a valid one: "2 lanes, 8 steps, 4 rules"
	Errors  script.Errors `json:"errors"`            // in the order of the file; empty and not null when it is valid
}

// Check reads a text as Parse does, and says what is wrong with it.
func (l *Library) Check(from string, text []byte) Checked {
	s, err := l.Parse(from, text)
	var wrong script.Errors
	if errors.As(err, &wrong) {
		return Checked{Errors: wrong}
	}
	return Checked{OK: true, Title: s.Title, Summary: Summary(s), Errors: script.Errors{}}
}

// Summary is how much there is in a scenario: "2 lanes, 8 steps, 4 rules".
func Summary(s script.Scenario) string {
	return fmt.Sprintf("%s, %s, %s", count(len(s.Lanes), "lane"), count(len(s.Steps), "step"), count(len(s.Thresholds), "rule"))
}

// Command runs a lesson without a page.
func (l *Library) Command(lesson Lesson) string {
	return l.o.Program + " run " + quoted(lesson.Path)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
