package library_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/scenarios"
	"spillway/scenarios/script"
	"spillway/server/internal/library"
	"spillway/server/internal/run"
)

const full = `version: 1
title: All there is to say
about: Much.
statement: Same messages.
question: Which one?
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
  pull:
    source: redis-stream
    strategy: pull-drain
    transport: sse
workload:
  kind: fixed
  executor: ramping-arrival-rate
  rate: 10/s
  size: 4KiB
  retention: 1000
  stages:
    - {duration: 10s, target: 50/s}
    - {duration: 1m30s, target: 5/s}
readers:
  slow: {count: 200, throttle: 4KB/s}
  gone: {count: 3, away: true}
  still: {count: 1, pause: true, buffer: os}
  healthy: {count: 10, steady: true}
  you: {rate: 100/s, size: 8KiB}
steps:
  - at: 0s
    say: Everybody reads.
    note: Not for everybody.
  - after: 5s
    predict: {question: Who dies?, options: [push, pull], answer: push, because: It keeps all.}
    pause: presenter
  - wait_until: rss{lane:push} > 100MiB
    timeout: 60s
    set: {throttle: none}
    reveal: true
thresholds:
  rss{lane:push}:
    - max > 2 * max of rss{lane:pull}
  age{reader:healthy}:
    - p(99) < 250ms
  gaps:
    - count == 0
  exit_code{lane:push}:
    - last == 137
  broker_memory:
    - max <= 64MiB
`

func parse(t *testing.T, text string) script.Scenario {
	t.Helper()
	s, err := script.Parse(script.File{Path: "full.yaml", Text: []byte(text)}, run.Vocabulary(1<<30))
	require.NoError(t, err)
	return s
}

func TestDescribe(t *testing.T) {
	w := library.Describe(parse(t, full), run.Vocabulary(1<<30))
	require.Equal(t, []string{
		"The producer writes messages of 4 KiB, 10/s on the channel of each reader.",
		"The rate then goes to 50/s within 10 s, then to 5/s within 1m30s.",
		"A stream keeps about 1000 messages, read or not.",
	}, w.Load)
	require.Equal(t, []library.LaneWords{
		{
			Name: "push", Way: []string{"redis-pubsub", "push-buffered", "sse"}, Limit: "128 MiB",
			More: []string{"restarted 2 s after it failed", "GOGC off", "GOMEMLIMIT 100 MiB", "gives no memory back to the system"},
		},
		{Name: "pull", Way: []string{"redis-stream", "pull-drain", "sse"}, Limit: "256 MiB"},
	}, w.Lanes)
	require.Equal(t, []library.ReaderWords{
		{Name: "slow", Count: "200 in each lane", Reads: "4 KB/s at most", Gets: "10/s of 4 KiB"},
		{Name: "gone", Count: "3 in each lane", Reads: "nothing: away", Gets: "10/s of 4 KiB"},
		{Name: "still", Count: "1 in each lane", Reads: "nothing, and stays connected", Gets: "10/s of 4 KiB", Notes: "receive buffer of the system"},
		{Name: "healthy", Count: "10 in each lane", Reads: "as fast as it can", Gets: "10/s of 4 KiB", Notes: "the slider leaves them alone"},
		{Name: "you", Count: "one in each lane, in your tab", Reads: "as fast as it can", Gets: "100/s of 8 KiB"},
	}, w.Readers)
	require.Len(t, w.Steps, 3)
	require.Equal(t, library.StepWords{When: "at the start"}, w.Steps[0])
	require.Contains(t, w.Steps[1].What, "presenter")
	require.NotContains(t, w.Steps[1].What, "Who dies")
	require.Contains(t, w.Steps[2].When, "rss{lane:push} > 100MiB")
	require.NotEmpty(t, w.Steps[2].What)

	var rules []string
	for _, r := range w.Rules {
		rules = append(rules, r.Words)
		require.NotEmpty(t, r.Help, r.Text)
	}
	require.Equal(t, []string{
		"The highest rss of push is more than 2 times the highest rss of pull.",
		"P99 of age of the group healthy in each lane is less than 250 ms.",
		"The number of gaps in each lane is 0.",
		"The last exit code of push is 137.",
		"The highest broker memory is at most 64 MiB.",
	}, rules)
	require.Equal(t, "rss{lane:push}: max > 2 * max of rss{lane:pull}", w.Rules[0].Text)
}

// Whatever the lessons that come with the program say can be described.
func TestDescribeTheBuiltIn(t *testing.T) {
	v := run.Vocabulary(2 << 30)
	l := open(t, library.Options{BuiltIn: scenarios.Files, Default: scenarios.Default, Vocabulary: v, Program: "spillway"})
	for _, lesson := range l.Lessons() {
		w := library.Describe(lesson.Scenario, v)
		require.Len(t, w.Steps, len(lesson.Scenario.Steps))
		for _, r := range w.Rules {
			require.NotEmpty(t, r.Help, r.Text)
			require.Regexp(t, `^[A-Z][^_]* is [^_]*\.$`, r.Words)
		}
		require.Len(t, w.Lanes, len(lesson.Scenario.Lanes))
		require.Equal(t, "spillway run scenarios/"+lesson.Name+".yaml", l.Command(lesson))
	}
}

func TestCheck(t *testing.T) {
	l := open(t, options(""))
	require.Equal(t, library.Checked{OK: true, Title: "Edited", Summary: "1 lane, 0 steps, 0 rules", Errors: script.Errors{}}, l.Check("", []byte(valid("Edited"))))
	wrong := l.Check("first", []byte("version: 1\nlanse: 3\n"))
	require.False(t, wrong.OK)
	require.NotEmpty(t, wrong.Errors)
}

func TestCommandQuotesWhatAShellWouldRead(t *testing.T) {
	o := options("")
	o.Program = "spillway"
	require.Equal(t, `spillway run '/home/ada/it'\''s $HOME.yaml'`, open(t, o).Command(library.Lesson{Path: "/home/ada/it's $HOME.yaml"}))
}
