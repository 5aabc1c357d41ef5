package script

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const valid = `version: 1
title: T
question: Q
lanes:
  push:
    source: redis-pubsub
    strategy: push-buffered
    transport: sse
    limit: 128MiB
  a-lane-2:
    source: redis-stream
    strategy: pull-drain
    transport: sse
    send_buffer: 16KiB
workload:
  kind: fixed
  rate: 10/s
  size: 4KiB
readers:
  slow:
    count: 200
  you:
    rate: 100/s
    size: 8KiB
demo:
  throttle: 4KB/s
`

func TestParse(t *testing.T) {
	s, err := Parse("lesson", []byte(valid))
	require.NoError(t, err)
	require.Equal(t, Scenario{
		Name: "lesson", Version: 1, Title: "T", Question: "Q",
		Lanes: Lanes{ // in the order of the file, not of the alphabet
			{Name: "push", Source: "redis-pubsub", Strategy: "push-buffered", Transport: "sse", Limit: 128 << 20},
			{Name: "a-lane-2", Source: "redis-stream", Strategy: "pull-drain", Transport: "sse", SendBuffer: 16 << 10},
		},
		Workload: Workload{Kind: "fixed", Rate: 10, Size: 4 << 10},
		Readers:  Readers{Slow: Group{Count: 200}, You: Group{Rate: 100, Size: 8 << 10}},
		Demo:     Demo{Throttle: 4000},
	}, s)
}

func TestAnErrorShowsWhere(t *testing.T) {
	_, err := Parse("lesson", []byte(strings.Replace(valid, "128MiB", "128", 1)))
	require.EqualError(t, err, `scenario lesson: [9:12] size "128": want a number with its unit, for example 64KiB or 1MB
   6 |     source: redis-pubsub
   7 |     strategy: push-buffered
   8 |     transport: sse
>  9 |     limit: 128
                  ^
  10 |   a-lane-2:
  11 |     source: redis-stream
  12 |     strategy: pull-drain
  13 |`)
}

func TestParseIsStrict(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown key":           {"title: T", "titel: T", `[2:1] unknown field "titel"`},
		"unknown lane key":      {"limit:", "limits:", `[9:5] unknown field "limits"`},
		"unknown group":         {"slow:", "sloth:", `[20:3] unknown field "sloth"`},
		"key twice":             {"title: T", "title: T\ntitle: T", `[3:1] mapping key "title" already defined at [2:1]`},
		"lane twice":            {"a-lane-2:", "push:", `[10:3] mapping key "push" already defined at [5:3]`},
		"lane key twice":        {"limit: 128MiB", "source: x", `[9:5] mapping key "source" already defined at [6:5]`},
		"size without unit":     {"4KiB", "4096", `[18:9] size "4096": want a number with its unit`},
		"unit without size":     {"4KiB", "KiB", `[18:9] size "KiB"`},
		"size as list":          {"4KiB", "[4KiB]", `[18:9] size ""`},
		"rate without unit":     {"10/s", "10", `[17:9] rate "10": want messages per second`},
		"throughput per minute": {"4KB/s", "4KB/min", `[26:13] throughput "4KB/min": want bytes per second`},
		"count is text":         {"200", "many", "[21:12] want a whole number"},
		"count is a fraction":   {"200", "1.5", "[21:12] want a whole number"},
		"count is too large":    {"200", "99999999999999999999", "[21:12] 99999999999999999999 is too large"},
		"count is negative":     {"200", "-1", "[21:12] -1 slow readers: want 0 or more"},
		"title is a list":       {"title: T", "title: [T]", "[2:8] want text"},
		"no title":              {"title: T\n", "", "title is missing"},
		"no version":            {"version: 1\n", "", "version 0: this program reads version 1"},
		"version to come":       {"version: 1", "version: 2", "[1:10] version 2: this program reads version 1"},
		"lane without strategy": {"    strategy: push-buffered\n", "", "lane push: strategy is missing"},
		"lane name":             {"a-lane-2:", "A lane:", `lane "A lane": a name is lower-case letters`},
		"lane is text":          {"push:\n", "pull: x\n  push:\n", "[5:9] string was used where mapping is expected"},
		"unknown workload":      {"fixed", "fixd", `[16:9] workload kind "fixd": want fixed or llm`},
		"no rate":               {"  rate: 10/s\n", "", "workload rate is missing"},
		"negative retention":    {"kind: fixed", "kind: fixed\n  retention: -1", "[17:14] retention -1"},
		"an alias":              {"title: T", "title: &a T\nabout: *a", "[2:8] anchors, aliases and tags are not part of the language"},
		"a tag":                 {"title: T", "title: !!str T", "[2:8] anchors, aliases and tags"},
		"a merge":               {"    limit: 128MiB", "    <<: {limit: 128MiB}", "anchors, aliases and tags"},
		"a second document":     {"  throttle: 4KB/s\n", "  throttle: 4KB/s\n---\nversion: 1\n", "one file is one scenario"},
		"a tab":                 {"title: T", "\ttitle: T", "[2:1] found character"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, valid, c.old)
			_, err := Parse("lesson", []byte(strings.Replace(valid, c.old, c.new, 1)))
			require.ErrorContains(t, err, "scenario lesson: ")
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "Go ", "the author of a scenario need not know Go")
		})
	}
}

