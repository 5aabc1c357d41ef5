package outcometest

import (
	"time"

	"spillway/server/internal/record"
)

var header = record.Header{
	Format: "spillway-recording", Version: record.Version, RunID: "K7QW2MZD",
	StartedAt: time.Date(2026, 11, 22, 14, 30, 5, 0, time.UTC),
	Command:   "spillway run one-slow-reader --seed 42",
	Scenario:  "one-slow-reader", Title: "One slow reader",
	Text: scenarioText,
	Environment: record.Environment{
		OS: "linux/amd64, 6.12", Cores: 8, MemoryBytes: 16 << 30, Go: "go1.26.8", Spillway: "v1.2.0",
		Broker: "embedded", MaxMemoryBytes: 512 << 20,
	},
}

// scenarioText has characters that mean something in HTML, XML and CSV.
const scenarioText = `version: 1
title: One slow reader
about: >-
  Two servers stream the same messages to the same readers. One keeps what a
  reader does not take, the other waits until it does.
statement: Same messages, same readers.
question: Which server runs out of memory?
seed: 42
lanes:
  push: {source: redis-pubsub, strategy: push-buffered, transport: sse, limit: 256MiB}
  pull: {source: redis-stream, strategy: pull-drain, transport: sse, limit: 256MiB}
workload: {kind: fixed, rate: 10/s, size: 4KiB}
readers:
  slow: {count: 200}
  healthy: {count: 10, steady: true}
steps:
  - at: 2s
    say: Everybody reads as fast as they can. Both servers are flat.
  - at: 8s
    set: {throttle: 4KB/s}
  - after: 4s
    say: Nothing but the readers has changed. Where do the messages wait?
  - wait_until: exit_code{lane:push} == 137
    timeout: 1m
    say: "137 is 128 + 9: SIGKILL, as the kernel's OOM killer sends it."
  - after: 5s
    set: {throttle: none}
thresholds:
  "exit_code{lane:push}": ["last == 137"]
  "rss{lane:pull}": ["max < 2 * min of rss{lane:pull}"]
  "gaps{lane:pull}": ["last == 0"] # <none> & "never"
`
