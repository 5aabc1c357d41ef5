package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/scenarios"
	"spillway/scenarios/script"
)

// check runs the mode.
func check(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errOut strings.Builder
	code = checkFiles(args, &out, &errOut)
	return code, out.String(), errOut.String()
}

func TestCheckABuiltInLesson(t *testing.T) {
	code, stdout, stderr := check(t, scenarios.Default)
	require.Empty(t, stderr)
	require.Zero(t, code)
	require.Equal(t, scenarios.Default+": ok\n", stdout)
	require.Contains(t, lessonNames(), scenarios.Default)
}

func TestCheckFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	const lesson = `version: 1
title: Two lanes
lanes:
  push: {source: redis-pubsub, strategy: push-buffered, transport: sse}
  pull: {source: redis-stream, strategy: pull-drain, transport: sse}
workload: {kind: fixed, rate: 10/s, size: 1KiB}
readers:
  slow: {count: 2}
`
	good := file("good.yaml", lesson)
	bad := file("bad.yaml", strings.Replace(lesson, "lanes:", "lane:", 1))
	large := file("large.yaml", strings.Repeat("# x\n", script.MaxFileBytes/4+1))
	missing := filepath.Join(dir, "missing.yaml")

	for name, c := range map[string]struct {
		args         []string
		code         int
		stdout, want string
	}{
		"good":              {[]string{good}, 0, good + ": ok\n", ""},
		"bad":               {[]string{bad}, exitScript, "", bad + ":"},
		"good and bad":      {[]string{bad, good}, exitScript, good + ": ok\n", bad + ":"},
		"too large":         {[]string{large}, exitScript, "", large + ": "},
		"missing":           {[]string{missing, bad}, exitFailure, "", "spillway: read scenario: open " + missing},
		"a folder":          {[]string{dir}, exitFailure, "", "is a directory"},
		"no such lesson":    {[]string{"nothing"}, exitFailure, "", `spillway: there is no file "nothing" and no lesson of that name; lessons are `},
		"too little memory": {[]string{good, "--max-memory", "40MiB"}, exitScript, "", "2 lanes have 40MiB together"},
		"no file":           {nil, exitUsage, "", "spillway: which FILE?"},
		"unknown flag":      {[]string{good, "--quick"}, exitUsage, "", "-quick (--help lists the flags)"},
		"no size":           {[]string{good, "--max-memory", "1"}, exitUsage, "", `--max-memory: size "1"`},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := check(t, c.args...)
			require.Equal(t, c.code, code, stderr)
			require.Equal(t, c.stdout, stdout)
			require.Contains(t, stderr, c.want)
		})
	}
	code, stdout, stderr := check(t, "--help")
	require.Zero(t, code)
	require.Empty(t, stderr)
	require.Contains(t, stdout, scenarios.Default)
	require.Contains(t, stdout, "Exit codes")
}

func TestFilesBesideAScenario(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "beside.csv"), []byte("beside"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "s.yaml"), nil, 0o644))
	f, err := openScenario(filepath.Join(dir, "s.yaml"))
	require.NoError(t, err)
	text, err := f.Read("beside.csv")
	require.NoError(t, err)
	require.Equal(t, "beside", string(text))
	for _, name := range []string{"../beside.csv", "/etc/passwd", "..", "", "a/b"} {
		_, err = f.Read(name)
		require.Error(t, err, name)
	}
	f, err = openScenario(scenarios.Default)
	require.NoError(t, err)
	require.Equal(t, scenarios.Default+".yaml", f.Path)
}