func TestParseOfNothing(t *testing.T) {
	for text, want := range map[string]string{
		"": "the file is empty", "\n\n": "the file is empty", "# only a comment\n": "the file is empty", "---\n": "the file is empty",
		"null": "null was used where mapping is expected", "hello": "string was used where mapping is expected",
		"- a\n": "sequence was used where mapping is expected", "lanes:\n  - push\n": "want a name for each lane",
		"\x00": "", "\xff\xfe": "",
	} {
		_, err := Parse("lesson", []byte(text))
		require.ErrorContains(t, err, want, "%q", text)
	}
}

func TestEverythingWrongIsSaidAtOnce(t *testing.T) {
	_, err := Parse("lesson", []byte("version: 3\nlanes: {}\nworkload:\n  kind: odd\n"))
	for _, want := range []string{"version 3", "title is missing", "0 lanes: want 1 to 4", `kind "odd"`, "rate is missing"} {
		require.ErrorContains(t, err, want)
	}
	many := "version: 1\ntitle: T\nworkload: {kind: fixed, rate: 1/s}\nlanes:\n"
	for i := range 5 {
		many += fmt.Sprintf("  l%d: {source: a, strategy: b, transport: c}\n", i)
	}
	_, err = Parse("lesson", []byte(many))
	require.ErrorContains(t, err, "5 lanes: want 1 to 4")
}

// TestHostileFiles holds that a file costs memory in proportion to its size,
// whatever it says.
func TestHostileFiles(t *testing.T) {
	bomb := "version: 1\nabout: &a0 [x]\n"
	for i := 1; i < 30; i++ {
		bomb += fmt.Sprintf("lanes%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	inLane := "version: 1\nlanes:\n  l0: &l0 {source: x}\n"
	for i := 1; i < 30; i++ {
		inLane += fmt.Sprintf("  l%d: &l%d {source: [*l%d, *l%d, *l%d, *l%d, *l%d]}\n", i, i, i-1, i-1, i-1, i-1, i-1)
	}
	for name, c := range map[string]struct{ text, want string }{
		"aliases of lists": {bomb, "not part of the language"},
		"aliases of lanes": {inLane, "not part of the language"},
		"itself":           {"about: &a [*a]\n", "not part of the language"},
		"brackets":         {strings.Repeat("[", MaxFileBytes), "nested more than"},
		"braces":           {"version: 1\nabout: " + strings.Repeat("{a: ", 1000), "nested more than"},
		"brackets by line": {strings.Repeat("[\n", 1000), "nested more than"},
		"dashes":           {strings.Repeat("- ", MaxFileBytes/2), "nested more than"},
		"too large":        {strings.Repeat("#", MaxFileBytes+1), "32769 bytes, at most 32768"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Parse("lesson", []byte(c.text))
			runtime.ReadMemStats(&after)
			require.ErrorContains(t, err, c.want)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{valid, "", "lanes: {a: {source: b}}", "- a", "a: &b [*b]", "version: [", "---\n---\n", "lanes:\n  ? a\n  : b\n", "? {}\n: x", "0\n---"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse("fuzz", text)
		if err != nil {
			require.ErrorContains(t, err, "scenario fuzz: ")
			require.Equal(t, Scenario{}, s)
			return
		}
		require.Equal(t, 1, s.Version)
		require.NotEmpty(t, s.Lanes)
		require.Positive(t, s.Workload.Rate)
	})
}
