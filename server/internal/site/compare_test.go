package site

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/comparison"
	"spillway/server/internal/metric"
	"spillway/server/internal/play"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// comparedRun is a fakeRun that can be compared in.
type comparedRun struct{ *fakeRun }

func (c comparedRun) Play(s script.Scenario, steps bool) error {
	if err := c.fakeRun.Play(s, steps); err != nil {
		return err
	}
	c.change(func(v *run.View) {
		*v = run.View{RunID: "COMPARISON", Scenario: s, State: wire.StateRunning}
		for _, l := range s.Lanes {
			v.Lanes = append(v.Lanes, run.LaneView{Name: l.Name, Plan: l})
			v.Sample.Lanes = append(v.Sample.Lanes, wire.LaneSample{State: wire.StateRunning, RSS: 20 << 20})
			v.Extra = append(v.Extra, metric.Lane{})
		}
	})
	return nil
}

func (c comparedRun) Replace(runID string, s script.Scenario) {
	_ = c.note("replace " + runID + " by " + s.Name)
	c.change(func(v *run.View) { *v = run.View{Scenario: s} })
}

// compared is a site that compares, beside the lesson "one".
func compared(t *testing.T, token string) (*served, *comparison.Desk) {
	t.Helper()
	f := death()
	control := comparedRun{f}
	desk := comparison.NewDesk(comparison.DeskOptions{Control: func() comparison.Control { return control }, Program: "spillway"})
	ctx, cancel := context.WithCancel(context.Background())
	var ends sync.WaitGroup
	ends.Go(func() { desk.Run(ctx) })
	t.Cleanup(func() { cancel(); ends.Wait() })
	return serve(t, f, token, func(o *Options) { o.Comparison = desk }), desk
}

// take shows the desk the run after some time; one lane uses more than the others.
func take(s *served, desk *comparison.Desk, elapsed time.Duration, state play.State) {
	v := s.run.View()
	v.Elapsed, v.Script.State = elapsed, state
	v.Sample.Lanes = append([]wire.LaneSample(nil), v.Sample.Lanes...)
	v.Sample.Lanes[0].RSS = 90 << 20
	desk.Take(v)
}

func TestCompare(t *testing.T) {
	s, desk := compared(t, "")
	before := s.ask("GET", "/compare", "", html)
	require.Equal(t, http.StatusOK, before.status)
	require.Contains(t, before.body, "Nothing has been compared")
	require.Contains(t, before.body, "in the place of the current run, “Lesson one”")
	require.Contains(t, before.body, "spillway compare --max-memory 1024MiB")
	require.Contains(t, before.body, "shared-pubsub, strategy: block")
	require.Contains(t, s.ask("GET", "/api/compare", "").body, `"state": "none"`)
	for _, path := range []string{"/lessons", "/"} {
		require.Contains(t, s.ask("GET", path, "", html).body, `href="/compare"`, path)
	}

	form := s.ask("POST", "/api/compare", "strategy=block&strategy=drop&strategy=latest&seconds=2", html, "Content-Type: application/x-www-form-urlencoded")
	require.Equal(t, http.StatusSeeOther, form.status, form.body)
	require.Equal(t, "/compare", form.header.Get("Location"))
	require.Contains(t, s.run.called(), "play compare true")
	require.Contains(t, s.ask("GET", "/compare/table", "").body, "3 lanes are being started")
	again := s.ask("POST", "/api/compare", "")
	require.Equal(t, http.StatusConflict, again.status)
	require.Contains(t, again.body, "a comparison runs already")

	wakes := len(s.run.called())
	away := s.ask("GET", "/", "", html)
	require.Contains(t, away.body, "Strategies are being compared")
	require.Contains(t, away.body, `href="/compare"`)
	require.NotContains(t, away.body, "data-lane-card", "not a card for each of them")
	require.Len(t, s.run.called(), wakes, "and it is woken by nobody")

	take(s, desk, time.Second, play.Playing)
	body := s.ask("GET", "/compare/table?sort=rss&turned=true", "").body
	require.Contains(t, body, "Comparing 3 strategies: 1 of about 11 seconds")
	require.Contains(t, body, "Stop the comparison")
	require.Contains(t, body, "90.0 MiB")
	require.Contains(t, body, "worst")
	require.Less(t, strings.Index(body, `data-strategy="block"`), strings.Index(body, `data-strategy="drop"`))
	body = s.ask("GET", "/compare/table?sort=rss", "").body
	require.Greater(t, strings.Index(body, `data-strategy="block"`), strings.Index(body, `data-strategy="drop"`))
	require.Contains(t, s.ask("GET", "/compare/table?sort=nothing", "").body, `data-strategy="block"`)

	take(s, desk, 10*time.Second, play.Done)
	take(s, desk, 12*time.Second, play.Done)
	require.Eventually(t, func() bool { return s.run.View().Scenario.Name == "one" }, patience, time.Millisecond)
	require.Contains(t, s.run.called(), "replace COMPARISON by one")
	require.Contains(t, s.ask("GET", "/compare/table", "").body, "Finished: 3 strategies compared in 12 seconds")
	require.Contains(t, s.ask("GET", "/", "", html).body, "<title>Lesson one")

	var got comparisonJSON
	require.NoError(t, json.Unmarshal([]byte(s.ask("GET", "/api/compare", "").body), &got))
	require.Equal(t, "completed", got.State)
	require.Equal(t, "spillway compare block drop latest --seconds 2 --max-memory 1024MiB", got.Command)
	state, _ := desk.State()
	require.Equal(t, comparison.Table(state.Result), got.Rows)
	file := s.ask("GET", "/compare.csv", "")
	require.Equal(t, `attachment; filename="spillway-compare.csv"`, file.header.Get("Content-Disposition"))
	require.Contains(t, file.body, "block,shared-pubsub,running,94371840,94371840,0,")
}

