package run

import (
	"encoding/json"

	"spillway/server/internal/crowd"
	"spillway/server/internal/supervisor"
	"spillway/wasm/throttle"
)

func (s *session) crowdSpec() supervisor.Spec {
	cfg := crowd.Config{
		RunID: s.id,
		Groups: []crowd.Group{
			{Name: groupSlow, Count: s.settings.SlowReaders, BytesPerSecond: throttle.Unlimited},
			{Name: groupHealthy, Count: s.settings.HealthyReaders, BytesPerSecond: throttle.Unlimited},
		},
	}
	for _, l := range s.lanes {
		cfg.Lanes = append(cfg.Lanes, crowd.Lane{Name: l.name, URL: s.crowdURL(l)})
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
		},
	}
}

// crowdURL is the lane's stream as the crowd reaches it: over the loopback
// interface, whatever else the lane listens on.
func (s *session) crowdURL(l *laneRun) string {
	if l.proc == nil || l.ended() {
		return ""
	}
	host := s.c.o.LaneHost
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "127.0.0.1"
	}
	return LaneView{Port: l.port}.StreamURL(host)
}

// crowdCommand is the whole of what the crowd is to be.
func (s *session) crowdCommand() crowd.Command {
	c := crowd.Command{
		Counts: map[string]int{groupSlow: s.settings.SlowReaders, groupHealthy: s.settings.HealthyReaders},
		Lanes:  make(map[string]string, len(s.lanes)),
	}
	for _, l := range s.lanes {
		rate, paused := s.rate(l.name), s.settings.Paused
		c.Throttles = append(c.Throttles, crowd.Throttle{Lane: l.name, Group: groupSlow, BytesPerSecond: &rate, Paused: &paused})
		c.Lanes[l.name] = s.crowdURL(l)
	}
	return c
}

// crowdCell is a group on a lane.
type crowdCell struct{ lane, group string }

func (s *session) takeCrowd(r crowd.Report) {
	if s.crowd == nil {
		s.crowd = make(map[crowdCell]crowd.CellReport)
	}
	for _, cell := range r.Cells {
		key := crowdCell{cell.Lane, cell.Group}
		if cell.Read == nil {
			cell.Read = s.crowd[key].Read // sent once a second only
		}
		s.crowd[key] = cell
	}
}

// crowdOf is what the crowd has received from a lane.
func (s *session) crowdOf(lane string) (slow, healthy crowd.CellReport) {
	return s.crowd[crowdCell{lane, groupSlow}], s.crowd[crowdCell{lane, groupHealthy}]
}
