package script

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files")

// valid has a little of everything.
const valid = `version: 1
title: T
about: >-
  A text that
  is folded.
question: Q
tags: [memory, a b]
minutes: 3
seed: 7
lanes:
  push:
    source: redis-pubsub
    strategy: push-buffered
    transport: sse
    limit: 128MiB
    restart: on-failure
    restart_delay: 2s
    gogc: off
    gomemlimit: 100MiB
    give_back: false
  a-lane-2:
    source: redis-stream
    strategy: pull-drain
    options: {high_water: 32KiB, prefetch: 8}
    transport: sse
    send_buffer: 16KiB
workload:
  kind: fixed
  executor: ramping-arrival-rate
  rate: 1/s
  stages:
    - {duration: 10s, target: 10/s}
  size: 4KiB
  retention: 1000
readers:
  slow:
    count: 200
    throttle: 8KB/s
    buffer: os
  healthy: {count: 10, steady: true, read: eventsource}
  you:
    rate: 100/s
    size: 8KiB
ghost:
  push:
    file: measured.csv
    column: rss_mib
    unit: 1MiB
    caption: Measured in another server
steps:
  - at: 0s
    predict:
      question: Who?
      options: [push, pull, 3]
      answer: push
      because: It keeps everything.
  - at: 5s
    say: Now
    set:
      throttle: none
      pause: true
      workload: {rate: 0/s, size: 1KB, retention: 0}
      readers:
        slow: {count: 0, throttle: 0B/s, pause: true, away: false}
      lanes:
        push: {throttle: 4KB/s, limit: 1e2MiB, give_back: true, send_buffer: os}
  - wait_until: exit_code{lane:push} == 137 and rss{lane:push} < 1MiB
    timeout: 1m30s
    restart: push
  - after: 500ms
    reveal: true
    pause: presenter
    note: N
thresholds:
  exit_code{lane:push}: last == 137
  rss:
    - max < 100MiB
    - threshold: max > 2 * max of rss{lane:push}
      abort_on_fail: true
      delay_abort_eval: 10s
`

const measuredCSV = "# somewhere\nt_seconds,rss_mib,other\n0, 87.5,1\n0.5,90,2\n"

func beside(name string) ([]byte, error) {
	if name == "measured.csv" {
		return []byte(measuredCSV), nil
	}
	return nil, os.ErrNotExist
}

func parse(text string) (Scenario, error) {
	return Parse(File{Path: "dir/lesson.yaml", Text: []byte(text), Read: beside}, small)
}

func ptr[T any](v T) *T { return &v }

