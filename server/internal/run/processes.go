package run

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/lane"
	"spillway/server/internal/producer"
	"spillway/server/internal/supervisor"
)

// respawnDelay passes before a producer or crowd that ended is started again.
const respawnDelay = time.Second

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
