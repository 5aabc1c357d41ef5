package strategy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/strategy"
	"spillway/server/internal/strategy/strategytest"
)

// regressions are cases that failed once, one in a line.
const regressions = "testdata/regressions"

// What every strategy owes holds whatever its source, its reader and its
// transport do.
func TestProperties(t *testing.T) {
	for _, d := range strategy.All {
		t.Run(d.Name, func(t *testing.T) {
			for seed := range uint64(seeds) {
				hold(t, strategytest.Random(d, seed))
			}
		})
	}
}

// hold plays a case; when it fails it says the smallest that does, ready to be
// kept as a regression.
func hold(t *testing.T, c strategytest.Case) {
	t.Helper()
	if err := c.Play(t); err != nil {
		small := c.Shrink(func(c strategytest.Case) bool { return c.Play(t) != nil })
		t.Fatalf("%v\nthe smallest case found, for a file in %s:\n%s\n%v", err, regressions, small, small.Play(t))
	}
}

func TestRegressions(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(regressions, "*.txt"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
				continue
			}
			c, err := strategytest.ParseCase(strings.TrimSpace(line))
			require.NoError(t, err)
			t.Run(c.String(), func(t *testing.T) { hold(t, c) })
		}
	}
}

func TestShrinkFindsTheSmallest(t *testing.T) {
	d, ok := strategy.Find("block")
	require.True(t, ok)
	fails := func(c strategytest.Case) bool { // it takes seven messages and a wait after them
		given := 0
		for _, s := range c.Steps {
			switch {
			case s.Do == strategytest.Give:
				given += s.N
			case s.Do == strategytest.Wait && given >= 7:
				return true
			}
		}
		return false
	}
	found := 0
	for seed := range uint64(100) {
		if c := strategytest.Random(d, seed); fails(c) {
			small := c.Shrink(fails)
			require.True(t, fails(small))
			given := 0
			for _, s := range small.Steps {
				if s.Do == strategytest.Give {
					given += s.N
				}
			}
			require.Equal(t, 7, given, small)
			found++
		}
	}
	require.NotZero(t, found)
}

// What is written can be read, and what is read can be written.
func FuzzCase(f *testing.F) {
	for _, d := range strategy.All {
		f.Add(strategytest.Random(d, 1).String())
	}
	f.Add("drop demand: ; stop")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := strategytest.ParseCase(text)
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		again, err := strategytest.ParseCase(c.String())
		if err != nil && (c.Strategy == "" || strings.ContainsAny(text, "=")) {
			return // a name that only looks like one
		}
		require.NoError(t, err)
		require.Equal(t, c.String(), again.String())
	})
}