func TestParse(t *testing.T) {
	s, err := parse(valid)
	require.NoError(t, err)
	require.Equal(t, "lesson", s.Name)
	require.Equal(t, valid, string(s.Text))
	require.Equal(t, map[string][]byte{"measured.csv": []byte(measuredCSV)}, s.Files)
	require.Equal(t, "A text that is folded.", s.About)
	require.Equal(t, []string{"memory", "a b"}, s.Tags)
	require.Equal(t, 3, s.Minutes)
	require.Equal(t, uint64(7), s.Seed)
	require.Equal(t, Lanes{ // in the order of the file, not of the alphabet
		{
			Name: "push", Source: "redis-pubsub", Strategy: "push-buffered", Transport: "sse", Limit: 128 << 20,
			Restart: RestartOnFailure, RestartDelay: Duration(2 * time.Second), GOGC: GOGCOff, GOMemLimit: 100 << 20, GiveBack: ptr(false),
		},
		{
			Name: "a-lane-2", Source: "redis-stream", Strategy: "pull-drain", Transport: "sse", SendBuffer: 16 << 10,
			Options: Options{"high_water": "32KiB", "prefetch": "8"},
		},
	}, s.Lanes)
	require.Equal(t, Workload{
		Kind: "fixed", Executor: RampingArrivalRate, Rate: 1, Size: 4 << 10, Retention: 1000,
		Stages: []Stage{{Duration: Duration(10 * time.Second), Target: 10}},
	}, s.Workload)
	require.Equal(t, Readers{
		{Name: "slow", Count: 200, Throttle: 8000, Buffer: BufferOS},
		{Name: "healthy", Count: 10, Throttle: NoThrottle, Steady: true, Read: "eventsource"},
		{Name: You, Throttle: NoThrottle, Rate: 100, Size: 8 << 10},
	}, s.Readers)
	require.Equal(t, Ghosts{{
		Lane: "push", File: "measured.csv", Column: "rss_mib", Unit: 1 << 20, Caption: "Measured in another server",
		Points: []GhostPoint{{0, 87.5 * (1 << 20)}, {0.5, 90 << 20}},
	}}, s.Ghosts)
	require.Equal(t, []Step{
		{At: ptr(Duration(0)), Line: 51, Predict: &Predict{
			Question: "Who?", Options: []string{"push", "pull", "3"}, Answer: "push", Because: "It keeps everything.",
		}},
		{At: ptr(Duration(5 * time.Second)), Line: 57, Say: "Now", Set: &Set{
			Throttle: ptr(NoThrottle), Pause: ptr(true),
			Workload: &SetWorkload{Rate: ptr(Rate(0)), Size: ptr(Size(1000)), Retention: ptr(int64(0))},
			Readers:  map[string]SetGroup{"slow": {Count: ptr(0), Throttle: ptr(Throttle(0)), Pause: ptr(true), Away: ptr(false)}},
			Lanes:    map[string]SetLane{"push": {Throttle: ptr(Throttle(4000)), Limit: ptr(Size(100 << 20)), GiveBack: ptr(true), SendBuffer: ptr(BufferOS)}},
		}},
		{Line: 67, Timeout: Duration(90 * time.Second), Restart: "push", WaitUntil: Conditions{
			{Selector{Metric: "exit_code", Lane: "push"}, "==", 137, UnitNone, "exit_code{lane:push} == 137"},
			{Selector{Metric: "rss", Lane: "push"}, "<", 1 << 20, UnitBytes, "rss{lane:push} < 1MiB"},
		}},
		{After: ptr(Duration(500 * time.Millisecond)), Line: 70, Reveal: true, Pause: PausePresenter, Note: "N"},
	}, s.Steps)
	require.Len(t, s.Thresholds, 3)
	require.Equal(t, "max > 2 * max of rss{lane:push}", s.Thresholds[2].Text)
	require.True(t, s.Thresholds[2].AbortOnFail)
	require.Equal(t, Duration(10*time.Second), s.Thresholds[2].DelayAbortEval)
	require.Equal(t, []int{75, 77, 78}, []int{s.Thresholds[0].Line, s.Thresholds[1].Line, s.Thresholds[2].Line})
}

func TestAHopInFrontOfALane(t *testing.T) {
	for written, want := range map[string]Hop{"": "", "    hop: proxy\n": HopProxy, "    hop: buffering-proxy\n": HopBuffering} {
		s, err := parse(strings.Replace(valid, "    send_buffer: 16KiB\n", written, 1))
		require.NoError(t, err)
		require.Equal(t, want, s.Lanes[1].Hop)
	}
}

// TestEverythingWrongIsSaidAtOnce compares whole files with all that is said
// about them.
func TestEverythingWrongIsSaidAtOnce(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			_, err = Parse(File{Path: filepath.Base(file), Text: text, Read: beside}, small)
			var all Errors
			require.ErrorAs(t, err, &all)
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(all.Pretty()+"\n"), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), all.Pretty()+"\n")
		})
	}
}

