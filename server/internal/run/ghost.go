package run

import (
	"time"

	"spillway/scenarios/script"
	"spillway/wasm/wire"
)

// wakeGhosts begins the series that were measured elsewhere, at the moment at
// which the readers of this run become slow too: from then on the stories are
// the same.
func (s *session) wakeGhosts() {
	if s.ghostsAt > 0 || len(s.scenario.Ghosts) == 0 || s.state != wire.StateRunning {
		return
	}
	for _, l := range s.lanes {
		if s.slowed(l.name) {
			s.ghostsAt = max(s.elapsed(), 1)
			s.events.marks++ // pages get their curves anew
			return
		}
	}
}

// ghost is the series behind a lane's curve; nil without one.
func (s *session) ghost(lane string) []wire.GhostPoint {
	if s.ghostsAt == 0 {
		return nil
	}
	return GhostOf(s.scenario, lane, s.ghostsAt)
}

// GhostOf is the series of a scenario behind a lane's curve, so placed in the
// time of a run that it begins at from; nil without one.
func GhostOf(sc script.Scenario, lane string, from time.Duration) []wire.GhostPoint {
	var out []wire.GhostPoint
	for _, g := range sc.Ghosts {
		if g.Lane != lane {
			continue
		}
		for _, p := range g.Points {
			if len(out) == wire.MaxGhostPoints {
				break
			}
			at := from + time.Duration(p.Seconds*float64(time.Second))
			out = append(out, wire.GhostPoint{ElapsedMicros: uint64(at.Microseconds()), Bytes: uint64(max(0, p.Bytes))})
		}
	}
	return out
}
