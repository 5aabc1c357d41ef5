package page_test

import (
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/stretchr/testify/require"

	"spillway/web/component"
	"spillway/web/figure"
	"spillway/web/htmltest"
	"spillway/web/internal/example"
	"spillway/web/page"
)

func render(t testing.TB, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, c.Render(t.Context(), &b))
	return b.String()
}

func eachStage(t *testing.T, check func(t *testing.T, s page.Stage, markup string)) {
	for _, name := range example.Names {
		t.Run(name, func(t *testing.T) {
			s := example.Stage(name)
			check(t, s, render(t, s.Page()))
		})
	}
}

func TestStagesAreWellFormed(t *testing.T) {
	eachStage(t, func(t *testing.T, _ page.Stage, markup string) {
		htmltest.WellFormed(t, markup)
		htmltest.IDs(t, markup)
		htmltest.Named(t, markup)
	})
}

// The frame of the page without its lanes, which have golden files of their own.
func TestStageGolden(t *testing.T) {
	s := example.Stage("dead")
	s.Controls.Lanes = nil
	htmltest.Golden(t, "stage.html", render(t, s.Page()))
}

func TestFault(t *testing.T) {
	f := page.Fault{Assets: example.Stage("rest").Assets, Status: 404, Title: "There is no such lesson", Text: "Nothing here is called <b>x</b>."}
	markup := render(t, f.Page())
	htmltest.Golden(t, "fault.html", markup)
	htmltest.WellFormed(t, markup)
	htmltest.IDs(t, markup)
	htmltest.Named(t, markup)
}

// Every text that the client keeps up to date is one that it knows.
func TestLiveKeysExist(t *testing.T) {
	known := map[string]bool{"rss": true, "limit": true}
	for _, f := range append(figure.All[:len(figure.All):len(figure.All)], figure.Memory...) {
		known[f.Key] = true
	}
	ofRun := map[string]bool{"run.clock": true, "run.broker": true, "run.produced": true}
	own := map[string]bool{"rate": true, "messages": true, "gaps": true, "between": true, "held": true, "wasm": true}
	eachStage(t, func(t *testing.T, s page.Stage, markup string) {
		lanes, seen := map[string]bool{}, map[string]bool{}
		for _, l := range s.Controls.Lanes {
			lanes[l.Name] = true
		}
		for _, n := range htmltest.Nodes(t, markup) {
			if key, ok := htmltest.Attr(n, "data-live"); ok && !ofRun[key] {
				lane, name, _ := strings.Cut(key, ".")
				require.True(t, lanes[lane] && known[name], "data-live=%q", key)
				seen[key] = true
			}
			if key, ok := htmltest.Attr(n, "data-own"); ok {
				lane, name, _ := strings.Cut(key, ".")
				require.True(t, lanes[lane] && own[name], "data-own=%q", key)
			}
		}
		require.Len(t, seen, len(lanes)*len(known), "a figure is missing on a card")
	})
}

// Everything the client acts on is in its vocabulary.
func TestControlsAreKnown(t *testing.T) {
	actions := strings.Fields("start stop reset restart pause release doit theme help each guess ownPause again play continue stopsteps choose notes replay jump")
	sets := []string{"throttle", "own"}
	for _, k := range figure.Knobs {
		sets = append(sets, k.Key)
	}
	eachStage(t, func(t *testing.T, s page.Stage, markup string) {
		keys, out := map[string]bool{}, map[string]bool{}
		for _, n := range htmltest.Nodes(t, markup) {
			if name, ok := htmltest.Attr(n, "data-out"); ok {
				lane, _ := htmltest.Attr(n, "data-lane")
				out[name+" "+lane] = true
			}
		}
		for _, n := range htmltest.Nodes(t, markup) {
			if name, ok := htmltest.Attr(n, "data-action"); ok {
				require.Contains(t, actions, name)
				require.Equal(t, "button", n.Data)
				kind, _ := htmltest.Attr(n, "type")
				require.Equal(t, "button", kind)
			}
			if name, ok := htmltest.Attr(n, "data-set"); ok {
				require.Contains(t, sets, name)
				_, spoken := htmltest.Attr(n, "aria-valuetext")
				require.True(t, spoken, "slider %q says a bare number", name)
				lane, _ := htmltest.Attr(n, "data-lane")
				require.True(t, out[name+" "+lane], "slider %q shows no value", name)
			}
			if key, ok := htmltest.Attr(n, "data-key"); ok {
				for one := range strings.SplitSeq(key, "|") {
					require.False(t, keys[one], "two buttons on key %q", one)
					keys[one] = true
				}
			}
		}
		want := map[string]bool{" ": true, "t": true, "?": true}
		if s.Replay == nil {
			want["r"], want["n"] = true, true
		}
		switch s.Script.State {
		case component.ScriptPaused:
			want["ArrowRight"], want["PageDown"] = true, true
		case component.ScriptIdle, component.ScriptDone, component.ScriptStopped:
			want["p"] = true
		}
		require.Equal(t, want, keys)
	})
}

