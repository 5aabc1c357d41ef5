package library_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/scenarios"
	"spillway/scenarios/script"
	"spillway/server/internal/library"
	"spillway/server/internal/run"
	"spillway/server/internal/strategy"
)

// A lesson says by a tag whose lesson it is. Others may use the strategy too.
const lessonOf = "strategy:"

// TestEveryStrategyHasOneLesson, and no lesson is of a strategy that is not
// there. Whether the lesson proves its point is told by playing it.
func TestEveryStrategyHasOneLesson(t *testing.T) {
	l := open(t, library.Options{BuiltIn: scenarios.Files, Default: scenarios.Default, Vocabulary: run.Vocabulary(2 << 30)})
	of := make(map[string][]library.Lesson)
	for _, lesson := range l.Lessons() {
		for _, tag := range lesson.Scenario.Tags {
			if name, ok := strings.CutPrefix(tag, lessonOf); ok {
				_, known := strategy.Find(name)
				require.True(t, known, "the tag %q of %s names no strategy", tag, lesson.Path)
				of[name] = append(of[name], lesson)
			}
		}
	}
	for _, d := range strategy.All {
		switch len(of[d.Name]) {
		case 0:
			t.Errorf("the strategy %s has no lesson: write scenarios/%s.yaml with the tag %q, and give it a place in scenarios.Groups", d.Name, d.Name, lessonOf+d.Name)
		case 1:
			teaches(t, d.Name, of[d.Name][0])
		default:
			t.Errorf("the strategy %s has %d lessons, %s and %s among them: leave the tag %q to one", d.Name, len(of[d.Name]), of[d.Name][0].Path, of[d.Name][1].Path, lessonOf+d.Name)
		}
	}
}

// teaches holds what the lesson of a strategy must have: a lane with it and one
// beside it, a question with its reason, something for the speaker, and a rule
// about the lane.
func teaches(t *testing.T, name string, lesson library.Lesson) {
	t.Helper()
	s := lesson.Scenario
	lane := slices.IndexFunc(s.Lanes, func(l script.Lane) bool { return l.Strategy == name })
	require.GreaterOrEqual(t, lane, 0, "%s has no lane with %s", lesson.Path, name)
	require.GreaterOrEqual(t, len(s.Lanes), 2, "%s has nothing beside %s to compare it with", lesson.Path, name)
	require.NotEmpty(t, s.Question, "%s asks nothing", lesson.Path)
	asks, tells := false, false
	for _, step := range s.Steps {
		asks = asks || step.Predict != nil && step.Predict.Because != ""
		tells = tells || step.Note != ""
	}
	require.True(t, asks, "%s has no prediction that says because", lesson.Path)
	require.True(t, tells, "%s has no note for the speaker", lesson.Path)
	rules := slices.ContainsFunc(s.Thresholds, func(r script.Threshold) bool {
		return r.Lane == s.Lanes[lane].Name
	})
	require.True(t, rules, "%s has no rule about the lane %s", lesson.Path, s.Lanes[lane].Name)
}
