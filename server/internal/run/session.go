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
	"spillway/server/internal/lane"
	"spillway/server/internal/metric"
	"spillway/server/internal/producer"
	"spillway/server/internal/supervisor"
	"spillway/wasm/reader"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
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
	begun     bool // everything has been started
	startedAt time.Time
	endedAt   time.Time // zero while it lives
	settings  Settings
	lanes     []*laneRun
	producing *supervisor.Process
	crowding  *supervisor.Process
	producer  producer.Report
	crowd     map[crowdCell]crowd.CellReport
	positions seconds[map[string]producer.Position]
	reading   seconds[crowdSecond]
	ageSums   map[crowdCell]*reader.Histogram // of all messages so far; replaced, never changed
	events    events
	broker    brokerView
	last      metric.Snapshot
	ramp      *ramp // nil unless the rate runs through stages
	steps     steps
	ghostsAt  time.Duration     // since when they are drawn; 0 before the readers were slowed
	shown     *lane.Certificate // by lanes with TLS; nil while there was none
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
	s.steps = newSteps(s.scenario, !c.o.Headless)
	s.say(Observed, false, s.opening())
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
	if s.state != wire.StateStarting {
		return
	}
	s.state, s.begun = wire.StateRunning, true
	s.ramp = newRamp(s.scenario.Workload, time.Now())
	if s.steps.wanted {
		s.playSteps()
	}
}

// waitForCrowd gives the readers a moment to connect, so that they see the
// first message.
func (s *session) waitForCrowd() {
	limit, cancel := context.WithTimeout(s.ctx, crowdPatience)
	defer cancel()
	for pause(limit, 20*time.Millisecond) {
		s.c.mu.Lock()
		want := s.present() * s.lanesAlive()
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
	s.stopSteps()
	for _, l := range s.lanes {
		if !l.dead() {
			l.state = state
		}
	}
	if state == wire.StateRest {
		s.say(Observed, false, "Nobody watches any more, so the run rests.")
	} else {
		s.say(Observed, false, "The run was stopped.")
	}
	last := &s.last.Sample
	last.State = state
	last.Lanes = slices.Clone(last.Lanes) // views share the old ones
	for i := range last.Lanes {
		last.Lanes[i].State = s.lanes[i].state
	}
}

// close stops every process at once and waits for all goroutines.
func (s *session) close() {
	s.cancel()
	s.wg.Wait()
}

// apply makes settings true in every process.
func (s *session) apply(next Settings) {
	s.settings = next
	s.tellAll()
	s.wakeGhosts()
	s.events.version++
}

// rate is where the slider of a lane stands.
func (s *session) rate(laneName string) throttle.Rate {
	return throttle.Rate(s.settings.Lanes[laneName].Throttle)
}

// slowed tells whether a lane's readers may not read as fast as they can.
func (s *session) slowed(laneName string) bool {
	for name := range s.settings.Readers {
		if rate, paused := s.pace(laneName, name); rate != throttle.Unlimited || paused {
			return true
		}
	}
	return false
}

// pace is what each reader of a group may read of a lane: the lower of the
// group's throttle and the lane's, which steady groups do not heed.
func (s *session) pace(laneName, group string) (rate throttle.Rate, paused bool) {
	g := s.settings.Readers[group]
	rate, paused = throttle.Rate(g.Throttle), g.Paused
	if plan, _ := s.scenario.Group(group); plan.Steady {
		return rate, paused
	}
	if of := s.rate(laneName); rate == throttle.Unlimited || of != throttle.Unlimited && of < rate {
		rate = of
	}
	return rate, paused || s.settings.Paused
}

// present is how many readers of the crowd each lane has to expect.
func (s *session) present() int {
	n := 0
	for _, g := range s.crowdGroups() {
		if have := s.settings.Readers[g.Name]; !have.Away {
			n += have.Count
		}
	}
	return n
}
