package library_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/library"
)

// vocabulary knows just what the scenarios of these tests say.
var vocabulary = script.Vocabulary{
	Sources:    []string{"redis-pubsub", "redis-stream"},
	Strategies: []script.Strategy{{Name: "push-buffered"}, {Name: "pull-drain"}},
	Transports: []string{"sse"},
	Workloads:  []string{"fixed"},
	Metrics:    []script.Metric{{Name: "rss", Unit: script.UnitBytes, Lane: true, Help: "Memory of the process."}},
	Bounds: script.Bounds{
		MaxLanes: 4, MaxReaders: 500, MaxGroups: 8, MaxRate: 1000, MinSizeBytes: 96, MaxSizeBytes: 256 << 10,
		MinLimitBytes: 32 << 20, MaxMemoryBytes: 1 << 30, MaxBytesPerSecond: 200 << 20, MaxThrottle: 1 << 30,
		MaxRetention: 1e6, MaxBufferBytes: 16 << 20, MaxSteps: 100, MaxRun: 3600e9,
	},
}

// valid is a scenario with the title, and whatever follows it.
func valid(title string, more ...string) string {
	return fmt.Sprintf(`version: 1
title: %s
about: What it shows.
statement: Same messages.
question: Which one?
lanes:
  push:
    source: redis-pubsub
    strategy: push-buffered
    transport: sse
    limit: 256MiB
workload:
  kind: fixed
  rate: 10/s
  size: 1KiB
readers:
  slow:
    count: 10
`, title) + strings.Join(more, "")
}

const ghost = `ghost:
  push:
    file: nest.csv
    column: rss
    unit: 1MiB
    caption: Measured elsewhere.
`

const measured = "t_seconds,rss\n0,80\n10,200\n"

func builtIn() fstest.MapFS {
	return fstest.MapFS{
		"beta.yaml":        {Data: []byte(valid("Beta"))},
		"alpha.yaml":       {Data: []byte(valid("Alpha"))},
		"first.yaml":       {Data: []byte(valid("First"))},
		"ghosts.yaml":      {Data: []byte(valid("Ghosts", ghost))},
		"nest.csv":         {Data: []byte(measured)},
		"embed.go":         {Data: []byte("package scenarios")},
		"shapes/first.csv": {Data: []byte("# limit_mib push=256\nt_seconds,push\n0.5,20\n1,30\n")},
	}
}

// groups name a lesson that is not there: a file that went away has no place.
var groups = []library.Group{{Title: "Basics", Lessons: []string{"beta", "gone"}}, {Title: "More of it", Lessons: []string{"first"}}}

func options(dir string) library.Options {
	return library.Options{BuiltIn: builtIn(), Groups: groups, Default: "first", Dir: dir, Vocabulary: vocabulary, Log: slog.New(slog.DiscardHandler)}
}

func open(t *testing.T, o library.Options) *library.Library {
	t.Helper()
	l, err := library.New(o)
	require.NoError(t, err)
	return l
}

func names(l *library.Library) []string {
	var out []string
	for _, lesson := range l.Lessons() {
		name := lesson.Name
		if lesson.Own {
			name = "own " + name
		}
		if !lesson.Playable() {
			name += " (not valid)"
		}
		out = append(out, name)
	}
	return out
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
}

func TestBuiltInLessonsComeInOrder(t *testing.T) {
	l := open(t, options(""))
	require.Equal(t, []string{"first", "beta", "alpha", "ghosts"}, names(l))

	first, ok := l.Find("first")
	require.True(t, ok)
	require.Equal(t, "First", first.Title())
	require.Equal(t, valid("First"), string(first.Text))
	require.Equal(t, []float64{20, 30}, first.Shape.Lanes[0].MiB)
	beta, _ := l.Find("beta")
	require.Empty(t, beta.Shape.Lanes, "nobody wrote its shape down")
	require.Equal(t, "Basics", beta.Group)
	require.Equal(t, "More of it", first.Group, "the default lesson comes first and stays in its group")
	ghosts, _ := l.Find("ghosts")
	require.Len(t, ghosts.Scenario.Ghosts[0].Points, 2)
	require.Empty(t, ghosts.Group)
	_, ok = l.Find("../first")
	require.False(t, ok)
	require.Empty(t, l.Trouble())
}

