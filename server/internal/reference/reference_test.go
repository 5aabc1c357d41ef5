package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/run"
)

const folder = "../../../scenarios"

func TestReferenceIsUpToDate(t *testing.T) {
	files, err := generate(folder)
	require.NoError(t, err)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err, "scenarios/%s is missing; run go generate ./server/internal/reference", name)
		require.True(t, bytes.Equal(want, got), "scenarios/%s is out of date; run go generate ./server/internal/reference", name)
	}
}

func TestTableNeedsItsPlace(t *testing.T) {
	_, err := withTable([]byte("# Scenarios\n" + tableBegin))
	require.ErrorContains(t, err, "around the table of metrics")
	require.ErrorContains(t, write(nil), "want the folder of the scenarios")
}

// compiled is the schema as it lies in the folder.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join(folder, schemaFile))
	require.NoError(t, err)
	return s
}

// validate holds a scenario to the schema as an editor does.
func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	var value any
	require.NoError(t, yaml.Unmarshal(text, &value))
	plain, err := json.Marshal(value)
	require.NoError(t, err)
	value, err = jsonschema.UnmarshalJSON(bytes.NewReader(plain))
	require.NoError(t, err)
	return s.Validate(value)
}

// check holds a scenario to the parser.
func check(text []byte) error {
	_, err := script.Parse(script.File{
		Path: "test.yaml", Text: text,
		Read: func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(folder, name)) },
	}, run.Vocabulary(1<<30))
	return err
}

func TestSchemaAcceptsTheScenarios(t *testing.T) {
	s := compiled(t)
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, validate(t, s, text), file)
		require.True(t, bytes.HasPrefix(text, []byte("# yaml-language-server: $schema=./schema.json\n")), "%s: editors complete by its first line", file)
	}
}

// minimal is the smallest scenario.
const minimal = `version: 1
title: Test
lanes:
  push:
    source: redis-pubsub
    strategy: push-buffered
    transport: sse
  pull:
    source: redis-stream
    strategy: pull-drain
    transport: sse
workload:
  kind: fixed
  rate: 10/s
readers:
  slow: {count: 10}
  healthy: {count: 10, steady: true}
`

