package strategy_test

import (
	"go/format"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/strategy"
)

func TestEveryStrategyHasItsFile(t *testing.T) {
	seen := make(map[string]string)
	for _, d := range strategy.All {
		files := d.Files()
		own, ok := strategy.Text(files[0])
		require.True(t, ok, d.Name)
		require.Contains(t, strings.Join(strings.Fields(own), " "), "Name: "+strconv.Quote(d.Name), "%s is not where it is defined", d.Name)
		require.Empty(t, seen[files[0]], "two strategies have one file")
		seen[files[0]] = d.Name
		for i, f := range files {
			text, ok := strategy.Text(f)
			require.True(t, ok, f)
			formatted, err := format.Source([]byte(text))
			require.NoError(t, err)
			require.Equal(t, string(formatted), text)
			require.NotContains(t, files[:i], f)
		}
		t.Log(d.Name, files)
	}
}

// What is shown is what was built.
func TestTextIsTheFile(t *testing.T) {
	for _, name := range []string{"pull_drain.go", "waiting.go"} {
		file, err := os.ReadFile(name)
		require.NoError(t, err)
		text, ok := strategy.Text(name)
		require.True(t, ok)
		require.Equal(t, string(file), text)
	}
	for _, name := range []string{"source_test.go", "none.go", "../lane/lane.go", ""} {
		_, ok := strategy.Text(name)
		require.False(t, ok, name)
	}
}

// The files of engines that differ in what they run on.
func TestFilesOfAnEngine(t *testing.T) {
	for name, want := range map[string][]string{
		"pull-drain":    {"pull_drain.go", "credit.go"},
		"push-buffered": {"push_buffered.go", "queue.go"},
		"block":         {"block.go", "bounded.go", "waiting.go", "bounded_run.go"},
		"parallel":      {"parallel.go", "credit.go"},
	} {
		d, _ := strategy.Find(name)
		files := d.Files()
		for _, w := range want {
			require.Contains(t, files, w, name)
		}
		require.False(t, slices.Contains(files, "ring.go") || slices.Contains(files, "option.go"), "nobody waits there")
	}
}
