package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSoak is the endurance test of two minutes: a lane killed every 20 seconds,
// the broker twice. It has its own patience, and waits for conditions wherever
// something has to happen.
func TestSoak(t *testing.T) {
	t.Parallel() // it mostly waits
	file := filepath.Join(t.TempDir(), "soak.json")
	cmd := exec.Command(binary, "soak", "--minutes", "2", "--kill-every", "20s", "--json", file)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		text, _ := os.ReadFile(file) // with the stacks of the lanes
		t.Logf("%s\n%s\n%s", stdout.String(), stderr.String(), text)
	}
	require.NoError(t, err, "exit code %d", cmd.ProcessState.ExitCode())
	require.Regexp(t, `(?m)^ +[0-9ms]+  rough  [0-9]+ of 60 readers  [0-9]+ kills  [0-9]+ restarts  [0-9]+ messages  gaps 0  repeats 0  `, stdout.String())
	require.Contains(t, stdout.String(), "Nothing was lost but by the broker, nothing came twice, nothing stayed behind.")

	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var r struct {
		Broker       string
		Seconds      float64
		Kills, Calms int
		Restarts     []struct{ Empty bool }
		Lanes        []struct {
			Name                           string
			Kills                          int
			Messages, LostByBroker         uint64
			Gaps, Repeats, NotKeptByPubSub uint64
			Gone                           []struct {
				How   string
				Count int
			} `json:"readersThatVanish"`
		}
		Processes []struct {
			Name        string
			First, Last struct {
				Goroutines uint64
				Files      int
				RSSBytes   int64
			}
		}
		Failures []string
	}
	require.NoError(t, json.Unmarshal(text, &r))
	require.Empty(t, r.Failures)
	require.GreaterOrEqual(t, r.Seconds, 120.0)
	require.GreaterOrEqual(t, r.Kills, 3, "each lane once")
	require.Greater(t, r.Calms, r.Kills, "one after each, and the first")
	require.Len(t, r.Restarts, 2)
	require.True(t, r.Restarts[1].Empty)
	if _, err := exec.LookPath("redis-server"); err == nil {
		require.Equal(t, "redis-server with an append-only file", r.Broker)
		require.False(t, r.Restarts[0].Empty)
	}
	require.Len(t, r.Lanes, 3)
	for _, l := range r.Lanes {
		require.Positive(t, l.Kills, l.Name)
		require.Positive(t, l.Messages, l.Name)
		require.Zero(t, l.Gaps, l.Name)
		require.Zero(t, l.Repeats, l.Name)
		require.NotEmpty(t, l.Gone, "nobody has vanished from %s", l.Name)
		if l.Name == "push" {
			require.Positive(t, l.NotKeptByPubSub, "else nobody was away")
			require.Zero(t, l.LostByBroker)
		} else {
			// How much the broker took with it is not for sure: nothing, where all have just caught up.
			require.Zero(t, l.NotKeptByPubSub)
		}
	}
	require.Len(t, r.Processes, 4)
	for _, p := range r.Processes {
		require.Equal(t, p.First.Goroutines, p.Last.Goroutines, p.Name)
		require.Equal(t, p.First.Files, p.Last.Files, p.Name)
	}
}

func TestSoakRefuses(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"soak", "--minutes", "0"}, "--minutes 0: want 1 to 1440"},
		{[]string{"soak", "--minutes", "1441"}, "--minutes 1441: want 1 to 1440"},
		{[]string{"soak", "--kill-every", "1s"}, "--kill-every 1s: want from 10s"},
		{[]string{"soak", "--minutes", "1", "--kill-every", "2m"}, "--kill-every 2m0s: want from 10s to the whole time"},
		{[]string{"soak", "now"}, `unexpected "now" (--help lists the flags)`},
		{[]string{"soak", "--nothing"}, "--help lists the flags"},
		{[]string{"soak", "--seed", "-1"}, "--help lists the flags"},
	} {
		code, stdout, stderr := once(t, c.args...)
		require.Equal(t, 64, code, c.args)
		require.Contains(t, stderr, c.want)
		require.Empty(t, stdout)
	}
	code, stdout, _ := once(t, "soak", "--help")
	require.Zero(t, code)
	for _, want := range []string{"--minutes", "--kill-every", "--seed", "--embedded", "--json", "Exit codes"} {
		require.Contains(t, stdout, want)
	}
	require.NotContains(t, stdout, "%!")
}
