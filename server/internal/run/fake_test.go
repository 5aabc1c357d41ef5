package run

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/lane"
	"spillway/wasm/throttle"
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
		Readers: script.Readers{
			{Name: "slow", Count: 200, Throttle: script.NoThrottle},
			{Name: "healthy", Count: 10, Throttle: script.NoThrottle, Steady: true},
		},
		Steps: []script.Step{
			{At: span(0), Say: "Watch the memory.", Set: &script.Set{Throttle: rate(4000)}},
			{At: span(20 * time.Second), Pause: script.PausePresenter},
			{After: span(5 * time.Second), Set: &script.Set{Throttle: rate(script.NoThrottle)}},
		},
	}
}

func span(d time.Duration) *script.Duration { return as[script.Duration](&d) }

func rate(t script.Throttle) *script.Throttle { return &t }

// newTestSession is a session whose processes are imagined: its lanes run, and
// nothing answers. Its Control has it.
func newTestSession(t *testing.T, scenario script.Scenario) *session {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	c := &Control{
		o:      Options{Scenario: scenario, MaxMemoryBytes: 1 << 30, Log: slog.New(slog.DiscardHandler), Changed: func() {}, Observe: func(View) {}},
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

// slowAll moves the sliders of all lanes.
func (s *session) slowAll(r throttle.Rate) {
	next, err := s.settings.with(Patch{Throttle: Optional{Set: true, Rate: r}}, s.c.maxLimitBytes())
	if err != nil {
		panic(err)
	}
	s.apply(next)
}
