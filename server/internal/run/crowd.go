package run

import (
	"encoding/json"
	"fmt"
	"math/bits"

	"spillway/scenarios/script"
	"spillway/server/internal/crowd"
	"spillway/server/internal/metric"
	"spillway/server/internal/supervisor"
	"spillway/wasm/reader"
	"spillway/wasm/throttle"
)

func (s *session) crowdSpec() supervisor.Spec {
	cfg := crowd.Config{
		RunID: s.id,
	}
	for _, g := range s.crowdGroups() {
		cfg.Groups = append(cfg.Groups, s.crowdGroup(g))
	}
	for _, l := range s.lanes {
		cfg.Lanes = append(cfg.Lanes, crowd.Lane{Name: l.name, URL: s.crowdURL(l), Transport: l.plan.Transport, Trust: s.trusted()})
	}
	return supervisor.Spec{
		Name:   "crowd",
		Args:   []string{"crowd"},
		Config: cfg,
		OnReport: func(line json.RawMessage) {
			var r crowd.Report
			if err := json.Unmarshal(line, &r); err != nil {
				s.log.Warn("report not understood", "process", "crowd", "err", err)
				return
			}
			s.c.mu.Lock()
			defer s.c.mu.Unlock()
			s.takeCrowd(r)
			s.takeReaders(r)
		},
	}
}

// crowdGroups are those that the crowd plays: all but the tabs, and for these a
// native reader where there is no browser.
func (s *session) crowdGroups() []script.Group {
	groups := s.scenario.Crowd()
	if s.c.o.Headless {
		you, _ := s.scenario.Group(script.You)
		groups = append(groups, you)
	}
	return groups
}

// crowdGroup is a group as it begins. What lies between a lane and a tab is the
// browser's, and large: its stand-in has what the system gives.
func (s *session) crowdGroup(plan script.Group) crowd.Group {
	g := crowd.Group{
		Name:           plan.Name,
		Count:          s.settings.Readers[plan.Name].Count,
		BytesPerSecond: throttle.Unlimited,
		Away:           s.settings.Readers[plan.Name].Away,
		Read:           reader.Way(plan.Read),
		Connection:     crowd.Connection(plan.Connection),
		BufferBytes:    int(plan.Buffer),
	}
	if plan.Name == script.You {
		g.Channel = script.You
		if plan.Buffer == 0 {
			g.BufferBytes = int(script.BufferOS)
		}
	}
	if s.shared() {
		g.Channel = sharedChannel
	}
	if g.BufferBytes == int(script.BufferOS) {
		g.SegmentBytes = -1
	}
	return g
}

// laneHost is where this machine reaches lanes: over loopback, but where they
// listen on one other address only.
func (c *Control) laneHost() string {
	switch host := c.o.LaneHost; host {
	case "", "0.0.0.0", "::":
		return "127.0.0.1"
	default:
		return host
	}
}

// crowdURL is the lane's stream as the crowd reaches it.
func (s *session) crowdURL(l *laneRun) string {
	if !l.open() {
		return ""
	}
	return LaneView{ReadPort: l.readPort(), Secure: secure(l.plan)}.StreamURL(s.c.laneHost())
}

// crowdCommand is the whole of what the crowd is to be.
func (s *session) crowdCommand() crowd.Command {
	c := crowd.Command{
		Counts: make(map[string]int),
		Lanes:  make(map[string]string, len(s.lanes)),
	}
	for _, l := range s.lanes {
		c.Lanes[l.name] = s.crowdURL(l)
	}
	for _, g := range s.crowdGroups() {
		c.Counts[g.Name] = s.settings.Readers[g.Name].Count
		for _, l := range s.lanes {
			rate, paused := s.pace(l.name, g.Name)
			away := s.settings.Readers[g.Name].Away
			c.Throttles = append(c.Throttles, crowd.Throttle{Lane: l.name, Group: g.Name, BytesPerSecond: &rate, Paused: &paused, Away: &away})
		}
	}
	return c
}

// crowdCell is a group on a lane.
type crowdCell struct{ lane, group string }

func (s *session) takeCrowd(r crowd.Report) {
	if s.crowd == nil {
		s.crowd = make(map[crowdCell]crowd.CellReport)
		s.ageSums = make(map[crowdCell]*reader.Histogram)
	}
	for _, cell := range r.Cells {
		key := crowdCell{cell.Lane, cell.Group}
		if cell.Read == nil {
			cell.Read = s.crowd[key].Read // sent once a second only
		}
		if cell.Ages != nil {
			sum := new(reader.Histogram)
			cell.Ages.AddTo(sum)
			s.ageSums[key] = sum
		}
		s.noteHungUp(key, s.crowd[key].HungUp, cell.HungUp)
		s.crowd[key] = cell
	}
}

// noteHungUp writes a line when readers hung up because of what they held: the
// first time, and then each time that twice as many have.
func (s *session) noteHungUp(at crowdCell, before, now uint64) {
	if now > before && bits.Len64(now) > bits.Len64(before) {
		s.say(Observed, true, fmt.Sprintf("Readers of %s hung up on %s, %s so far: what had arrived and was not read came to %d MiB in one of them or to %d MiB in all. It is gone with them.",
			at.group, at.lane, many(now, "time"), reader.MaxHeldBytes>>20, crowd.MaxHeldAllBytes>>20))
	}
}

// ages are those at the readers of a lane, of the last second: of the steady
// groups, and of those that the slider slows. Of several groups the worst counts.
func (s *session) ages(lane string) (slowP50, steadyP50, steadyP99 uint64) {
	for _, g := range s.scenario.Crowd() {
		cell := s.crowd[crowdCell{lane, g.Name}]
		if g.Steady {
			steadyP50, steadyP99 = max(steadyP50, cell.AgeP50Micros), max(steadyP99, cell.AgeP99Micros)
		} else {
			slowP50 = max(slowP50, cell.AgeP50Micros)
		}
	}
	return slowP50, steadyP50, steadyP99
}

// readersOf is what the readers of a lane have received, group by group.
func (s *session) readersOf(l *laneRun) []metric.Readers {
	var out []metric.Readers
	for _, name := range groupNames(s.scenario) {
		cell := s.crowd[crowdCell{l.name, name}]
		r := metric.Readers{
			Group:        name,
			Connected:    cell.Connected,
			Messages:     cell.Messages,
			Bytes:        cell.Bytes,
			Gaps:         cell.Gaps,
			Repeats:      cell.Repeats,
			Disconnects:  cell.Disconnects,
			Held:         cell.Held,
			AgeP50Micros: cell.AgeP50Micros,
			AgeP99Micros: cell.AgeP99Micros,
			Ages:         s.ageSums[crowdCell{l.name, name}],
		}
		if name == script.You {
			l.addTabs(&r)
		}
		out = append(out, r)
	}
	return out
}
