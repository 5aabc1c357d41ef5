package component_test

import (
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/stretchr/testify/require"

	"spillway/wasm/throttle"
	"spillway/wasm/wire"
	"spillway/web/chart"
	"spillway/web/component"
	"spillway/web/htmltest"
)

func render(t testing.TB, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, c.Render(t.Context(), &b))
	return b.String()
}

// lane is small enough to be read in a golden file.
func lane(name string, place int) component.Lane {
	return component.Lane{
		Name: name, Title: name + "-title", Way: []string{"Redis Stream", "read only while there is room", "SSE"}, Place: place,
		Status:   component.Status{Lane: name, State: wire.StateRunning, Text: "running"},
		Say:      component.Say{Lane: name, State: wire.StateRunning, Text: "Keeps up."},
		Sample:   wire.LaneSample{State: wire.StateRunning, RSS: 181 << 20, Limit: 256 << 20, BacklogBytes: 146 << 20, BacklogCount: 149_504, OldestMicros: 12_900_000},
		Limit:    256 << 20,
		Throttle: 4_000,
		Chart: chart.Drawing{Width: 720, Height: 270, Frame: `<line class="axis" x1="0" y1="1" x2="2" y2="3"/>`, Over: `<text class="label rss">RSS</text>`, Summary: "RSS rose.",
			Paths: []chart.Path{{Key: "rss", D: "M1 2Z", Area: true}, {Key: "total", D: "M1 3"}, {Key: "heap", D: "M1 4"}, {Key: "rss", D: "M1 2"}}},
		Curl: "curl -N 'http://127.0.0.1:4000/stream?a=1&b=2'",
	}
}

func controls() component.Controls {
	return component.Controls{
		Throttle: 4_000, Own: throttle.Unlimited, Lanes: []component.Lane{lane("push", 0), lane("pull", 1)},
		Settings: wire.Settings{SlowGroup: "slow", SlowReaders: 200, MilliRate: 50_000, SizeBytes: 1024},
	}
}

