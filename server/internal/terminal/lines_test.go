package terminal_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/server/internal/play"
	"spillway/server/internal/run"
	"spillway/server/internal/supervisor"
	"spillway/server/internal/terminal"
	"spillway/wasm/wire"
)

var update = flag.Bool("update", false, "write golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run the test with -update once")
	require.Equal(t, string(want), got, "%s; -update takes the new one", file)
}

const mib = 1 << 20

// rising is a run in the middle: push climbs, pull stays flat.
func rising() run.View {
	return run.View{
		Scenario: script.Scenario{Name: "one-slow-reader", Title: "One slow reader"},
		State:    wire.StateRunning,
		Elapsed:  21500 * time.Millisecond,
		Sample: wire.Sample{Lanes: []wire.LaneSample{
			{State: wire.StateRunning, RSS: 190 * mib, Limit: 256 * mib, BacklogBytes: 160 * mib, Delivered: 7, PerSecond: 2100, HealthyP99: 6200},
			{State: wire.StateRunning, RSS: 18 * mib, Limit: 256 * mib, BacklogBytes: 300_000, Delivered: 7, PerSecond: 2104, HealthyP99: 5800},
		}},
		Extra: []metric.Lane{{Delivered: 218_304}, {Delivered: 1_204}},
		Lanes: []run.LaneView{{Name: "push"}, {Name: "pull"}},
		Log: []run.Entry{
			{At: 0, Text: "2 lanes, 211 readers each, the same messages."},
			{At: 5100 * time.Millisecond, Kind: run.Said, Text: "The readers are slow now."},
		},
		Script: play.View{
			State: play.Waiting, Clock: 20 * time.Second, Length: 70 * time.Second, Next: 2,
			Say: "The readers are slow now.\nNothing else has changed.",
			Steps: []play.Step{
				{When: "at the start", What: "says “Calm.”", State: play.Happened},
				{When: "at 5 s", What: "throttle 4KB/s", State: play.Happened, At: 5 * time.Second, LateBy: 250 * time.Millisecond},
				{When: "when rss{lane:push} > 250MiB, at most 60 s", What: "says “It is full.”", State: play.Current},
				{When: "3 s later", What: "no throttle"},
			},
		},
	}
}

// dead is the same run when push has been killed and everything is over.
func dead() run.View {
	v := rising()
	v.Elapsed = 34 * time.Second
	v.Sample.Lanes[0] = wire.LaneSample{State: wire.StateKilled, ExitCode: 137, RSS: 257 * mib, Limit: 256 * mib, Gaps: 12_000}
	v.Lanes[0].Exit = &supervisor.Exit{Code: 137}
	v.Log = append(v.Log, run.Entry{At: 33 * time.Second, Text: "push was killed at 257 MiB, exit code 137.", Grave: true})
	v.Script.State, v.Script.Next, v.Script.Clock = play.Done, 4, 32*time.Second
	v.Script.Length = v.Script.Clock
	v.Script.Steps[2].State, v.Script.Steps[2].At = play.TimedOut, 29*time.Second
	v.Script.Steps[3].State, v.Script.Steps[3].At = play.Happened, 32*time.Second
	return v
}

// starting is a run without steps that has just begun.
func starting() run.View {
	return run.View{
		Scenario: script.Scenario{Name: "bare"},
		State:    wire.StateStarting,
		Elapsed:  200 * time.Millisecond,
		Sample:   wire.Sample{Lanes: []wire.LaneSample{{State: wire.StateStarting, Limit: 64 * mib}, {State: wire.StateCrashed}}},
		Lanes:    []run.LaneView{{Name: "a-lane-with-a-very-long-name"}, {Name: "b"}},
	}
}

func TestLines(t *testing.T) {
	for name, v := range map[string]run.View{"rising": rising(), "dead": dead(), "starting": starting()} {
		for _, width := range []int{120, 80, 40} {
			lines := terminal.Lines(v, terminal.Look{Width: width, Length: time.Minute})
			for _, l := range lines {
				require.LessOrEqual(t, utf8.RuneCountInString(l), width, l)
			}
			golden(t, name+"-"+map[int]string{120: "wide", 80: "usual", 40: "narrow"}[width]+".txt", strings.Join(lines, "\n")+"\n")
		}
	}
	golden(t, "dead-color.txt", strings.ReplaceAll(strings.Join(terminal.Lines(dead(), terminal.Look{Color: true}), "\n")+"\n", "\x1b", "␛"))
}

func TestLinesHaveTheirPlace(t *testing.T) {
	first := terminal.Lines(rising(), terminal.Look{})
	v := rising()
	v.Sample.Lanes[0] = wire.LaneSample{State: wire.StateRunning, RSS: 3 * mib, Limit: 256 * mib, Gaps: 1}
	second := terminal.Lines(v, terminal.Look{})
	for _, word := range []string{"of 256 MiB", "/s"} {
		require.Equal(t, column(first[2], word), column(second[2], word), "%s\n%s", first[2], second[2])
		require.Equal(t, column(first[2], word), column(first[3], word))
	}
}

func column(line, word string) int {
	before, _, _ := strings.Cut(line, word)
	return utf8.RuneCountInString(before)
}

func TestLinesOfAnyWidthAndHeight(t *testing.T) {
	for width := 1; width < 200; width++ {
		for _, v := range []run.View{rising(), dead(), starting(), {}} {
			for _, l := range terminal.Lines(v, terminal.Look{Width: width, Height: 4}) {
				require.LessOrEqual(t, utf8.RuneCountInString(l), max(width, 20), "%d: %q", width, l)
			}
			require.LessOrEqual(t, len(terminal.Lines(v, terminal.Look{Width: width, Height: 4})), 4)
		}
	}
}

func TestWhatAScenarioSaysIsNoCommand(t *testing.T) {
	v := rising()
	v.Scenario.Title = "Nice\x1b[2J\x07 title"
	v.Script.Say = "Read\r\n\tme\u202e."
	v.Log = []run.Entry{{Text: "\x1b]0;owned\x07told"}}
	var story terminal.Story
	all := append(terminal.Lines(v, terminal.Look{Width: 80}), story.Tell(v, terminal.Look{})...)
	text := strings.Join(all, "\n")
	require.NotContains(t, text, "\x1b")
	require.NotContains(t, text, "\x07")
	require.NotContains(t, text, "\u202e")
	require.Contains(t, text, "“Read me.”")
	require.Contains(t, text, "told")
}