// TestSchemaAgreesWithTheParser takes what both must accept, and mistakes that
// both must refuse.
func TestSchemaAgreesWithTheParser(t *testing.T) {
	s := compiled(t)
	for _, more := range []string{
		"",
		"seed: 7\nminutes: 3\ntags: [a, b]\nabout: x\n",
		"steps:\n  - at: 0s\n    say: x\n  - after: 1m30s\n    set: {throttle: 4KB/s, pause: false}\n  - after: 1s\n    set: {throttle: none}\n",
		"steps:\n  - wait_until: rss{lane:push} > 100 MiB and readers{lane:pull,reader:slow} >= 3 and produced > 1e3\n    timeout: 5s\n",
		"steps:\n  - at: 1s\n    set: {readers: {slow: {count: 3, away: true}}, lanes: {push: {limit: 200MiB}}, workload: {rate: 0.5/s}}\n  - after: 1s\n    restart: push\n",
		"steps:\n  - at: 1s\n    predict: {question: x, options: [a, b], answer: a}\n    pause: presenter\n  - after: 1s\n    reveal: true\n",
		"thresholds:\n  rss{lane:push}: max > 2 * max of rss{lane:pull}\n  age{reader:slow, lane:pull}: [p(99.9) < 1s, count > 3]\n  gaps: count == 0\n  received_bytes{reader:you}: rate > 4KB/s\n",
		"thresholds:\n  cpu: {threshold: avg < 40%, abort_on_fail: true, delay_abort_eval: 5s}\n  produced: [{threshold: rate > 1/s}, count > 1]\n",
	} {
		text := []byte(minimal + more)
		require.NoError(t, check(text), more)
		require.NoError(t, validate(t, s, text), more)
	}

	// An edit of the smallest scenario: what is replaced, and by what.
	for _, edit := range [][2]string{
		{"version: 1", "version: 2"},
		{"version: 1\n", ""},
		{"title: Test", "titel: Test"},
		{"title: Test", "title: [Test]"},
		{"push:\n", "Push:\n"},
		{"push:\n", "both:\n"},
		{"redis-pubsub", "redis_pubsub"},
		{"strategy: push-buffered", "strategy: push"},
		{"transport: sse", "transport: sse\n    limits: 64MiB"},
		{"transport: sse", "transport: sse\n    limit: 64"},
		{"transport: sse", "transport: sse\n    limit: 64Mb"},
		{"transport: sse", "transport: sse\n    restart: always"},
		{"transport: sse", "transport: sse\n    restart_delay: 1s"},
		{"transport: sse", "transport: sse\n    gogc: 50%"},
		{"transport: sse", "transport: sse\n    give_back: often"},
		{"transport: sse", "transport: sse\n    hop: nginx"},
		{"transport: sse", "transport: sse-http2\n    hop: proxy"},
		{"transport: sse", "transport: websocket\n    hop: buffering-proxy"},
		{"transport: sse", "transport: sse\n    options: {other: 3}"},
		{"    transport: sse\n  pull", "  pull"},
		{"rate: 10/s", "rate: 10"},
		{"rate: 10/s", "rate: 10/min"},
		{"  rate: 10/s\n", ""},
		{"rate: 10/s", "rate: 10/s\n  executor: ramping"},
		{"rate: 10/s", "rate: 10/s\n  executor: ramping-arrival-rate"},
		{"rate: 10/s", "rate: 10/s\n  stages: [{duration: 1s, target: 3/s}]"},
		{"rate: 10/s", "rate: 10/s\n  retention: -1"},
		{"kind: fixed", "kind: llm\n  size: 4KiB"},
		{"count: 10}", "count: ten}"},
		{"count: 10}", "count: 100000}"},
		{"count: 10}", "count: 10, throttle: 4KB}"},
		{"slow: {count: 10}", "you: {count: 10}"},
		{"readers:", "steps:\n  - say: x\nreaders:"},
		{"readers:", "steps:\n  - at: 1s\nreaders:"},
		{"readers:", "steps:\n  - at: 1s\n    after: 1s\n    say: x\nreaders:"},
		{"readers:", "steps:\n  - at: 5\n    say: x\nreaders:"},
		{"readers:", "steps:\n  - wait_until: rss{lane:push} > 1MiB\n    say: x\nreaders:"},
		{"readers:", "steps:\n  - wait_until: rss{lane:push} > 1\n    timeout: 1s\nreaders:"},
		{"readers:", "steps:\n  - wait_until: rss > 1MiB\n    timeout: 1s\nreaders:"},
		{"readers:", "steps:\n  - wait_until: rsss{lane:push} > 1MiB\n    timeout: 1s\nreaders:"},
		{"readers:", "steps:\n  - at: 1s\n    say: x\n    timeout: 3s\nreaders:"},
		{"readers:", "steps:\n  - at: 1s\n    set: {}\nreaders:"},
		{"readers:", "steps:\n  - at: 1s\n    pause: 3s\nreaders:"},
		{"readers:", "steps:\n  - at: 1s\n    predict: {question: x, options: [a], answer: a}\nreaders:"},
		{"readers:", "thresholds:\n  rss: max > 1\nreaders:"},
		{"readers:", "thresholds:\n  rss: rate > 1MiB\nreaders:"},
		{"readers:", "thresholds:\n  rss: p99 > 1MiB\nreaders:"},
		{"readers:", "thresholds:\n  rss: max = 1MiB\nreaders:"},
		{"readers:", "thresholds:\n  rss{reader:slow}: max > 1MiB\nreaders:"},
		{"readers:", "thresholds:\n  latency: max > 1s\nreaders:"},
		{"readers:", "thresholds:\n  gaps: []\nreaders:"},
		{"readers:", "thresholds:\n  gaps: {threshold: count == 0, delay_abort_eval: 1s}\nreaders:"},
		{"readers:", "ghost:\n  push: {file: a.csv}\nreaders:"},
	} {
		text := []byte(strings.Replace(minimal, edit[0], edit[1], 1))
		require.NotEqual(t, minimal, string(text), "%q is not there", edit[0])
		require.Error(t, check(text), "the parser: %q", edit[1])
		require.Error(t, validate(t, s, text), "the schema: %q", edit[1])
	}
}