var parts = map[string]templ.Component{
	"lane":           component.LaneCard(lane("push", 0)),
	"throttle":       component.Throttle(controls()),
	"load":           component.Load(controls(), "97.3 MiB"),
	"status-running": component.StatusPill(component.Status{Lane: "push", State: wire.StateRunning, Text: "running"}),
	"status-killed":  component.StatusPill(component.Status{Lane: "push", State: wire.StateKilled, Text: "killed, exit code 137"}),
	"say-running":    component.SaySentence(component.Say{Lane: "push", State: wire.StateRunning, Text: "Keeps up."}),
	"say-killed":     component.SaySentence(component.Say{Lane: "push", State: wire.StateKilled, Text: "210 readers were cut off."}),
	"log": component.LogEntries([]component.Entry{
		{Clock: "00:27", Text: "push was killed: 256 MiB, exit code 137.", Grave: true},
		{Clock: "00:08", Text: "The slow readers read 4 KB/s now."},
	}),
	"log-kinds": component.LogEntries([]component.Entry{
		{Clock: "00:08", Text: "The slow readers read 4 KB/s now.", Kind: component.EntryScripted},
		{Clock: "00:06", Text: "They become slow.", Kind: component.EntrySaid},
		{Clock: "00:04", Text: "Each reader is sent 20 messages a second.", Kind: component.EntryByHand},
	}),
	"verdict": component.VerdictBody(component.Verdict{
		Title: "push ran out of memory.", Text: "One kept what nobody read.",
		Answers: []component.Answer{{Guess: "push", Text: "You said push: right."}, {Guess: "both", Text: "You said both."}},
		Actions: []component.Action{{Label: "Release the readers", Do: "release"}, {Label: "Restart push", Do: "restart", Lane: "push"}, {Label: "Next lesson", Href: "/lessons/two"}},
	}),
	"notice":       component.NoticeBody(component.Notice{State: wire.StateWaiting, Title: "Redis does not answer.", Text: "The run waits."}),
	"notice-empty": component.NoticeBody(component.Notice{}),

	"script-none":    component.ScriptBody(component.Script{}),
	"script-idle":    component.ScriptBody(script(component.ScriptIdle, 0)),
	"script-playing": component.ScriptBody(script(component.ScriptPlaying, 1)),
	"script-waiting": component.ScriptBody(script(component.ScriptWaiting, 2)),
	"script-paused":  component.ScriptBody(script(component.ScriptPaused, 1)),
	"script-done":    component.ScriptBody(script(component.ScriptDone, 3)),
	"script-stopped": component.ScriptBody(script(component.ScriptStopped, 1)),
	"script-clock":   component.ScriptClockText(component.ScriptClock{State: component.ScriptPlaying, Clock: 14 * time.Second, Length: 130 * time.Second}),
	"steps":          component.StepList(script(component.ScriptDone, 3).Steps),
	"note":           component.NoteBody("Ask who has one of these."),
	"note-none":      component.NoteBody(""),
	"ask-none":       component.AskBody(component.Ask{}),
	"ask-open":       component.AskBody(component.Ask{Question: "Which one?", Options: []string{"push", "pull"}}),
	"ask-revealed":   component.AskBody(component.Ask{Question: "Which one?", Options: []string{"push", "pull"}, Answer: "push", Because: "It keeps everything."}),
	"checks":         component.CheckList(rules()),
	"checks-count":   component.CheckCount(rules()),
	"band":           component.BandBody(band("push", accounted())),
	"band-empty":     component.BandBody(band("push", wire.Account{})),
	"band-blind":     component.BandBody(band("push", wire.Account{Produced: 9 << 20, Backlog: 5 << 20, InFlight: 3 << 20, Consumed: 1 << 20, Unseen: 210, Silent: 2})),
	"over-time":      component.OverTime(chart.Stack{Width: 600, Height: 200, Frame: "<line/>", Areas: []chart.Path{{Key: "broker"}, {Key: "backlog", D: "M1 2Z"}}, Ends: []chart.End{{Key: "backlog", X: 9, Y: 8}}}),
	"bounds":         component.BoundsBody([]component.Bound{{Name: "limit", Value: "1,000"}}, component.Parts[1]),
	"bounds-none":    component.BoundsBody(nil, component.Parts[1]),
	"replay": component.ReplayBar(component.Replay{
		API: "/api/replay", Title: "One", Made: "today", Length: 130 * time.Second,
		Marks: []component.ReplayMark{{At: 27200 * time.Millisecond, Label: "✕ push killed"}},
		State: component.ReplayState{At: 33 * time.Second, Playing: true, Speed: 0.5},
	}),
}

func script(state component.ScriptState, next int) component.Script {
	s := component.Script{State: state, Next: next, Length: 130 * time.Second, Say: "They become slow.", Steps: []component.Step{
		{When: "at the start", What: "says something"},
		{When: "5 s later", What: "throttle 4KB/s"},
		{When: "when rss{lane:push} > 100MiB, at most 1 min", What: "shows the answer"},
	}}
	for i := range s.Steps {
		switch {
		case i < next:
			s.Steps[i].State, s.Steps[i].At = component.StepHappened, time.Duration(5*i)*time.Second
		case i == next:
			s.Steps[i].State = component.StepCurrent
		}
	}
	if state == component.ScriptDone {
		s.Steps[2].State = component.StepTimedOut
	}
	return s
}

func rules() component.Checks {
	return component.Checks{Rules: []component.Check{
		{Name: "rss{lane:push}", Rule: "max > 200MiB", Seen: "254.3MiB", Mark: component.CheckHolds},
		{Name: "rss{lane:pull}", Rule: "max < 20MiB", Seen: "28.1MiB", Mark: component.CheckFails},
		{Name: "exit_code{lane:push}", Rule: "value == 137", Seen: "no value"},
	}}
}

func TestGolden(t *testing.T) {
	for name, part := range parts {
		t.Run(name, func(t *testing.T) { htmltest.Golden(t, name+".html", render(t, part)) })
	}
}

func TestPartsAreWellFormed(t *testing.T) {
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			markup := render(t, part)
			htmltest.WellFormed(t, markup)
			htmltest.IDs(t, markup)
			htmltest.Named(t, markup)
		})
	}
}