func TestADefaultThatIsMissing(t *testing.T) {
	o := options("")
	o.Default = "nowhere"
	_, err := library.New(o)
	require.ErrorContains(t, err, `no scenario "nowhere"`)
}

func TestOwnLessons(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "mine.yaml", valid("Mine", ghost))
	write(t, dir, "nest.csv", measured)
	write(t, dir, "another.yml", valid("Another"))
	write(t, dir, "beta.yaml", valid("My beta"))
	write(t, dir, "broken.yaml", "version: 1\ntitel: x\n")
	write(t, dir, ".mine.yaml.swp", "x")
	write(t, dir, ".hidden.yaml", "x")
	write(t, dir, "notes.txt", "x")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.yaml"), 0o755))

	l := open(t, options(dir))
	require.Equal(t, []string{"first", "own beta", "alpha", "ghosts", "own another", "own broken (not valid)", "own mine"}, names(l))
	beta, _ := l.Find("beta")
	require.Equal(t, "My beta", beta.Title(), "the person's wins")
	broken, _ := l.Find("broken")
	require.Equal(t, "broken", broken.Title())
	require.NotEmpty(t, broken.Text, "it can be mended")
	require.Equal(t, filepath.Join(dir, "broken.yaml"), broken.Errors[0].Path)
	require.True(t, slices.ContainsFunc(broken.Errors, func(e script.Error) bool { return e.Line == 2 }), "%v", broken.Errors)
	mine, _ := l.Find("mine")
	require.Len(t, mine.Scenario.Ghosts[0].Points, 2)
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "large.yaml", strings.Repeat("# padding\n", script.MaxFileBytes/10+1))
	write(t, dir, "twice.yaml", valid("Twice"))
	write(t, dir, "twice.yml", valid("Twice again"))
	require.NoError(t, os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "dangling.yaml")))
	l := open(t, options(dir))
	require.Equal(t, []string{"first", "beta", "alpha", "ghosts", "own large (not valid)", "own twice"}, names(l))
	large, _ := l.Find("large")
	require.Contains(t, large.Errors.Error(), "256 KiB")
	twice, _ := l.Find("twice")
	require.Equal(t, "Twice", twice.Title())
	require.Contains(t, l.Trouble(), "twice.yml")
}

func TestAFolderOfTooMany(t *testing.T) {
	dir := t.TempDir()
	for i := range library.MaxFiles + 5 {
		write(t, dir, fmt.Sprintf("s%03d.yaml", i), "version: 1\n")
	}
	l := open(t, options(dir))
	require.Len(t, l.Lessons(), 4+library.MaxFiles)
	require.Contains(t, l.Trouble(), "more than 200 scenarios")
}

func TestAGhostStaysInTheFolder(t *testing.T) {
	parent := t.TempDir()
	write(t, parent, "nest.csv", measured)
	dir := filepath.Join(parent, "mine")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
	write(t, filepath.Join(dir, "sub"), "nest.csv", measured)
	for i, name := range []string{"../nest.csv", "sub/nest.csv", filepath.Join(parent, "nest.csv"), `..\nest.csv`, ".", "..", "sub"} {
		write(t, dir, fmt.Sprintf("g%d.yaml", i), valid("Ghost", strings.Replace(ghost, "nest.csv", "'"+name+"'", 1)))
	}
	l := open(t, options(dir))
	for _, lesson := range l.Lessons() {
		if lesson.Own {
			require.False(t, lesson.Playable(), string(lesson.Text))
		}
	}
}

func TestParse(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "mine.yaml", valid("Mine"))
	l := open(t, options(dir))

	s, err := l.Parse("ghosts", []byte(valid("Edited", ghost)))
	require.NoError(t, err)
	require.Equal(t, "ghosts-edited", s.Name)
	require.Len(t, s.Ghosts[0].Points, 2)

	_, err = l.Parse("mine", []byte(valid("Edited", ghost)))
	require.IsType(t, script.Errors{}, err, "there is no such file beside it")
	_, err = l.Parse("", []byte(valid("Edited", ghost)))
	require.IsType(t, script.Errors{}, err)
	_, err = l.Parse("", []byte(strings.Repeat("#", script.MaxFileBytes+1)))
	require.ErrorContains(t, err, "256 KiB")

	s, err = l.Parse("", []byte(valid("Edited")))
	require.NoError(t, err)
	require.Equal(t, "edited", s.Name)
}
