package site

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/replay"
	"spillway/server/internal/run"
)

var update = flag.Bool("update", false, "write golden files anew")

func TestTheRunAsJSON(t *testing.T) {
	s := serve(t, death(), "")
	a := s.ask("GET", "/api/run", "")
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	require.Empty(t, s.run.called(), "a script that looks wakes nobody")

	golden := filepath.Join("testdata", "run.json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(a.body), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), a.body)
}

func TestSteering(t *testing.T) {
	for path, call := range map[string]string{
		"/api/run/start":                   "start",
		"/api/run/stop":                    "stop",
		"/api/run/reset":                   "reset",
		"/api/run/steps/play":              "play steps",
		"/api/run/steps/continue":          "continue",
		"/api/run/steps/stop":              "stop steps",
		"/api/run/scenario/two":            "play two false",
		"/api/run/scenario/two?steps=hand": "play two false",
		"/api/run/scenario/two?steps=play": "play two true",
		"/api/run/lanes/push/restart":      "restart push",
	} {
		t.Run(path, func(t *testing.T) {
			s := serve(t, death(), "")
			a := s.ask("POST", path, "")
			require.Equal(t, http.StatusOK, a.status, a.body)
			require.Equal(t, []string{call}, s.run.called())
			require.Equal(t, s.ask("GET", "/api/run", "").body, a.body, "the answer is the run as it is afterwards")
		})
	}
}

func TestAFormGoesBackToThePage(t *testing.T) {
	s := serve(t, death(), "")
	a := s.ask("POST", "/api/run/start", "", "Accept: text/html,*/*")
	require.Equal(t, http.StatusSeeOther, a.status)
	require.Equal(t, "/", a.header.Get("Location"))

	s.run.err = run.ErrLaneAlive
	a = s.ask("POST", "/api/run/lanes/push/restart", "", "Accept: text/html,*/*")
	require.Equal(t, http.StatusConflict, a.status)
	require.Contains(t, a.header.Get("Content-Type"), "text/html")
	require.Contains(t, a.body, "only a lane that ended")
}

func TestPatch(t *testing.T) {
	s := serve(t, death(), "")
	a := s.ask("PATCH", "/api/run", `{"readers": {"slow": {"count": 7}}, "throttleBytesPerSecond": null}`)
	require.Equal(t, http.StatusOK, a.status, a.body)
	require.Len(t, s.run.patches, 1)
	require.Equal(t, 7, *s.run.patches[0].Readers["slow"].Count)
	require.True(t, s.run.patches[0].Throttle.Set)
}

// reason reads the one member that every refusal has.
func reason(t *testing.T, a answer) string {
	t.Helper()
	var e map[string]string
	require.NoError(t, json.Unmarshal([]byte(a.body), &e), a.body)
	require.Len(t, e, 1)
	require.NotEmpty(t, e["error"])
	return e["error"]
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		method, path, body string
		err                error
		status             int
		reason             string
	}{
		"no JSON":              {"PATCH", "/api/run", "slow", nil, 400, "invalid character"},
		"unknown setting":      {"PATCH", "/api/run", `{"slow": 1}`, nil, 400, `unknown field "slow"`},
		"empty":                {"PATCH", "/api/run", "", nil, 400, "ends too early"},
		"out of range":         {"PATCH", "/api/run", "{}", run.ErrInvalid, 400, "not possible"},
		"too large":            {"PATCH", "/api/run", `{"x":"` + strings.Repeat("a", maxBodyBytes) + `"}`, nil, 413, "too large"},
		"nothing runs":         {"PATCH", "/api/run", "{}", run.ErrNotRunning, 409, "nothing runs"},
		"no steps without run": {"POST", "/api/run/steps/play", "", run.ErrNotRunning, 409, "nothing runs"},
		"no steps":             {"POST", "/api/run/steps/play", "", run.ErrNoSteps, 409, "no steps"},
		"steps play already":   {"POST", "/api/run/steps/play", "", run.ErrPlaying, 409, "play already"},
		"no steps to go on":    {"POST", "/api/run/steps/continue", "", run.ErrNotPlaying, 409, "no steps play"},
		"a broken scenario":    {"POST", "/api/run/scenario/broken", "", nil, 400, "lanes is missing"},
		"a recording":          {"PATCH", "/api/run", "{}", replay.ErrReplay, 409, "recording"},
		"unknown lane":         {"POST", "/api/run/lanes/nobody/restart", "", run.ErrNoLane, 404, "no such lane"},
		"lane alive":           {"POST", "/api/run/lanes/push/restart", "", run.ErrLaneAlive, 409, "only a lane that ended"},
		"unknown scenario":     {"POST", "/api/run/scenario/three", "", nil, 404, "no such scenario"},
		"unknown run":          {"GET", "/api/run/17", "", nil, 404, "The one run of this server is /api/run"},
		"unknown runs":         {"GET", "/api/runs", "", nil, 404, "The one run"},
		"unknown page":         {"GET", "/nothing", "", nil, 404, "no page"},
		"unknown action":       {"POST", "/api/run/explode", "", nil, 404, "The one run"},
		"wrong method on run":  {"DELETE", "/api/run", "", nil, 405, "takes GET or HEAD or PATCH, not DELETE"},
		"reading an action":    {"GET", "/api/run/start", "", nil, 405, "takes POST, not GET"},
		"posting to the page":  {"POST", "/", "", nil, 405, "takes GET or HEAD, not POST"},
		"posting to metrics":   {"POST", "/metrics", "", nil, 405, "takes GET"},
		"hub without a socket": {"GET", "/hub", "", nil, 426, "WebSocket"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, death(), "")
			s.run.err = c.err
			a := s.ask(c.method, c.path, c.body)
			require.Equal(t, c.status, a.status, a.body)
			require.Contains(t, reason(t, a), c.reason)
			if c.status == http.StatusMethodNotAllowed {
				require.NotEmpty(t, a.header.Get("Allow"))
			}
		})
	}
}

func TestAPersonGetsAPageAndAProgramALine(t *testing.T) {
	s := serve(t, death(), "")
	page := s.ask("GET", "/nothing<script>", "", "Accept: text/html")
	require.Equal(t, http.StatusNotFound, page.status)
	require.Contains(t, page.header.Get("Content-Type"), "text/html")
	require.Contains(t, page.body, "<html")
	require.NotContains(t, page.body, "nothing<script>")
	require.NotEmpty(t, reason(t, s.ask("GET", "/nothing", "", "Accept: application/json")))
}
