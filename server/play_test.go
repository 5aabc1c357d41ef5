package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
)

func TestFilesAndFlagsInAnyOrder(t *testing.T) {
	for line, want := range map[string]string{
		"a.yaml":                           "a.yaml plain=false json=",
		"a.yaml --plain b.yaml --json o":   "a.yaml b.yaml plain=true json=o",
		"--json - a.yaml":                  "a.yaml plain=false json=-",
		"--plain -- --json a.yaml":         "--json a.yaml plain=true json=",
		"a.yaml -- --plain":                "a.yaml --plain plain=false json=",
		"-plain a.yaml -json=o ./b/c.yaml": "a.yaml ./b/c.yaml plain=true json=o",
	} {
		f, err := parsePlayFlags(strings.Fields(line))
		require.NoError(t, err, line)
		got := strings.Join(f.files, " ")
		if f.plain {
			got += " plain=true"
		} else {
			got += " plain=false"
		}
		require.Equal(t, want, got+" json="+f.out.json, line)
	}
	for line, want := range map[string]string{
		"":                                "which FILE?",
		"--plain":                         "which FILE?",
		"a.yaml --nothing":                "-nothing (--help lists the flags)",
		"a.yaml --json":                   "--help lists the flags",
		"a.yaml --max-memory 3":           "--max-memory: size",
		"a.yaml --redis http://x":         "--redis: want local",
		"a.yaml --redis redis://:geheim@": "--redis: want local",
	} {
		_, err := parsePlayFlags(strings.Fields(line))
		require.ErrorContains(t, err, want, line)
		require.NotContains(t, err.Error(), "geheim")
		require.NotContains(t, err.Error(), "\n")
	}
	_, err := parsePlayFlags([]string{"a.yaml", "--help"})
	require.ErrorIs(t, err, flag.ErrHelp)
}

func TestTheCommandThatReproducesARun(t *testing.T) {
	f := playFlags{redis: "redis://:geheim@host:6379/2", maxMemory: 512 << 20}
	require.Equal(t, program()+" run drain --redis redis://:xxxxx@host:6379/2 --max-memory 512MiB", f.command("drain"))
	require.Equal(t, program()+` run 'my file'\''s.yaml' --max-memory 512MiB`, playFlags{maxMemory: 512 << 20}.command("my file's.yaml"))
}

func TestTheGravestExitCodeWins(t *testing.T) {
	for _, c := range [][3]int{
		{exitOK, exitOK, exitOK}, {exitOK, exitRule, exitRule}, {exitRule, exitFailure, exitFailure},
		{exitUser, exitFailure, exitUser}, {exitScript, exitFailure, exitFailure}, {exitScript, exitRule, exitScript},
	} {
		require.Equal(t, c[2], graver(c[0], c[1]))
		require.Equal(t, c[2], graver(c[1], c[0]))
	}
}

func TestNamesOfOutputs(t *testing.T) {
	one := outputs{json: "out.json", csv: standardOut}
	require.NoError(t, one.of([]script.Scenario{{Name: "drain"}}))
	require.Equal(t, "out.json", one.name(one.json, 0))
	require.True(t, one.onStdout())

	many := outputs{report: "a.b/out", json: "out.json", junit: "out.xml", record: "run.tar.ndjson"}
	require.NoError(t, many.of([]script.Scenario{{Name: "drain"}, {Name: "llm"}, {Name: "drain"}}))
	require.Equal(t, "out-drain.json", many.name(many.json, 0))
	require.Equal(t, "out-llm.json", many.name(many.json, 1))
	require.Equal(t, "out-drain-2.json", many.name(many.json, 2))
	require.Equal(t, "run.tar-llm.ndjson", many.name(many.record, 1))
	require.Equal(t, "a.b/out-llm", many.name(many.report, 1))
	require.Empty(t, many.name(many.csv, 1))
	require.False(t, many.onStdout())
}

func TestOutputsThatCannotBeMeant(t *testing.T) {
	single, several := make([]script.Scenario, 1), make([]script.Scenario, 2)
	for want, c := range map[string]struct {
		out outputs
		all []script.Scenario
	}{
		"--report -: want a file":              {outputs{report: "-"}, single},
		"--record -: want a file":              {outputs{record: "-"}, single},
		"--json and --csv both want -":         {outputs{json: "-", csv: "-"}, single},
		"--json and --junit both want ./o":     {outputs{json: "o", junit: "./o"}, single},
		"--csv -: several scenarios are sever": {outputs{csv: "-"}, several},
	} {
		require.ErrorContains(t, c.out.of(c.all), want)
	}
}

func TestOutputsAreProbed(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "kept.json")
	require.NoError(t, os.WriteFile(kept, []byte("before"), 0o644))
	o := outputs{json: kept, csv: filepath.Join(dir, "new.csv")}
	require.NoError(t, o.of(make([]script.Scenario, 1)))
	require.NoError(t, o.probe())
	text, err := os.ReadFile(kept)
	require.NoError(t, err)
	require.Equal(t, "before", string(text), "nothing has been run yet")
	require.NoFileExists(t, o.csv)

	o = outputs{report: filepath.Join(dir, "missing", "o.html")}
	require.ErrorContains(t, o.probe(), "--report: open "+o.report)
	o = outputs{record: dir}
	require.ErrorContains(t, o.probe(), "is a directory")
}
