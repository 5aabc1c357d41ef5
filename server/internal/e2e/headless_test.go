package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// scenario writes a scenario of two lanes with these steps and thresholds, and
// returns its file.
func scenario(t *testing.T, name, rest string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".yaml")
	require.NoError(t, os.WriteFile(file, []byte(`version: 1
title: Headless
lanes:
  push: {source: redis-pubsub, strategy: push-buffered, transport: sse, limit: 48MiB}
  pull: {source: redis-stream, strategy: pull-drain, transport: sse, limit: 48MiB}
workload: {kind: fixed, rate: 20/s, size: 16KiB}
readers:
  slow: {count: 50}
  healthy: {count: 2, steady: true}
`+rest), 0o644))
	return file
}

const (
	death = `
steps:
  - at: 500ms
    set: {throttle: 0B/s}
    say: Nobody reads.
  - wait_until: exit_code{lane:push} == 137
    timeout: 30s
    say: It is dead.
thresholds:
  exit_code{lane:push}: ["last == 137"]
  rss{lane:pull}: ["max < 48MiB"]
`
	calm = `
steps:
  - at: 300ms
    say: Nothing happens.
`
	// endless is waited for in vain.
	endless = `
steps:
  - wait_until: produced > 1000000000
    timeout: 10m
`
)

// outcome is what --json writes, as far as tests need it.
type outcome struct {
	Results []struct {
		Scenario, Ending, Command string
		Checks                    []struct{ Holds bool }
		Steps                     []struct{ State string }
		Lanes                     []struct {
			Name     string
			State    string
			ExitCode *int
		}
	}
}

func readOutcome(t *testing.T, text []byte) outcome {
	t.Helper()
	var o outcome
	require.NoError(t, json.Unmarshal(text, &o), string(text))
	return o
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}

func TestHeadlessDeath(t *testing.T) {
	file, dir := scenario(t, "death", death), t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	began := time.Now()
	code, stdout, stderr := once(t, "run", file, "--report", in("o.html"), "--json", in("o.json"),
		"--csv", in("o.csv"), "--junit", in("o.xml"), "--record", in("o.ndjson"))
	report(t, "headless death", "%.1f s from the command line to the summary", time.Since(began).Seconds())
	require.Zero(t, code, "%s\n%s", stdout, stderr)
	for _, want := range []string{
		"step 1 of 2, at 500 ms\n", "“Nobody reads.”\n", "push was killed", "“It is dead.”\n", "The steps are done.\n",
		"push ran out of memory", "All 2 thresholds hold. Exit code 0.\n",
	} {
		require.Contains(t, stdout, want)
	}
	require.NotContains(t, stdout, "\x1b", "it is no terminal")

	o := readOutcome(t, readFile(t, in("o.json"))).Results[0]
	require.Equal(t, "death", o.Scenario)
	require.Equal(t, "completed", o.Ending)
	require.Equal(t, "killed", o.Lanes[0].State)
	require.Equal(t, 137, *o.Lanes[0].ExitCode)
	require.Equal(t, "running", o.Lanes[1].State)

	rows, err := csv.NewReader(bytes.NewReader(readFile(t, in("o.csv")))).ReadAll()
	require.NoError(t, err)
	require.Greater(t, len(rows), 15, "ten samples a second")
	require.Equal(t, "t_seconds", rows[0][0])

	var junit struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
	}
	require.NoError(t, xml.Unmarshal(readFile(t, in("o.xml")), &junit))
	require.Zero(t, junit.Failures)
	require.GreaterOrEqual(t, junit.Tests, 2)
	require.Contains(t, string(readFile(t, in("o.html"))), "<!doctype html>")

	replayed := startCommand(t, exec.Command(binary, "replay", in("o.ndjson"), "--listen", "127.0.0.1:0"))
	require.Len(t, replayed.state().Lanes, 2)
	require.Empty(t, replayed.descendants(), "nothing runs but the page")
	status, body := replayed.call(http.MethodPatch, "api/replay", `{"atSeconds": 3600}`)
	require.Equal(t, http.StatusOK, status, body)
	require.Equal(t, 137, *replayed.state().lane("push").ExitCode)
}

func TestHeadlessFailures(t *testing.T) {
	for name, c := range map[string]struct {
		rest string
		want []string
	}{
		"a threshold fails": {calm + "thresholds:\n  produced: [\"count > 1000000\"]\n", []string{"✗ produced", "1 of 1 threshold failed"}},
		"a wait times out":  {strings.Replace(endless, "10m", "1s", 1) + "    say: On.\n", []string{"timed out", "“On.”", "1 wait was not true in time"}},
		"a threshold ends it": {endless + "thresholds:\n  produced: [{threshold: \"count > 1000000\", abort_on_fail: true}]\n",
			[]string{"the scenario says to end then", "A threshold ended the run"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := once(t, "run", scenario(t, "fails", c.rest), "--plain")
			require.Equal(t, 99, code, "%s\n%s", stdout, stderr)
			for _, want := range append(c.want, "Exit code 99.") {
				require.Contains(t, stdout, want)
			}
		})
	}
}

func TestHeadlessSeveral(t *testing.T) {
	good, bad := scenario(t, "good", calm), scenario(t, "bad", calm+"thresholds:\n  produced: [\"count > 1000000\"]\n")
	dir := t.TempDir()
	code, stdout, stderr := once(t, "run", good, bad, good, "--json", "-", "--record", filepath.Join(dir, "r.ndjson"), "--junit", filepath.Join(dir, "j.xml"))
	require.Equal(t, 99, code, stderr)
	o := readOutcome(t, []byte(stdout)) // and nothing else is on stdout
	require.Len(t, o.Results, 3)
	require.Equal(t, "bad", o.Results[1].Scenario)
	require.Contains(t, stderr, "2 of 3: Headless\n")
	for _, name := range []string{"r-good.ndjson", "r-bad.ndjson", "r-good-2.ndjson"} {
		require.NotEmpty(t, readFile(t, filepath.Join(dir, name)))
	}
	require.Equal(t, 3, strings.Count(string(readFile(t, filepath.Join(dir, "j.xml"))), "<testsuite "))
}