// The places that the server renders anew are there, and the client's too.
func TestPlacesOfFragments(t *testing.T) {
	eachStage(t, func(t *testing.T, s page.Stage, markup string) {
		want := strings.Fields("log verdict notice toast help ask script script-clock steps checks checks-count")
		if s.Replay == nil {
			want = append(want, "hint", "throttle", "own")
		} else {
			want = append(want, "replay", "replay-state", "seek")
		}
		if s.Steer && s.Replay == nil {
			want = append(want, "note")
		}
		for _, l := range s.Controls.Lanes {
			want = append(want, "status-"+l.Name, "say-"+l.Name)
		}
		for _, id := range want {
			require.Equal(t, 1, strings.Count(markup, `id="`+id+`"`), id)
		}
	})
}

// The client finds the parts of a chart in the order in which they are painted.
func TestPartsOfAChart(t *testing.T) {
	eachStage(t, func(t *testing.T, s page.Stage, markup string) {
		var parts []string
		for _, n := range htmltest.Nodes(t, markup) {
			if part, ok := htmltest.Attr(n, "data-part"); ok {
				parts = append(parts, part)
			}
		}
		var want []string
		for range s.Controls.Lanes {
			want = append(want, "frame", "ghost", "area", "total", "heap", "rss", "over")
		}
		require.Equal(t, want, parts)
	})
}

func TestEveryFigureIsExplained(t *testing.T) {
	eachStage(t, func(t *testing.T, s page.Stage, markup string) {
		for _, f := range append(figure.All[:len(figure.All):len(figure.All)], figure.Memory...) {
			require.Equal(t, len(s.Controls.Lanes)+1, strings.Count(markup, templ.EscapeString(f.Help)), "%s: on every card and in the help", f.Key)
		}
		require.Equal(t, len(s.Controls.Lanes)+1, strings.Count(markup, templ.EscapeString(figure.RSSHelp)))
	})
}

// What the speaker alone should read is not even sent to those who watch.
func TestNotesAreForThoseWhoSteer(t *testing.T) {
	s := example.Stage("playing")
	require.Contains(t, render(t, s.Page()), s.Note)
	s.Steer = false
	require.NotContains(t, render(t, s.Page()), s.Note)
	s.Steer, s.Notes = true, false
	markup := render(t, s.Page())
	require.NotContains(t, markup, `id="note"`)
	require.NotContains(t, markup, `data-action="notes"`)
}

// A recording can be moved through; nothing in it can be steered, and nothing
// reads from its lanes.
func TestAReplayHasNoControlsOfARun(t *testing.T) {
	markup := render(t, example.Stage("replay").Page())
	for _, n := range htmltest.Nodes(t, markup) {
		_, sets := htmltest.Attr(n, "data-set")
		require.False(t, sets)
		if action, ok := htmltest.Attr(n, "data-action"); ok {
			require.NotContains(t, strings.Fields("reset pause start stop"), action)
		}
	}
	require.Contains(t, markup, "/static/replay.js")
	require.NotContains(t, render(t, example.Stage("done").Page()), "/static/replay.js")
}

func TestOneLessonNeedsNoPicker(t *testing.T) {
	s := example.Stage("calm")
	require.Contains(t, render(t, s.Page()), `class="picker"`)
	s.Lessons = s.Lessons[:1]
	require.NotContains(t, render(t, s.Page()), `class="picker"`)
}
