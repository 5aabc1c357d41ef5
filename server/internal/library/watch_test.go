package library_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/library"
)

// watched opens a library on dir and keeps it up to date until the test ends.
func watched(t *testing.T, dir string) (l *library.Library, changes *atomic.Int64) {
	t.Helper()
	changes = new(atomic.Int64)
	o := options(dir)
	o.Changed = func() { changes.Add(1) }
	l = open(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { l.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return l, changes
}

// title waits until the lesson has it; "" until there is no such lesson.
func title(t *testing.T, l *library.Library, name, want string) {
	t.Helper()
	require.Eventually(t, func() bool {
		lesson, ok := l.Find(name)
		return want == "" && !ok || ok && lesson.Title() == want
	}, 20*time.Second, 5*time.Millisecond, "%s never became %q", name, want)
}

func TestFilesComeAndGo(t *testing.T) {
	dir := t.TempDir()
	l, changes := watched(t, dir)

	// As editors save: beside it, then in its place. So nobody ever reads half of
	// it, and each of these is one change.
	for n, name := range []string{"Mine", "Renamed"} {
		write(t, dir, ".mine.yaml.tmp", valid(name))
		require.NoError(t, os.Rename(filepath.Join(dir, ".mine.yaml.tmp"), filepath.Join(dir, "mine.yaml")))
		title(t, l, "mine", name)
		require.Eventually(t, func() bool { return changes.Load() > int64(n) }, 20*time.Second, time.Millisecond, "nobody was told")
		require.EqualValues(t, n+1, changes.Load())
	}

	// Or written in place, where it may be read half written before it is read whole.
	write(t, dir, "mine.yaml", valid("In place"))
	title(t, l, "mine", "In place")

	// Or with a copy of the old one.
	require.NoError(t, os.Rename(filepath.Join(dir, "mine.yaml"), filepath.Join(dir, "mine.yaml~")))
	write(t, dir, "mine.yaml", valid("Written anew"))
	title(t, l, "mine", "Written anew")

	write(t, dir, "mine.yaml", "not a scenario")
	title(t, l, "mine", "mine")
	write(t, dir, "beta.yaml", valid("My beta"))
	title(t, l, "beta", "My beta")
	require.NoError(t, os.Remove(filepath.Join(dir, "beta.yaml")))
	title(t, l, "beta", "Beta")
	require.NoError(t, os.Remove(filepath.Join(dir, "mine.yaml")))
	title(t, l, "mine", "")
}

func TestAMeasurementBesideIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "mine.yaml", valid("Mine", ghost))
	l, _ := watched(t, dir)
	title(t, l, "mine", "mine") // not valid: the file is missing
	write(t, dir, "nest.csv", measured)
	title(t, l, "mine", "Mine")
	write(t, dir, "nest.csv", measured+"20,300\n")
	require.Eventually(t, func() bool {
		mine, _ := l.Find("mine")
		return len(mine.Scenario.Ghosts) == 1 && len(mine.Scenario.Ghosts[0].Points) == 3
	}, 20*time.Second, 5*time.Millisecond)
}

func TestTheFolderVanishesAndComesBack(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "mine")
	l, _ := watched(t, dir)
	require.Contains(t, l.Trouble(), "There is no folder")
	for _, round := range []string{"One", "Two"} {
		require.NoError(t, os.Mkdir(dir, 0o755))
		write(t, dir, "mine.yaml", valid(round))
		title(t, l, "mine", round)
		require.Empty(t, l.Trouble())
		// Watched again, and not only found: what changes now is seen at once.
		write(t, dir, "mine.yaml", valid(round+" again"))
		title(t, l, "mine", round+" again")
		require.NoError(t, os.Rename(dir, filepath.Join(parent, "old "+round)))
		title(t, l, "mine", "")
	}
	// Another folder in its place.
	require.NoError(t, os.Rename(filepath.Join(parent, "old One"), dir))
	title(t, l, "mine", "One again")
}

func TestNothingThatMattersIsNoChange(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "mine.yaml", valid("Mine"))
	l, changes := watched(t, dir)
	write(t, dir, "notes.txt", "x")
	replace(t, dir, "mine.yaml", valid("Mine")) // written in place it would be empty for a moment
	write(t, dir, "later.yaml", valid("Later"))
	title(t, l, "later", "Later")
	require.EqualValues(t, 1, changes.Load())
}

// replace puts a new file in the place of one, as careful editors do.
func replace(t *testing.T, dir, name, text string) {
	t.Helper()
	write(t, dir, name+".new", text)
	require.NoError(t, os.Rename(filepath.Join(dir, name+".new"), filepath.Join(dir, name)))
}