// What is said stays while steps happen and when they have; who takes over from
// them takes the word too.
func TestWhatIsSaid(t *testing.T) {
	for state, want := range map[component.ScriptState]bool{
		component.ScriptIdle: false, component.ScriptPlaying: true, component.ScriptWaiting: true,
		component.ScriptPaused: true, component.ScriptDone: true, component.ScriptStopped: false,
	} {
		require.Equal(t, want, strings.Contains(render(t, component.ScriptBody(script(state, 1))), "They become slow."), state.String())
	}
}

func TestWhatIsSaidAtLengthIsSmaller(t *testing.T) {
	s := script(component.ScriptPlaying, 1)
	require.Contains(t, render(t, component.ScriptBody(s)), `class="said"`)
	s.Say = strings.Repeat("é", 85)
	require.Contains(t, render(t, component.ScriptBody(s)), `class="said long"`)
}

// A pause is not a step: the lesson is at the one that follows.
func TestAPauseStandsAtTheNextStep(t *testing.T) {
	s := script(component.ScriptPaused, 1)
	s.Steps[1].State = component.StepComing
	require.Equal(t, 1, strings.Count(render(t, component.ScriptBody(s)), `data-step="current"`))
}

// The end of the steps may lie anywhere: a step that does not exist is none.
func TestStepsThatDoNotExist(t *testing.T) {
	for _, next := range []int{-1, 3, 4} {
		s := script(component.ScriptPlaying, 1)
		s.Next = next
		require.NotContains(t, render(t, component.ScriptBody(s)), "Next,")
	}
}

func TestLengthsOfLessons(t *testing.T) {
	for length, want := range map[time.Duration]string{
		0: "10 s", 34 * time.Second: "30 s", 55 * time.Second: "1 min", 80 * time.Second: "1½ min", 110 * time.Second: "2 min", 20 * time.Minute: "20 min",
	} {
		s := script(component.ScriptIdle, 0)
		s.Length = length
		require.Contains(t, render(t, component.ScriptBody(s)), "3 steps, about "+want+"<")
	}
}

func TestRulesInPlainWords(t *testing.T) {
	for rule, want := range map[string]string{
		"rss{lane:push} > 100MiB":                       "rss of push > 100MiB",
		"age{lane:pull, reader:healthy} < 1s":           "age of pull, healthy readers < 1s",
		"max > 2 * max of rss{lane:pull}":               "max > 2 * max of rss of pull",
		"rss > 1MiB":                                    "rss > 1MiB",
		"when rss{lane:a} > 1MiB and gaps{lane:b} == 0": "when rss of a > 1MiB and gaps of b is 0",
		"a{":                                 "a{",
		"exit_code{lane:push} == 137":        "exit code of push is 137",
		"readers{lane:a,reader:slow} >= 200": "readers of a, slow readers ≥ 200",
	} {
		require.Equal(t, want, component.Plain(rule))
	}
}

func TestCountsOfRules(t *testing.T) {
	count := func(c component.Checks) string { return strings.TrimSpace(render(t, component.CheckCount(c))) }
	c := rules()
	require.Equal(t, "1 of 3 rules hold so far", count(c))
	c.Final = true
	require.Equal(t, "1 of 3 rules hold", count(c))
	c.Rules = c.Rules[:1]
	require.Equal(t, "1 of 1 rule holds", count(c))
	require.Empty(t, count(component.Checks{}))
}

func TestAGhostIsNamedBelowItsChart(t *testing.T) {
	l := lane("push", 0)
	l.Ghost = "NestJS, measured"
	require.Contains(t, render(t, component.LaneCard(l)), "NestJS, measured")
}

