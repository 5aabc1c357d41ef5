package run

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"sync"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/crowd"
	"spillway/server/internal/producer"
	"spillway/server/internal/supervisor"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
)

// The groups of readers. The first two are the crowd, the third are the tabs.
const (
	groupSlow    = "slow"
	groupHealthy = "healthy"
	groupYou     = "you"
)

// crowdPatience is how long the producer waits for all readers to be there.
const crowdPatience = 2 * time.Second

// session is one run from its start to its end, and what is remembered of it.
// Control.mu guards it.
type session struct {
	c        *Control
	log      *slog.Logger
	id       string
	scenario script.Scenario
	ctx      context.Context // ends when the session is to end
	cancel   context.CancelFunc
	wg       sync.WaitGroup

	state     wire.State
	rests     bool // ends by itself when nobody watches
	startedAt time.Time
	endedAt   time.Time // zero while it lives
	settings  Settings
	lanes     []*laneRun
	producing *supervisor.Process
	crowding  *supervisor.Process
	producer  producer.Report
	crowd     map[crowdCell]crowd.CellReport
	events    events
	broker    brokerView
	last      wire.Sample
	demo      *demo
}

func newSession(c *Control) *session {
	s := &session{
		c:         c,
		id:        rand.Text()[:8],
		scenario:  c.o.Scenario,
		state:     wire.StateStarting,
		startedAt: time.Now(),
		settings:  settingsOf(c.o.Scenario, c.maxLimitBytes()),
	}
	s.log = c.o.Log.With("run", s.id)
	s.ctx, s.cancel = context.WithCancel(c.ctx)
	for _, l := range s.scenario.Lanes {
		s.lanes = append(s.lanes, newLaneRun(l))
	}
	s.say(false, s.opening())
	return s
}

func (s *session) alive() bool { return s.endedAt.IsZero() }

func (s *session) elapsed() time.Duration {
	if s.alive() {
		return time.Since(s.startedAt)
	}
	return s.endedAt.Sub(s.startedAt)
}

func (s *session) lane(name string) *laneRun {
	for _, l := range s.lanes {
		if l.name == name {
			return l
		}
	}
	return nil
}

// open starts the processes in the order in which they need each other: the
// lanes, then their readers, then the messages.
func (s *session) open() {
	if !s.c.broker.waitUp(s.ctx) {
		return
	}
	var lanes sync.WaitGroup
	for _, l := range s.lanes {
		lanes.Go(func() { s.startLane(l) })
	}
	lanes.Wait()
	s.wg.Go(func() { s.keep("crowd", s.crowdSpec, &s.crowding) })
	s.waitForCrowd()
	s.wg.Go(func() { s.keep("producer", s.producerSpec, &s.producing) })
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.state == wire.StateStarting {
		s.state = wire.StateRunning
	}
}

// waitForCrowd gives the readers a moment to connect, so that they see the
// first message.
func (s *session) waitForCrowd() {
	limit, cancel := context.WithTimeout(s.ctx, crowdPatience)
	defer cancel()
	for pause(limit, 20*time.Millisecond) {
		s.c.mu.Lock()
		want := (s.settings.SlowReaders + s.settings.HealthyReaders) * s.lanesAlive()
		have := 0
		for _, l := range s.lanes {
			have += int(l.report.Readers)
		}
		s.c.mu.Unlock()
		if have >= want {
			return
		}
	}
}

func (s *session) lanesAlive() int {
	n := 0
	for _, l := range s.lanes {
		if !l.ended() {
			n++
		}
	}
	return n
}

// finish marks the session as ended, or one that was stopped as one at rest.
// close does the rest without the lock.
func (s *session) finish(state wire.State) {
	if s.alive() {
		s.endedAt = time.Now()
	}
	s.state = state
	s.stopDemo()
	for _, l := range s.lanes {
		if !l.dead() {
			l.state = state
		}
	}
	if state == wire.StateRest {
		s.say(false, "Nobody watches any more, so the run rests.")
	} else {
		s.say(false, "The run was stopped.")
	}
	s.last.State = state
	s.last.Lanes = slices.Clone(s.last.Lanes) // views share the old ones
	for i := range s.last.Lanes {
		s.last.Lanes[i].State = s.lanes[i].state
	}
}

// close stops every process at once and waits for all goroutines.
func (s *session) close() {
	s.cancel()
	s.wg.Wait()
}

// apply makes settings true in every process and writes down what changed.
func (s *session) apply(next Settings) {
	before := s.settings
	s.settings = next
	s.tellAll()
	s.noteChange(before)
	s.events.version++
}

// rate is what the tabs and the slow readers of a lane may read.
func (s *session) rate(laneName string) throttle.Rate {
	return throttle.Rate(s.settings.Lanes[laneName].Throttle)
}