func TestParseOfNothing(t *testing.T) {
	for text, want := range map[string]string{
		"": "dir/lesson.yaml: the file is empty", "\n\n": "the file is empty", "# only a comment\n": "the file is empty", "---\n": "the file is empty",
		"null": "the file is empty", "~": "the file is empty",
		"hello":                             "dir/lesson.yaml:1:1: want names and their values, not text",
		"- a\n":                             "1:1: want names and their values, not a list",
		"a: b\n---\nc: d\n":                 "2:1: one file is one scenario",
		"a: b\n...\nc: d\n":                 "2:1: one file is one scenario",
		"\x00":                              "1:1: a byte or a control character that is no text",
		"a: \xff\xfe":                       "1:4: a byte or a control character",
		"a: b\rc: d":                        "1:5: a carriage return within a line",
		"a:\n\tb: c":                        "2:1: a tab cannot indent: use spaces",
		"title: a: b":                       `1:8: a text that contains ": " needs quotes`,
		"title: \"a\n":                      "1:8: the quote is never closed",
		"title: 'a\n":                       "the quote is never closed",
		"title: [a\n":                       `"[" is never closed`,
		"title: {a\n":                       `want "name: value" and "}"`,
		"title: a]\n}":                      "",
		"title: @a":                         "1:8: a text that begins with @ needs quotes",
		"title: %a":                         "1:8: directives are not part of the language",
		"title: \"\\q\"":                    `unknown \ within quotes`,
		"title: \"\\u0001\"":                "1:8: a text with a control character",
		"title: &a T":                       "1:8: anchors, aliases and tags are not part of the language; a text that begins with & needs quotes",
		"title: *a":                         "1:8: anchors, aliases and tags",
		"title: !!str T":                    "1:8: anchors, aliases and tags",
		"<<: {title: T}":                    "1:1: anchors, aliases and tags",
		"%YAML 1.2\n---\na:":                "1:1: directives are not part of the language",
		"? title\n: T":                      "1:1: a key is written without ?",
		"title: T\nfoo":                     `2:1: want a name and its value, for example "rate: 10/s"`,
		"tags: [rss{lane:x}":                `want "," or "]"; a text with brackets or commas needs quotes here`,
		strings.Repeat("[", maxNesting+1):   "1:21: nested more than 20 deep",
		strings.Repeat("- ", 400):           "nested more than 20 deep",
		strings.Repeat("x", 1001):           "1:1: 1001 characters in a line, at most 1000",
		strings.Repeat("#\n", 4001):         "4001:1: more than 4000 lines",
		strings.Repeat("\n", 11):            "11:1: more than 10 empty lines one after the other",
		strings.Repeat("a: 1\n", 1001):      "1001:1: more than 1000 names or entries below each other",
		strings.Repeat("k", 121) + ": 1":    "1:1: 121 characters in a name, at most 120",
		strings.Repeat("#", MaxFileBytes+1): "dir/lesson.yaml: 262145 bytes, at most 262144",
		"about: >-\n" + strings.Repeat("  "+strings.Repeat("x", 900)+"\n", 5): "1:8: 4504 characters, at most 4000",
	} {
		_, err := parse(text)
		require.ErrorContains(t, err, want, "%q", short(text))
	}
}

func TestPartsOfAFileThatNobodyMinds(t *testing.T) {
	want, err := parse(valid)
	require.NoError(t, err)
	for name, change := range map[string]func(string) string{
		"windows lines":   func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"byte order mark": func(s string) string { return "\ufeff" + s },
		"a header":        func(s string) string { return "---\n" + s },
		"an end":          func(s string) string { return s + "...\n" },
		"tabs":            func(s string) string { return strings.ReplaceAll(s, ": ", ":\t") },
		"comments":        func(s string) string { return strings.ReplaceAll(s, "\n  ", " \t# a comment\n  ") },
	} {
		text := change(valid)
		if name == "comments" {
			text = strings.Replace(change(strings.Replace(valid, ">-\n  A text that\n  is folded.", "A text that is folded.", 1)), "\t#", "\t#", 1)
		}
		s, err := parse(text)
		require.NoError(t, err, name)
		require.Equal(t, want.Lanes, s.Lanes, name)
		require.Equal(t, want.Readers, s.Readers, name)
		require.Equal(t, want.About, s.About, name)
		require.Len(t, s.Steps, len(want.Steps), name)
	}
}

func TestAtMostAHundredErrors(t *testing.T) {
	_, err := parse(counted("", "k%d: 1\n", 500))
	var all Errors
	require.True(t, errors.As(err, &all))
	require.Len(t, all, maxErrors+1)
	require.Equal(t, "dir/lesson.yaml: and 404 more", all[maxErrors].Error()) // four things are missing
	require.Equal(t, 96, all[maxErrors-1].Line)
}