func TestHeadlessNothingStartsUnlessAllIsWell(t *testing.T) {
	good, wrong := scenario(t, "good", calm), scenario(t, "wrong", "steps: nonsense\n")
	began := time.Now()
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"not valid":               {[]string{"run", good, wrong}, 104, wrong + ":"},
		"missing":                 {[]string{"run", good, good + "x"}, 1, "no such file"},
		"no lesson":               {[]string{"run", "nothing"}, 1, "no lesson of that name"},
		"no file":                 {[]string{"run"}, 64, "which FILE?"},
		"unknown flag":            {[]string{"run", good, "--fast"}, 64, "--help lists the flags"},
		"output in no folder":     {[]string{"run", good, "--csv", filepath.Join(good, "o.csv")}, 1, "--csv: "},
		"recording on stdout":     {[]string{"run", good, "--record", "-"}, 64, "--record -: want a file"},
		"no redis":                {[]string{"run", good, "--redis", "redis://:secret@"}, 64, "--redis: want local or redis://"},
		"two recordings":          {[]string{"replay", "a", "b"}, 64, `unexpected "b"`},
		"not a recording":         {[]string{"replay", good}, 1, "no recording of Spillway"},
		"address of no kind":      {[]string{"replay", good, "--listen", "8080"}, 64, `--listen "8080": want host:port`},
		"check what is not valid": {[]string{"check", good, wrong}, 104, wrong + ":"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := once(t, c.args...)
			require.Equal(t, c.code, code, stderr)
			require.Contains(t, stderr, c.want)
			require.NotContains(t, stderr, "secret")
			require.NotContains(t, stdout, "step")
			if c.code != 104 {
				require.Equal(t, 1, strings.Count(stderr, "\n"), "one line: %s", stderr)
				require.True(t, strings.HasPrefix(stderr, "spillway: "), stderr)
			}
		})
	}
	require.Less(t, time.Since(began), patience, "nothing was run")
}

func TestHeadlessWithoutABroker(t *testing.T) {
	t.Setenv("PATH", goOnly(t))
	dir := t.TempDir()
	code, stdout, stderr := once(t, "run", scenario(t, "calm", calm), "--redis", "local", "--json", filepath.Join(dir, "o.json"))
	require.Equal(t, 1, code, stdout)
	require.Contains(t, stderr, "there is no redis-server on PATH; install it")
	require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	require.Equal(t, "failed", readOutcome(t, readFile(t, filepath.Join(dir, "o.json"))).Results[0].Ending)
}

func TestHeadlessCtrlC(t *testing.T) {
	needsProc(t)
	file, dir := scenario(t, "endless", endless), t.TempDir()
	p := &program{t: t, out: &output{}}
	p.cmd = exec.Command(binary, "run", file, file, "--json", filepath.Join(dir, "o.json"), "--record", filepath.Join(dir, "r.ndjson"))
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	require.NoError(t, p.cmd.Start())
	t.Cleanup(p.stop)
	require.Eventually(t, func() bool { // everything runs, and samples are taken
		text, _ := os.ReadFile(filepath.Join(dir, "r-endless.ndjson"))
		return len(p.descendants()) >= 5 && bytes.Count(text, []byte("\n")) > 20
	}, patience, 50*time.Millisecond, "%s", p.out)
	children := p.descendants()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGINT))
	err := p.cmd.Wait()
	require.Equal(t, 105, p.cmd.ProcessState.ExitCode(), "%v\n%s", err, p.out)
	require.Contains(t, p.out.String(), "Once more ends it at once.")
	require.Contains(t, p.out.String(), "A person stopped the run")
	require.Contains(t, p.out.String(), "endless was not run.")
	o := readOutcome(t, readFile(t, filepath.Join(dir, "o-endless.json")))
	require.Equal(t, "stopped", o.Results[0].Ending)
	require.NoFileExists(t, filepath.Join(dir, "o-endless-2.json"))
	requireGone(t, children)
}

func TestHeadlessIsKilled(t *testing.T) {
	needsProc(t)
	p := &program{t: t, out: &output{}}
	p.cmd = exec.Command(binary, "run", scenario(t, "endless", endless))
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	require.NoError(t, p.cmd.Start())
	require.Eventually(t, func() bool { return len(p.descendants()) >= 5 }, patience, 50*time.Millisecond, "%s", p.out)
	children := p.descendants()
	require.NoError(t, p.cmd.Process.Kill())
	_ = p.cmd.Wait()
	requireGone(t, children)
}

func TestHeadlessHelp(t *testing.T) {
	for mode, words := range map[string]string{
		"run":    "--report --json --csv --junit --record --redis --max-memory --plain --verbose one-slow-reader",
		"check":  "--max-memory one-slow-reader",
		"replay": "--listen --open --verbose",
	} {
		code, stdout, stderr := once(t, mode, "--help")
		require.Zero(t, code)
		require.Empty(t, stderr)
		for _, want := range append(strings.Fields(words), fmt.Sprintf("spillway %s", mode), "Exit codes") {
			require.Contains(t, stdout, want)
		}
		for line := range strings.Lines(stdout) {
			require.LessOrEqual(t, len([]rune(line)), 81, line)
		}
	}
}
