package run

import (
	"context"
	"log/slog"
	"testing"

	"spillway/scenarios/script"
	"spillway/server/internal/lane"
	"spillway/wasm/wire"
)

// lesson is a scenario of two lanes, as the default one.
func lesson() script.Scenario {
	return script.Scenario{
		Name: "lesson", Version: 1, Title: "A lesson",
		Lanes: script.Lanes{
			{Name: "push", Source: "redis-pubsub", Strategy: "push-buffered", Transport: "sse", Limit: 256 << 20},
			{Name: "pull", Source: "redis-stream", Strategy: "pull-drain", Transport: "sse"},
		},
		Workload: script.Workload{Kind: "fixed", Rate: 10, Size: 4 << 10},
		Readers:  script.Readers{Slow: script.Group{Count: 200}, Healthy: script.Group{Count: 10}},
	}
}

// newTestSession is a session whose processes are imagined: its lanes run, and
// nothing answers. Its Control has it.
func newTestSession(t *testing.T, scenario script.Scenario) *session {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	c := &Control{
		o:      Options{Scenario: scenario, MaxMemoryBytes: 1 << 30, Log: slog.New(slog.DiscardHandler), Changed: func() {}},
		broker: &brokerHandle{},
		ctx:    ctx,
		cancel: cancel,
	}
	s := newSession(c)
	c.session = s
	s.state = wire.StateRunning
	for _, l := range s.lanes {
		l.state = wire.StateRunning
	}
	return s
}

// texts are the lines of the log.
func (s *session) texts() []string {
	var out []string
	for _, e := range s.events.log {
		out = append(out, e.Text)
	}
	return out
}

func (l *laneRun) holds(messages, bytes uint64) {
	l.report = lane.Report{Readers: 210, BacklogCount: messages, BacklogBytes: bytes}
}
