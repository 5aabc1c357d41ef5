package htmltest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write golden files anew")

// Updating tells whether golden files are to be written anew.
func Updating() bool { return *update }

// Golden compares got with testdata/name, or writes it there with -update. Each
// element begins a line, so that a difference can be read.
func Golden(t testing.TB, name, got string) {
	t.Helper()
	got = strings.ReplaceAll(got, "><", ">\n<") + "\n"
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run the test with -update once")
	wanted, seen := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(wanted), len(seen)) { // a whole page in a failure helps nobody
		require.Equal(t, line(wanted, i), line(seen, i), "%s line %d; -update takes the new one", file, i+1)
	}
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(no such line)"
}
