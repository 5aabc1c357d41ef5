package run

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"spillway/server/internal/metric"
	"spillway/wasm/wire"
	"spillway/web/chart"
)

const (
	// SampleEvery is the rate of samples: 10 Hz.
	SampleEvery = 100 * time.Millisecond
	// floorsEvery is how often the producer learns what everybody has read.
	floorsEvery = time.Second
	// settleAfter is how long a slider must rest before the log speaks of it.
	settleAfter = 700 * time.Millisecond
	// behindAfter and caughtUp are ages at the slow readers: from the one on a
	// lane counts as behind, under the other as having caught up.
	behindAfter = 3 * time.Second
	caughtUp    = time.Second
)

// tickLoop takes a sample 10 times a second for as long as the session lives.
func (s *session) tickLoop() {
	tick := time.NewTicker(SampleEvery)
	defer tick.Stop()
	var floorsAt time.Time
	for {
		select {
		case <-s.ctx.Done():
			return
		case now := <-tick.C:
			s.c.mu.Lock()
			if s.alive() {
				s.tick(now)
				if now.Sub(floorsAt) >= floorsEvery {
					floorsAt = now
					s.sendFloors()
				}
			}
			s.c.mu.Unlock()
			s.c.o.Changed()
			s.c.o.Observe(s.c.View())
		}
	}
}

// tick measures once and notices what happened. Control.mu is held.
func (s *session) tick(now time.Time) {
	s.noteBroker()
	s.followRamp(now)
	s.lookIntoLanes(now)
	s.watchLanes(now)
	s.last = s.measure(now)
	s.steps.metrics.Look(s.last)
	for i, l := range s.lanes {
		m := s.last.Sample.Lanes[i]
		if l.state != wire.StateRunning || m.RSS == 0 {
			continue
		}
		l.series.Append(wire.HistoryPoint{ElapsedMicros: s.last.Sample.ElapsedMicros, RSS: m.RSS, HeapInUse: m.HeapInUse, HeapTotal: m.HeapTotal})
		s.noteRise(l, m)
		s.noteCatchUp(l, m)
	}
	s.settleEvents(now)
	s.observeSteps()
}

// changed takes a sample at once, so that nobody sees a lane's new state beside
// the figures of the old one.
func (s *session) changed() {
	s.last = s.measure(time.Now())
	s.events.version++
}

// measure takes everything that can be measured.
func (s *session) measure(now time.Time) metric.Snapshot {
	out := metric.Snapshot{Sample: s.sample(now), Lanes: make([]metric.Lane, len(s.lanes))}
	for i, l := range s.lanes {
		t := l.totals()
		hopRSS, hopBytes := l.hopFigures()
		out.Lanes[i] = metric.Lane{
			HopRSS:         hopRSS,
			HopBytes:       hopBytes,
			CPUMicros:      t.cpuMicros,
			Delivered:      t.delivered,
			DeliveredBytes: t.deliveredBytes,
			Dropped:        t.dropped,
			LastExit:       l.lastExit,
			Readers:        s.readersOf(l),
		}
	}
	return out
}

// sample puts together what everybody reported last.
func (s *session) sample(now time.Time) wire.Sample {
	out := wire.Sample{
		TakenAtMicros: now.UnixMicro(),
		ElapsedMicros: uint64(max(0, now.Sub(s.startedAt)).Microseconds()),
		State:         s.state,
		Produced:      s.producer.Produced,
		ProducerStall: s.producer.StallMicros,
		BrokerRSS:     s.broker.rssBytes,
		BrokerUsed:    uint64(s.broker.health.UsedMemoryBytes),
		BrokerLimit:   uint64(s.broker.health.MaxMemoryBytes),
		Lanes:         make([]wire.LaneSample, len(s.lanes)),
	}
	for i, l := range s.lanes {
		out.Lanes[i] = s.laneSample(l)
	}
	return out
}

