package library

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"spillway/scenarios/script"
	"spillway/server/internal/lane"
	"spillway/server/internal/play"
)

// Words are a scenario said in words, for the page of a lesson.
type Words struct {
	Load    []string // a sentence each
	Lanes   []LaneWords
	Readers []ReaderWords
	Steps   []StepWords // one for each step
	Rules   []RuleWords // one for each threshold
}

// LaneWords is one lane.
type LaneWords struct {
	Name  string
	Way   []string // source, strategy with its options, transport
	Limit string   // "256 MiB"
	More  []string // what differs from the defaults
}

// ReaderWords is one group of readers; the last is the browser's tab.
type ReaderWords struct {
	Name  string
	Count string // "200 in each lane"
	Reads string // "4 KB/s at most"
	Gets  string // "10/s of 4 KiB"
	Notes string // "the slider leaves them alone"
}

// StepWords is what a step does beside what it says, notes and asks.
type StepWords struct {
	When string
	What string // empty: nothing beside that
}

// RuleWords is one threshold.
type RuleWords struct {
	Words  string // "The highest rss of push is more than 200 MiB."
	Text   string // "rss{lane:push}: max > 200MiB"
	Metric string // "rss"
	Help   string // what the metric is, and where it is read
	Aborts bool
}

// Describe says a scenario in words.
func Describe(s script.Scenario, v script.Vocabulary) Words {
	w := Words{Load: load(s.Workload)}
	for _, l := range s.Lanes {
		w.Lanes = append(w.Lanes, laneWords(l))
	}
	you, _ := s.Group(script.You)
	for _, g := range append(s.Crowd(), you) {
		w.Readers = append(w.Readers, readerWords(g, s.Workload))
	}
	w.Steps = stepWords(s.Steps)
	for _, t := range s.Thresholds {
		w.Rules = append(w.Rules, ruleWords(t, v))
	}
	return w
}

func load(w script.Workload) []string {
	what := "The producer writes chunks of a language model's answers"
	if w.Kind != "llm" {
		what = "The producer writes messages of " + spaced(w.Size.String())
	}
	whose := "on the channel of each reader"
	if w.Channels == script.Shared {
		whose = "on one channel that all readers share"
	}
	out := []string{fmt.Sprintf("%s, %s %s.", what, spaced(w.Rate.String()), whose)}
	if w.Executor == script.RampingArrivalRate && len(w.Stages) > 0 {
		var parts []string
		for _, stage := range w.Stages {
			parts = append(parts, fmt.Sprintf("to %s within %s", stage.Target, spaced(stage.Duration.String())))
		}
		out = append(out, "The rate then goes "+strings.Join(parts, ", then ")+".")
	}
	if w.Retention > 0 {
		out = append(out, fmt.Sprintf("A stream keeps about %d messages, read or not.", w.Retention))
	}
	return out
}

func laneWords(l script.Lane) LaneWords {
	strategy := l.Strategy
	for _, name := range slices.Sorted(maps.Keys(l.Options)) {
		strategy += ", " + strings.ReplaceAll(name, "_", " ") + " " + l.Options[name]
	}
	out := LaneWords{Name: l.Name, Way: []string{l.Source, strategy, l.Transport}}
	limit := l.Limit
	if limit == 0 {
		limit = lane.DefaultLimitBytes
	}
	out.Limit = spaced(limit.String())
	add := func(is bool, text string) {
		if is {
			out.More = append(out.More, text)
		}
	}
	add(l.Restart == script.RestartOnFailure, "restarted "+spaced(l.RestartDelay.String())+" after it failed")
	add(l.GOGC != 0, "GOGC "+l.GOGC.String())
	add(l.GOMemLimit > 0, "GOMEMLIMIT "+spaced(l.GOMemLimit.String()))
	add(l.SendBuffer > 0, "send buffer "+spaced(l.SendBuffer.String()))
	add(l.GiveBack != nil && !*l.GiveBack, "gives no memory back to the system")
	return out
}

func readerWords(g script.Group, w script.Workload) ReaderWords {
	out := ReaderWords{Name: g.Name, Count: fmt.Sprintf("%d in each lane", g.Count)}
	if g.Name == script.You {
		out.Count = "one in each lane, in your tab"
	}
	switch {
	case g.Away:
		out.Reads = "nothing: away"
	case g.Pause, g.Throttle == 0:
		out.Reads = "nothing, and stays connected"
	case g.Throttle == script.NoThrottle:
		out.Reads = "as fast as it can"
	default:
		out.Reads = spaced(g.Throttle.String()) + " at most"
	}
	rate, size := g.Rate, g.Size
	if rate == 0 {
		rate = w.Rate
	}
	if size == 0 {
		size = w.Size
	}
	out.Gets = spaced(rate.String())
	if w.Kind != "llm" {
		out.Gets += " of " + spaced(size.String())
	}
	var notes []string
	if g.Steady {
		notes = append(notes, "the slider leaves them alone")
	}
	if g.Buffer == script.BufferOS {
		notes = append(notes, "receive buffer of the system")
	} else if g.Buffer > 0 {
		notes = append(notes, "receive buffer "+spaced(g.Buffer.String()))
	}
	out.Notes = strings.Join(notes, "; ")
	return out
}

// stepWords leaves out what a page shows in full, and what is not for everybody.
func stepWords(steps []script.Step) []StepWords {
	bare := slices.Clone(steps)
	for i := range bare {
		bare[i].Say, bare[i].Note, bare[i].Predict = "", "", nil
	}
	var out []StepWords
	for i, s := range play.New(bare, play.Options{}).View().Steps {
		words := StepWords{When: s.When, What: s.What}
		if b := bare[i]; b.Set == nil && b.Restart == "" && !b.Reveal && b.Pause == "" {
			words.What = ""
		}
		out = append(out, words)
	}
	return out
}

// spaced puts the space between a number and its unit that people write and
// files do not: "256 MiB".
func spaced(text string) string {
	unit := strings.TrimLeft(text, "0123456789.")
	if unit == "" || unit == text || unit[0] == '/' || unit[0] == '%' || strings.ContainsAny(unit, "0123456789") {
		return text // 10/s, 40%, 1m30s
	}
	return strings.TrimSuffix(text, unit) + " " + unit
}

// quoted is a word of a shell's command line.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
