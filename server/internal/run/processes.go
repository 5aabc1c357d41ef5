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
			SendBufferBytes: s.settings.Lanes[l.name].SendBufferBytes,
			LimitBytes:      limit,
			TLS:             s.certificate(l.plan),
			Channels:        s.channels(),
			Options:         l.plan.Options,
			KeepFree:        !s.settings.Lanes[l.name].GiveBack,
		},
		Env: runtimeEnv(l.plan),
		OnReport: func(line json.RawMessage) {
			var r lane.Report
			if err := json.Unmarshal(line, &r); err != nil {
				s.log.Warn("report not understood", "lane", l.name, "err", err)
				return
			}
			s.c.mu.Lock()
			defer s.c.mu.Unlock()
			l.take(r)
			s.takeRows(l, r)
		},
	}
}

// runtimeEnv are the knobs of the lane's Go runtime.
func runtimeEnv(plan script.Lane) []string {
	var env []string
	switch {
	case plan.GOGC == script.GOGCOff:
		env = append(env, "GOGC=off")
	case plan.GOGC > 0:
		env = append(env, "GOGC="+strconv.Itoa(int(plan.GOGC)))
	}
	if plan.GOMemLimit > 0 {
		env = append(env, "GOMEMLIMIT="+strconv.FormatInt(int64(plan.GOMemLimit), 10)+"B")
	}
	return env
}

// sharedChannel is the one channel of a workload that all readers share.
const sharedChannel = "all"

func (s *session) shared() bool { return s.scenario.Workload.Channels == script.Shared }

// channels are those that a lane may be asked for.
func (s *session) channels() map[string]int {
	if s.shared() {
		return map[string]int{sharedChannel: lane.Single}
	}
	out := map[string]int{script.You: lane.Single}
	for _, g := range s.scenario.Crowd() {
		out[g.Name] = s.settings.Readers[g.Name].Count
	}
	return out
}

// yourChannel is what the tabs read.
func (s *session) yourChannel() string {
	if s.shared() {
		return sharedChannel
	}
	return script.You
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
			s.say(Observed, true, why)
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
	for _, l := range s.lanes {
		if l.proc != nil && !l.ended() {
			l.proc.SetLimit(s.settings.Lanes[l.name].LimitBytes)
			s.send(l.proc, s.laneCommand(l))
		}
	}
	s.send(s.crowding, s.crowdCommand())
	s.send(s.producing, s.producerCommand())
}

// laneCommand is the whole of what a lane is to be.
func (s *session) laneCommand(l *laneRun) lane.Command {
	of := s.settings.Lanes[l.name]
	keep := !of.GiveBack
	return lane.Command{Channels: s.channels(), KeepFree: &keep, SendBufferBytes: &of.SendBufferBytes}
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
	return supervisor.Spec{
		Name: "producer",
		Args: []string{"producer"},
		Config: producer.Config{
			BrokerURL: s.c.broker.url(),
			RunID:     s.id,
			Workload:  s.scenario.Workload.Kind,
			Seed:      s.scenario.Seed,
			Groups:    s.producerGroups(),
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
			s.takeProducer(r)
		},
	}
}

// producerGroups is the load as it is: a channel for each reader, or one for
// all. A group that has a rate or size of its own keeps it.
func (s *session) producerGroups() []producer.Group {
	if s.shared() {
		return []producer.Group{{Name: sharedChannel, Single: true, RatePerSecond: s.settings.RatePerSecond, SizeBytes: s.settings.SizeBytes}}
	}
	var out []producer.Group
	for _, name := range groupNames(s.scenario) {
		plan, _ := s.scenario.Group(name)
		g := producer.Group{Name: name, RatePerSecond: s.settings.RatePerSecond, SizeBytes: s.settings.SizeBytes}
		if plan.Rate > 0 {
			g.RatePerSecond = float64(plan.Rate)
		}
		if plan.Size > 0 {
			g.SizeBytes = int(plan.Size)
		}
		if name == script.You {
			g.Single = true
		} else {
			g.Count = s.settings.Readers[name].Count
		}
		out = append(out, g)
	}
	return out
}

func (s *session) producerCommand() producer.Command {
	c := producer.Command{
		Retention: &producer.Retention{MaxLen: s.settings.Retention},
		Groups:    make(map[string]producer.GroupChange),
	}
	for _, g := range s.producerGroups() {
		c.Groups[g.Name] = producer.GroupChange{Count: &g.Count, RatePerSecond: &g.RatePerSecond, SizeBytes: &g.SizeBytes}
	}
	return c
}
