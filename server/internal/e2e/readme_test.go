package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/run"
)

// TestReadmeCommands runs every curl line of the README against the program.
func TestReadmeCommands(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	var lines []string
	inShell := false
	for line := range strings.Lines(string(text)) {
		switch line = strings.TrimSpace(line); {
		case line == "```sh":
			inShell = true
		case line == "```":
			inShell = false
		case inShell && strings.Contains(line, "curl "):
			lines = append(lines, line)
		}
	}
	require.Greater(t, len(lines), 10, "the README's curl lines")

	p := start(t)
	status, body := p.call("POST", "api/run/start", "")
	require.Equal(t, 200, status, body)
	running := func(r runState) bool { return r.State == "running" && r.lane("pull").DeliveredMessages > 0 }
	p.await(20*time.Second, "the run runs", running)
	stream := ""
	for _, line := range lines {
		if strings.HasPrefix(line, "STREAM=") || strings.Contains(line, "$STREAM") {
			stream += line + "\n"
			continue
		}
		out := shell(t, p, line)
		require.NotEmpty(t, out, line)
		require.NotContains(t, out, `"error"`, line)
		if strings.Contains(line, "/api/run") && !strings.Contains(line, "/lanes/") {
			require.Contains(t, out, `"state"`, line)
		}
	}
	p.call("POST", "api/run/start", "")
	p.await(20*time.Second, "the run runs again", running)
	require.Contains(t, shell(t, p, stream), "event: ready")
	require.Contains(t, shell(t, p, stream), "\nid: ")
}

// TestReadmeScenario holds that the scenario of the README is one.
func TestReadmeScenario(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), "```yaml\n")
	require.True(t, ok)
	file, _, _ := strings.Cut(rest, "```")
	s, err := script.Parse(script.File{Path: "README.yaml", Text: []byte(file)}, run.Vocabulary(1<<30))
	require.NoError(t, err)
	require.Len(t, s.Steps, 2)
}

// shell runs lines of the README against this program instead of port 8080.
// curl's exit code is its own when it ends a stream by time.
func shell(t *testing.T, p *program, lines string) string {
	t.Helper()
	lines = strings.ReplaceAll(lines, "http://127.0.0.1:8080/", p.URL)
	cmd := exec.Command("bash", "-c", lines)
	cmd.Dir = "../../.." // files are named from the top
	out, err := cmd.Output()
	if err != nil && !strings.Contains(lines, "--max-time") {
		require.NoError(t, err, lines)
	}
	return string(out)
}
