package example

import (
	"time"

	"spillway/web/component"
	"spillway/web/page"
)

const length = 2*time.Minute + 10*time.Second

// moment is where a lesson that plays by itself is.
type moment struct {
	now   float64 // seconds of the run
	state component.ScriptState
	next  int // step
	say   string
}

var moments = map[string]moment{
	"playing":  {6, component.ScriptPlaying, 2, "Both servers send the same 2,000 messages a second to the same 211 readers."},
	"asked":    {9, component.ScriptPaused, 4, "In a moment 200 of the readers become slow, like phones on a bad connection."},
	"waiting":  {21, component.ScriptWaiting, 6, "The slow readers take 4 KB a second now. What they do not take has to wait somewhere."},
	"revealed": {33, component.ScriptPlaying, 8, "push kept everything in its memory until it was killed."},
	"paused":   {33, component.ScriptPaused, 9, "Push is dead, and its healthy readers lost their stream with it. Pull still runs, and nobody has lost anything."},
	"done":     {48, component.ScriptDone, 11, "The one that waits for its readers needs no memory for them. That is backpressure."},
	"halted":   {21, component.ScriptStopped, 4, "In a moment 200 of the readers become slow."},
	"replay":   {33, component.ScriptDone, 11, "The one that waits for its readers needs no memory for them."},
}

// haunted stages have a measured series behind the curve of push.
func haunted(stage string) bool {
	return stage == "waiting" || stage == "revealed" || stage == "paused"
}

// steps are those of the lesson when the step next comes.
func steps(next int) []component.Step {
	all := []component.Step{
		{When: "at the start", What: "says something"},
		{When: "5 s later", What: "says something"},
		{When: "3 s later", What: "asks the audience"},
		{When: "right after", What: "waits for the presenter"},
		{When: "2 s later", What: "throttle 4KB/s"},
		{When: "2 s later", What: "says something"},
		{When: "when rss{lane:push} > 250MiB, at most 1 min", What: "shows the answer"},
		{When: "right after", What: "says something"},
		{When: "4 s later", What: "waits for the presenter"},
		{When: "right after", What: "no throttle; restart push"},
		{When: "when backlog{lane:push,reader:slow} < 1MiB, at most 30 s", What: "says something"},
	}
	for i := range all {
		switch {
		case i < next:
			all[i].State, all[i].At = component.StepHappened, time.Duration(3*i)*time.Second
		case i == next:
			all[i].State = component.StepCurrent
		}
	}
	return all
}

// play puts a stage where its lesson is and returns the seconds of its run.
func play(name string, s *page.Stage) (now float64) {
	m := moments[name]
	all := steps(m.next)
	if m.state == component.ScriptDone {
		all[len(all)-1].State = component.StepTimedOut
	}
	s.Script = component.Script{State: m.state, Steps: all, Next: m.next, Length: length, Say: m.say}
	s.Time = component.ScriptClock{State: m.state, Clock: time.Duration(m.now) * time.Second, Length: length}
	s.Note = "Ask who has a server that pushes. Wait for three hands before you go on."
	ask := component.Ask{
		Question: "The slow readers are about to read only 4 KB a second. What happens to push?",
		Options:  []string{"Its readers get fewer messages", "It slows down for everybody", "It keeps what they do not read, until it is killed"},
	}
	switch {
	case name == "asked", name == "waiting":
		s.Ask = ask
	case m.next >= 8 && name != "replay":
		ask.Answer = ask.Options[2]
		ask.Because = "Push takes every message from Redis at once and has to put it somewhere. What a reader does not take waits in the memory of the server."
		s.Ask = ask
	}
	s.Log = []component.Entry{
		{Clock: "00:21", Text: "push passes 128 MiB."},
		{Clock: "00:14", Text: "The slow readers read 4 KB/s now.", Kind: component.EntryScripted},
		{Clock: "00:05", Text: s.Script.Say, Kind: component.EntrySaid},
		{Clock: "00:03", Text: "Each reader is sent 20 messages a second of 4.0 KiB now.", Kind: component.EntryByHand},
		{Clock: "00:00", Text: "Two lanes, 210 readers each, the same messages."},
	}
	if name == "replay" {
		s.Notes, s.Recording = false, ""
		s.Replay = &component.Replay{
			API: "/api/replay", Title: "One slow reader", Made: "22 November 2026, 18:36", Length: length,
			Marks: []component.ReplayMark{
				{At: 8 * time.Second, Label: "slowed to 4 KB/s"}, {At: 27200 * time.Millisecond, Label: "✕ push killed"},
				{At: 44 * time.Second, Label: "released"}, {At: 51 * time.Second, Label: "push restarted"},
			},
			State: component.ReplayState{At: 33 * time.Second, Playing: true, Speed: 1},
		}
	}
	return m.now
}

func played(log []component.Entry) []component.Entry {
	return append([]component.Entry{{Clock: "00:27", Text: "push was killed: 256 MiB, exit code 137. 210 readers were cut off, 218,304 messages are lost.", Grave: true}}, log...)
}

func checks(name string) component.Checks {
	c := component.Checks{Rules: []component.Check{
		{Name: "exit_code{lane:push}", Rule: "value == 137", Seen: "no value"},
		{Name: "rss{lane:push}", Rule: "max > 2 * max of rss{lane:pull}", Seen: "146 MiB", Mark: component.CheckHolds},
		{Name: "rss{lane:pull}", Rule: "max < 64MiB", Seen: "26.1 MiB", Mark: component.CheckHolds},
		{Name: "gaps{lane:pull}", Rule: "count == 0", Seen: "0", Mark: component.CheckHolds},
		{Name: "age{lane:pull,reader:healthy}", Rule: "p(99) < 5ms", Seen: "7.4 ms", Mark: component.CheckFails},
	}}
	if name == "done" {
		c.Final = true
		c.Rules[0].Seen, c.Rules[0].Mark = "137", component.CheckHolds
	}
	return c
}