func (s *session) laneSample(l *laneRun) wire.LaneSample {
	r := &l.report
	m := wire.LaneSample{
		State:     l.state,
		Limit:     uint64(s.settings.Lanes[l.name].LimitBytes),
		Delivered: r.Delivered,
		Dropped:   r.Dropped,
		Restarts:  uint64(l.restarts),
		Account:   l.account.sum,
	}
	for _, r := range s.readersOf(l) {
		m.Gaps += r.Gaps
		m.Repeats += r.Repeats
	}
	if l.exit != nil {
		m.ExitCode = uint64(max(0, l.exit.Code))
		m.RSS = uint64(l.exit.Last.RSSBytes)
		return m
	}
	if l.proc != nil {
		if p, ok := l.proc.Sample(); ok {
			m.RSS = uint64(p.RSSBytes)
		}
	}
	m.HeapInUse, m.HeapTotal, m.Live, m.OutsideHeap = r.HeapInUseBytes, r.HeapTotalBytes, r.LiveBytes, r.OutsideHeapBytes
	m.Readers, m.Goroutines = r.Readers, r.Goroutines
	m.BacklogCount, m.BacklogBytes, m.OldestMicros = r.BacklogCount, r.BacklogBytes, r.OldestMicros
	m.Stalled, m.StallMicros = r.Stalled, r.StallMicros
	m.SendQueue, m.Shut, m.ShutMicros, m.Unseen = r.Kernel.QueueBytes, r.Kernel.Shut, r.Kernel.ShutMicros, r.Kernel.Unseen
	m.PerSecond, m.BytesPerSec = l.perSecond()
	m.SlowP50, m.HealthyP50, m.HealthyP99 = s.ages(l.name)
	for id, sent := range r.Tabs {
		if len(m.Tabs) < wire.MaxTabs {
			m.Tabs = append(m.Tabs, wire.TabSent{ID: id, Bytes: sent})
		}
	}
	slices.SortFunc(m.Tabs, func(a, b wire.TabSent) int { return cmp.Compare(a.ID, b.ID) })
	return m
}

// noteRise writes a line each time RSS passes another step.
func (s *session) noteRise(l *laneRun, m wire.LaneSample) {
	step := m.RSS / tellEveryBytes
	if step <= l.told {
		return
	}
	l.told = step
	text := fmt.Sprintf("%s passes %d MiB.", l.name, step*tellEveryBytes>>20)
	if m.BacklogBytes > 1<<20 {
		text += fmt.Sprintf(" It holds %s nobody has read; its oldest message is %s old.",
			chart.Bytes(float64(m.BacklogBytes)), chart.Age(int64(m.OldestMicros)))
	}
	s.say(Observed, false, text)
}

// noteCatchUp writes a line when the slow readers of a lane that was behind get
// fresh messages again.
func (s *session) noteCatchUp(l *laneRun, m wire.LaneSample) {
	age := time.Duration(m.SlowP50) * time.Microsecond
	switch {
	case age > behindAfter:
		l.behind = true
	case l.behind && age > 0 && age < caughtUp && !s.slowed(l.name):
		l.behind = false
		if m.Gaps == 0 {
			s.say(Observed, false, fmt.Sprintf("%s has caught up: its readers got every message, none lost, none twice.", l.name))
		} else {
			s.say(Observed, false, fmt.Sprintf("%s has caught up. Its readers miss %s.", l.name, many(m.Gaps, "message")))
		}
	}
}

// sendFloors tells the producer up to where every reader of every lane that
// reads from the streams has read, so that nothing else is ever trimmed. The
// crowd and the tabs say it themselves; for a reader we know nothing of (curl)
// it is what its lane has written.
func (s *session) sendFloors() {
	command := s.producerCommand()
	command.Floors = s.floors()
	s.send(s.producing, command)
}

func (s *session) floors() map[string]uint64 {
	floors := make(map[string]uint64)
	lower := func(channel string, seq uint64) {
		if have, ok := floors[channel]; !ok || seq < have {
			floors[channel] = seq
		}
	}
	for _, l := range s.lanes {
		if !l.replayable() {
			continue
		}
		if !l.ended() {
			for channel, seq := range l.report.Written {
				lower(channel, seq)
			}
		}
		for _, tab := range l.tabs { // of a lane that is down too: they come back to it
			lower(s.yourChannel(), tab.LastSeq)
		}
		for _, g := range s.crowdGroups() {
			for channel, seq := range s.crowd[crowdCell{l.name, g.Name}].Read {
				lower(channel, seq)
			}
		}
	}
	return floors
}
