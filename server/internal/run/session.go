package run

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/crowd"
	"spillway/server/internal/lane"
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

const (
	crowdPatience = 2 * time.Second // the producer waits this long for all readers to be there
	respawnDelay  = time.Second     // before a producer or crowd that ended is started again
)

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

// startLane starts the lane's process; a goroutine stays with it until it ends.
func (s *session) startLane(l *laneRun) {
	s.c.mu.Lock()
	spec := s.laneSpec(l)
	s.c.mu.Unlock()
	proc, err := s.c.o.Supervisor.Start(s.ctx, spec)
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if err != nil {
		if s.alive() {
			s.laneNeverReady(l, err)
		}
		return
	}
	if s.alive() {
		var ready lane.Ready
		_ = json.Unmarshal(proc.ReadyValue(), &ready) // an empty address shows as one
		s.laneUp(l, proc, ready.Addr)
	}
	s.wg.Go(func() {
		if !s.attend(proc) {
			return
		}
		s.c.mu.Lock()
		defer s.c.mu.Unlock()
		if s.alive() {
			s.laneEnded(l, proc.Exit())
		}
	})
}

// attend stays with a process until it has ended. False means that it was
// stopped because the session ends. Whoever starts a process attends it, so that
// none outlives its session.
func (s *session) attend(p *supervisor.Process) bool {
	select {
	case <-p.Done():
		return true
	case <-s.ctx.Done():
		_ = p.Stop(context.Background()) // bounded: what does not leave is killed
		return false
	}
}

func (s *session) laneSpec(l *laneRun) supervisor.Spec {
	listen := net.JoinHostPort(s.c.o.LaneHost, strconv.Itoa(l.port)) // 0 the first time
	limit := s.settings.Lanes[l.name].LimitBytes
	return supervisor.Spec{
		Name:       "lane " + l.name,
		Args:       []string{"lane"},
		LimitBytes: limit,
		Config: lane.Config{
			Name:            l.name,
			RunID:           s.id,
			Source:          l.plan.Source,
			Strategy:        l.plan.Strategy,
			Transport:       l.plan.Transport,
			Listen:          listen,
			BrokerURL:       s.c.broker.url(),
			PagePort:        s.c.o.PagePort,
			SendBufferBytes: int(l.plan.SendBuffer),
			LimitBytes:      limit,
			Channels:        s.channels(),
		},
		OnReport: func(line json.RawMessage) {
			var r lane.Report
			if err := json.Unmarshal(line, &r); err != nil {
				s.log.Warn("report not understood", "lane", l.name, "err", err)
				return
			}
			s.c.mu.Lock()
			defer s.c.mu.Unlock()
			l.take(r)
		},
	}
}

func (s *session) channels() map[string]int {
	return map[string]int{
		groupSlow:    s.settings.SlowReaders,
		groupHealthy: s.settings.HealthyReaders,
		groupYou:     lane.Single,
	}
}

// keep runs a helper process for as long as the session lives. Should it end,
// the log says so and it is started again.
func (s *session) keep(name string, spec func() supervisor.Spec, slot **supervisor.Process) {
	told := "" // a program that cannot start says so once, not once a second
	for s.ctx.Err() == nil {
		s.c.mu.Lock()
		sp := spec()
		s.c.mu.Unlock()
		proc, err := s.c.o.Supervisor.Start(s.ctx, sp)
		why := ""
		if err != nil {
			why = fmt.Sprintf("The %s could not be started: %v. It is tried again.", name, err)
		} else {
			s.c.mu.Lock()
			*slot = proc
			s.tellAll()
			s.c.mu.Unlock()
			if !s.attend(proc) {
				return
			}
			told, why = "", fmt.Sprintf("The %s ended (%s). It is started again.", name, proc.Exit())
		}
		s.c.mu.Lock()
		*slot = nil
		if s.alive() && why != told {
			s.say(true, why)
		}
		s.c.mu.Unlock()
		told = why
		if !pause(s.ctx, respawnDelay) {
			return
		}
	}
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

// tellAll sends the settings as they are to every process. Sending the whole is
// cheap and nothing depends on what arrived before.
func (s *session) tellAll() {
	channels := s.channels()
	for _, l := range s.lanes {
		if l.proc != nil && !l.ended() {
			l.proc.SetLimit(s.settings.Lanes[l.name].LimitBytes)
			s.send(l.proc, lane.Command{Channels: channels})
		}
	}
	s.send(s.crowding, s.crowdCommand())
	s.send(s.producing, s.producerCommand())
}

func (s *session) send(p *supervisor.Process, command any) {
	if p == nil {
		return
	}
	if err := p.Send(command); err != nil {
		s.log.Warn("process does not take commands", "process", p.Name(), "err", err)
	}
}

func (s *session) producerSpec() supervisor.Spec {
	you := s.scenario.Readers.You
	if you.Rate == 0 {
		you.Rate = s.scenario.Workload.Rate
	}
	if you.Size == 0 {
		you.Size = script.Size(s.settings.SizeBytes)
	}
	return supervisor.Spec{
		Name: "producer",
		Args: []string{"producer"},
		Config: producer.Config{
			BrokerURL: s.c.broker.url(),
			RunID:     s.id,
			Workload:  s.scenario.Workload.Kind,
			Groups: []producer.Group{
				{Name: groupSlow, Count: s.settings.SlowReaders, RatePerSecond: s.settings.RatePerSecond, SizeBytes: s.settings.SizeBytes},
				{Name: groupHealthy, Count: s.settings.HealthyReaders, RatePerSecond: s.settings.RatePerSecond, SizeBytes: s.settings.SizeBytes},
				{Name: groupYou, Single: true, RatePerSecond: float64(you.Rate), SizeBytes: int(you.Size)},
			},
			Retention: producer.Retention{MaxLen: s.settings.Retention},
		},
		OnReport: func(line json.RawMessage) {
			var r producer.Report
			if err := json.Unmarshal(line, &r); err != nil {
				s.log.Warn("report not understood", "process", "producer", "err", err)
				return
			}
			s.c.mu.Lock()
			defer s.c.mu.Unlock()
			s.producer = r
		},
	}
}

func (s *session) producerCommand() producer.Command {
	load := func(count int) producer.GroupChange {
		return producer.GroupChange{Count: &count, RatePerSecond: &s.settings.RatePerSecond, SizeBytes: &s.settings.SizeBytes}
	}
	return producer.Command{
		Retention: &producer.Retention{MaxLen: s.settings.Retention},
		Groups: map[string]producer.GroupChange{
			groupSlow:    load(s.settings.SlowReaders),
			groupHealthy: load(s.settings.HealthyReaders),
		},
	}
}

// rate is what the tabs and the slow readers of a lane may read.
func (s *session) rate(laneName string) throttle.Rate {
	return throttle.Rate(s.settings.Lanes[laneName].Throttle)
}
