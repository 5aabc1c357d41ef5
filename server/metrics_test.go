package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/metric"
)

func TestMetrics(t *testing.T) {
	var out, problems bytes.Buffer
	require.Equal(t, exitOK, listMetrics(nil, &out, &problems))
	require.Empty(t, problems.String())
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		require.LessOrEqual(t, utf8.RuneCountInString(line), metricsColumns, line)
		require.Equal(t, strings.TrimRight(line, " "), line)
	}
	plain := strings.Join(strings.Fields(out.String()), " ")
	for _, d := range metric.All {
		require.Contains(t, out.String(), "\n  "+d.Name+" ")
		require.Contains(t, plain, strings.Join(strings.Fields(d.Help)[:4], " "), d.Name)
	}
	require.Regexp(t, `\n  gaps +lane \[reader\] +number +Messages that readers saw missing`, out.String())
}

func TestMetricsArguments(t *testing.T) {
	for args, want := range map[string]struct {
		code        int
		out, stderr string
	}{
		"--help":  {exitOK, "Usage:", ""},
		"rss":     {exitUsage, "", `spillway: unexpected "rss" (--help tells more)`},
		"--other": {exitUsage, "", "spillway: flag provided but not defined: -other (--help tells more)"},
	} {
		var out, problems bytes.Buffer
		require.Equal(t, want.code, listMetrics([]string{args}, &out, &problems), args)
		require.Contains(t, out.String(), want.out, args)
		require.Contains(t, problems.String(), want.stderr, args)
		if want.code != exitOK {
			require.Equal(t, 1, strings.Count(problems.String(), "\n"), "one line")
		}
	}
}
