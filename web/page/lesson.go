package page

import (
	"strconv"
	"strings"
)

// Scenario is the page of one lesson: what it shows, and the file itself.
type Scenario struct {
	Assets   Assets
	Steer    bool
	Number   int // in the gallery, from 1
	Name     string
	Title    string
	About    string
	Question string
	Minutes  int
	Tags     []string
	Own      bool
	Current  bool
	Lanes    []ScenarioLane
	Load     []string // a sentence each
	Readers  []ReaderRow
	Steps    []StepRow
	Rules    []Rule
	Ghosts   []GhostNote
	Shape    Shape
	Path     string    // of the file, as errors show it
	Text     string    // the file
	Command  string    // that runs it without a browser
	Problems []Problem // why it cannot be played; then only Name, Path and Text are there
}

// ScenarioLane is one lane in words.
type ScenarioLane struct {
	Name  string
	Way   []string // stations of the data: source, strategy, transport
	Limit string   // "256 MiB"
	More  []string // what differs from the defaults: "GOGC off", "restarts 1 s after it failed"
}

// ReaderRow is one group of readers.
type ReaderRow struct {
	Name  string
	Count string // "200 in each lane", "your tab"
	Reads string // "as fast as it can", "4 KB/s", "nothing, and stays connected"
	Gets  string // its messages: "100/s of 8 KiB"
	Notes string // "SO_RCVBUF of the system; the slider leaves it alone"
}

// StepRow is one step of the timeline.
type StepRow struct {
	When string // "at 5 s", "when rss{lane:push} > 100MiB"
	What string // what changes; empty: it only speaks
	Say  string
	Note string // shown to those who steer
	Ask  *Prediction
	Line int // in the file
}

// Prediction is a question to the audience.
type Prediction struct {
	Question string
	Options  []string
	Answer   string // shown to those who steer, like Because
	Because  string
}

// Rule is what must hold at the end.
type Rule struct {
	Words  string // "the highest rss of push is over 200 MiB"
	Text   string // as it was written: "rss{lane:push}: max > 200MiB"
	Metric string // "rss"
	Help   string // what the metric is, and where it is read
	Aborts bool   // the run ends as soon as it does not hold
}

// GhostNote is a measured series behind a lane's curve.
type GhostNote struct {
	Lane    string
	Caption string
}

func (s Scenario) links() Links { return LinksOf(s.Name) }

func (s Scenario) valid() bool { return len(s.Problems) == 0 }

func (s Scenario) title() string {
	if s.Title == "" {
		return s.Name
	}
	return s.Title
}

// facts are what the line below the title says.
func (s Scenario) facts() string {
	var all []string
	if s.Number > 0 {
		all = append(all, "Lesson "+strconv.Itoa(s.Number))
	}
	if s.Minutes > 0 {
		all = append(all, count(s.Minutes, "minute"))
	}
	return strings.Join(all, " · ")
}

// sourceLine is one line of the file.
type sourceLine struct {
	id   string
	text string
	bad  bool
}

// lines are those of the file, each with the end that a copy keeps.
func (s Scenario) lines() []sourceLine {
	bad := map[int]bool{}
	for _, p := range s.Problems {
		bad[p.Line] = true
	}
	var out []sourceLine
	for line := range strings.Lines(strings.ReplaceAll(s.Text, "\r\n", "\n")) {
		n := len(out) + 1
		out = append(out, sourceLine{"L" + strconv.Itoa(n), line, bad[n]})
	}
	return out
}