// What others wrote stays text: a strategy's name, a log line of a process.
func TestTextIsEscaped(t *testing.T) {
	const evil = `<img src=x onerror="alert(1)">'&`
	l := lane("push", 0)
	l.Title, l.Way, l.Curl, l.Chart.Summary = evil, []string{evil}, evil, evil
	for name, c := range map[string]templ.Component{
		"lane":    component.LaneCard(l),
		"say":     component.SaySentence(component.Say{Lane: evil, State: wire.StateCrashed, Text: evil}),
		"status":  component.StatusPill(component.Status{Text: evil}),
		"log":     component.LogEntries([]component.Entry{{Clock: evil, Text: evil}}),
		"notice":  component.NoticeBody(component.Notice{Title: evil, Text: evil}),
		"said":    component.ScriptBody(component.Script{State: component.ScriptPlaying, Say: evil, Steps: []component.Step{{When: evil, What: evil}}}),
		"waits":   component.ScriptBody(component.Script{State: component.ScriptWaiting, Steps: []component.Step{{When: evil, What: evil}}}),
		"steps":   component.StepList([]component.Step{{When: evil, What: evil}}),
		"note":    component.NoteBody(evil),
		"ask":     component.AskBody(component.Ask{Question: evil, Options: []string{evil}}),
		"answer":  component.AskBody(component.Ask{Question: evil, Options: []string{evil, "x"}, Answer: evil, Because: evil}),
		"checks":  component.CheckList(component.Checks{Rules: []component.Check{{Name: evil, Rule: evil, Seen: evil}}}),
		"replay":  component.ReplayBar(component.Replay{API: evil, Marks: []component.ReplayMark{{Label: evil}}}),
		"verdict": component.VerdictBody(component.Verdict{Title: evil, Text: evil, Answers: []component.Answer{{Guess: evil, Text: evil}}, Actions: []component.Action{{Label: evil, Do: evil, Lane: evil}, {Label: evil, Href: "javascript:alert(1)"}}}),
	} {
		t.Run(name, func(t *testing.T) {
			markup := render(t, c)
			for _, n := range htmltest.Nodes(t, markup) {
				require.NotEqual(t, "img", n.Data)
				href, _ := htmltest.Attr(n, "href")
				require.NotContains(t, href, "javascript:")
			}
		})
	}
}

func TestOnlyTheDeadCanBeRestarted(t *testing.T) {
	for state, want := range map[wire.State]bool{
		wire.StateRest: false, wire.StateStarting: false, wire.StateRunning: false, wire.StateStopped: false,
		wire.StateKilled: true, wire.StateCrashed: true, wire.StateWaiting: false,
	} {
		markup := render(t, component.SaySentence(component.Say{Lane: "push", State: state, Text: "x"}))
		require.Equal(t, want, strings.Contains(markup, `data-action="restart" data-lane="push"`), state.String())
	}
}

// A state is never told by its colour alone: two states that a person must tell
// apart differ in mark or words.
func TestEveryStateHasAMark(t *testing.T) {
	names := map[string]bool{}
	for state := wire.StateRest; state <= wire.StateWaiting; state++ {
		markup := render(t, component.StatusPill(component.Status{State: state, Text: "x"}))
		require.Regexp(t, `aria-hidden="true">[○●✕■◔]</span> x`, markup)
		require.False(t, names[state.String()], "two states are called %q", state.String())
		names[state.String()] = true
	}
}

func TestTonesRepeat(t *testing.T) {
	for place, want := range []string{"1", "2", "3", "4", "1"} {
		require.Equal(t, want, component.Lane{Place: place}.Tone())
	}
}

func TestALaneWithoutASampleShowsNoNumbers(t *testing.T) {
	l := lane("push", 0)
	l.Sample, l.Limit, l.Curl = wire.LaneSample{}, 0, ""
	markup := render(t, component.LaneCard(l))
	require.Contains(t, markup, `data-live="push.rss">–<`)
	require.Contains(t, markup, `data-live="push.limit">–<`)
	require.Contains(t, markup, `data-live="push.backlog">–<`)
	require.Contains(t, markup, "does not listen now")
}

// A recording is over at the end of its slider, however many milliseconds it has,
// and a jump leads behind what happened between two of its moments.
func TestARecordingCanBeReached(t *testing.T) {
	for length, want := range map[time.Duration]string{
		130 * time.Second:       `max="130.0"`,
		6241 * time.Millisecond: `max="6.3"`,
		6201 * time.Millisecond: `max="6.3"`,
	} {
		require.Contains(t, render(t, component.ReplayBar(component.Replay{Length: length})), want)
	}
	for at, want := range map[time.Duration]string{
		27200 * time.Millisecond: `data-at="27.3"`,
		27201 * time.Millisecond: `data-at="27.4"`,
	} {
		require.Contains(t, render(t, component.ReplayBar(component.Replay{Marks: []component.ReplayMark{{At: at}}})), want)
	}
}