func TestAComparisonIsStopped(t *testing.T) {
	s, desk := compared(t, "")
	require.Equal(t, http.StatusOK, s.ask("POST", "/api/compare/stop", "").status, "there is none")
	require.Equal(t, http.StatusOK, s.ask("POST", "/api/compare", "").status)
	take(s, desk, time.Second, play.Playing)
	require.Contains(t, s.ask("POST", "/api/compare/stop", "").body, `"state": "stopped"`)
	require.Eventually(t, func() bool { return s.run.View().Scenario.Name == "one" }, patience, time.Millisecond)
	require.Contains(t, s.ask("GET", "/compare/table", "").body, "Broken off after 1 seconds")
}

func TestComparisonsAreRefused(t *testing.T) {
	s, _ := compared(t, "")
	for body, want := range map[string]string{
		"strategy=nothing":                     `there is no strategy "nothing"`,
		"seconds=0":                            "want 1 to 60",
		"seconds=61":                           "want 1 to 60",
		"seconds=":                             "want 1 to 60",
		"second=3":                             `there is no field "second"`,
		"strategy=" + strings.Repeat("x", 100): "there is no strategy",
		"%zz":                                  "cannot be read",
	} {
		a := s.ask("POST", "/api/compare", body, "Content-Type: application/x-www-form-urlencoded")
		require.Equal(t, http.StatusBadRequest, a.status, body)
		require.Contains(t, reason(t, a), want)
	}
	large := s.ask("POST", "/api/compare", "strategy="+strings.Repeat("x", maxBodyBytes), "Content-Type: application/x-www-form-urlencoded")
	require.Equal(t, http.StatusRequestEntityTooLarge, large.status)
	require.NotContains(t, s.run.called(), "play compare true")

	watching, _ := compared(t, testToken)
	require.Equal(t, http.StatusForbidden, watching.ask("POST", "/api/compare", "").status)
	require.Equal(t, http.StatusForbidden, watching.ask("POST", "/api/compare/stop", "").status)
	page := watching.ask("GET", "/compare", "", html)
	require.Equal(t, http.StatusOK, page.status, "whoever watches sees the table")
	require.NotContains(t, page.body, "<form")

	none := serve(t, death(), "")
	require.Equal(t, http.StatusNotFound, none.ask("GET", "/compare", "").status)
	require.NotContains(t, none.ask("GET", "/", "", html).body, `href="/compare"`)
}
