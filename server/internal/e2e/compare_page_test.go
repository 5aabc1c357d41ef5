package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// compared is what /api/compare says, as far as tests need it.
type compared struct {
	State, Run, Command string
	ElapsedSeconds      float64
	Rows                []struct {
		Strategy    string
		RSSMaxBytes uint64
		HealthyP99  *float64 `json:"healthyAgeP99Seconds"`
	}
}

func (p *program) compared() compared {
	p.t.Helper()
	_, body := p.call(http.MethodGet, "api/compare", "")
	var c compared
	require.NoError(p.t, json.Unmarshal([]byte(body), &c))
	return c
}

// awaitCompared waits for a comparison to be over.
func (p *program) awaitCompared(limit time.Duration) compared {
	p.t.Helper()
	var last compared
	require.Eventually(p.t, func() bool {
		last = p.compared()
		return last.State != "playing"
	}, limit, 200*time.Millisecond, "%v", p.out)
	return last
}

// TestCompareInPlaceOfTheRun compares through the API: more lanes than a stage
// has, their recording can be reported on, and the lesson comes back.
func TestCompareInPlaceOfTheRun(t *testing.T) {
	p := start(t)
	p.call(http.MethodPost, "api/run/start", "")
	before := p.state()
	strategies := []string{"block", "drop", "latest", "drop-oldest", "push-buffered"}
	answer, err := http.PostForm(p.URL+"api/compare", url.Values{"strategy": strategies, "seconds": {"2"}})
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "playing", p.compared().State)
	_, stage := p.call(http.MethodGet, "", "")
	require.Contains(t, stage, "Strategies are being compared")

	c := p.awaitCompared(time.Minute)
	require.Equal(t, "completed", c.State)
	require.Contains(t, c.Command, " compare block drop latest drop-oldest push-buffered --seconds 2 ")
	require.GreaterOrEqual(t, c.ElapsedSeconds, 11.0, "3 s before, 2 s slow, 5 s after, 1 s to settle")
	var names []string
	for _, r := range c.Rows {
		names = append(names, r.Strategy)
		require.NotZero(t, r.RSSMaxBytes)
		require.NotNil(t, r.HealthyP99)
	}
	require.ElementsMatch(t, strategies, names)

	p.await(20*time.Second, "the lesson comes back", func(r runState) bool { return len(r.Lanes) == len(before.Lanes) })
	_, stage = p.call(http.MethodGet, "", "")
	require.Contains(t, stage, `data-lane-card="push"`)
	status, report := p.call(http.MethodGet, "recordings/"+c.Run+"/report", "")
	require.Equal(t, http.StatusOK, status, report)
	require.Contains(t, report, "drop-oldest")

	status, tape := p.call(http.MethodGet, "recordings/"+c.Run, "")
	require.Equal(t, http.StatusOK, status)
	file := filepath.Join(t.TempDir(), "five.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(tape), 0o600))
	code, _, stderr := once(t, "replay", file)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "5 strategies were compared, and a page shows at most 4 lanes side by side")
}

// TestAComparisonIsReplayed holds that the recording of one that a page has room
// for plays as any other.
func TestAComparisonIsReplayed(t *testing.T) {
	p := start(t)
	strategies := []string{"push-buffered", "pull-drain", "drop-oldest"}
	answer, err := http.PostForm(p.URL+"api/compare", url.Values{"strategy": strategies, "seconds": {"1"}})
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	c := p.awaitCompared(time.Minute)
	status, tape := p.call(http.MethodGet, "recordings/"+c.Run, "")
	require.Equal(t, http.StatusOK, status)
	file := filepath.Join(t.TempDir(), "three.ndjson")
	require.NoError(t, os.WriteFile(file, []byte(tape), 0o600))

	again := startCommand(t, exec.Command(binary, "replay", file, "--listen", "127.0.0.1:0"))
	_, stage := again.call(http.MethodGet, "", "")
	for _, name := range strategies {
		require.Contains(t, stage, `data-lane-card="`+name+`"`)
	}
	status, body := again.call(http.MethodPatch, "api/replay", `{"atSeconds": 9}`)
	require.Equal(t, http.StatusOK, status, body)
	again.await(10*time.Second, "it is where it was sent", func(r runState) bool {
		return r.ElapsedSeconds > 8 && r.lane("pull-drain").Readers > 0
	})
}
