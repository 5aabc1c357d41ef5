package component_test

import (
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/stretchr/testify/require"

	"spillway/wasm/throttle"
	"spillway/wasm/wire"
	"spillway/web/chart"
	"spillway/web/component"
	"spillway/web/internal/htmltest"
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
	"load":           component.Load(controls()),
	"status-running": component.StatusPill(component.Status{Lane: "push", State: wire.StateRunning, Text: "running"}),
	"status-killed":  component.StatusPill(component.Status{Lane: "push", State: wire.StateKilled, Text: "killed, exit code 137"}),
	"say-running":    component.SaySentence(component.Say{Lane: "push", State: wire.StateRunning, Text: "Keeps up."}),
	"say-killed":     component.SaySentence(component.Say{Lane: "push", State: wire.StateKilled, Text: "210 readers were cut off."}),
	"log": component.LogEntries([]component.Entry{
		{Clock: "00:27", Text: "push was killed: 256 MiB, exit code 137.", Grave: true},
		{Clock: "00:08", Text: "The slow readers read 4 KB/s now."},
	}),
	"verdict": component.VerdictBody(component.Verdict{
		Title: "push ran out of memory.", Text: "One kept what nobody read.",
		Answers: []component.Answer{{Guess: "push", Text: "You said push: right."}, {Guess: "both", Text: "You said both."}},
		Actions: []component.Action{{Label: "Release the readers", Do: "release"}, {Label: "Restart push", Do: "restart", Lane: "push"}, {Label: "Next lesson", Href: "/lessons/two"}},
	}),
	"notice":       component.NoticeBody(component.Notice{State: wire.StateWaiting, Title: "Redis does not answer.", Text: "The run waits."}),
	"notice-empty": component.NoticeBody(component.Notice{}),
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
