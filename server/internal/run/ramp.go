package run

import (
	"time"

	"spillway/scenarios/script"
)

// ramp is a rate that runs through the stages of a workload.
type ramp struct {
	from   float64
	stages []script.Stage
	began  time.Time
}

// newRamp is nil for a constant rate.
func newRamp(w script.Workload, now time.Time) *ramp {
	if w.Executor != script.RampingArrivalRate {
		return nil
	}
	return &ramp{from: float64(w.Rate), stages: w.Stages, began: now}
}

// at is the rate so long after the beginning. Each stage is a straight line to
// its target; the last target stays.
func (r *ramp) at(elapsed time.Duration) (rate float64, over bool) {
	rate = r.from
	for _, stage := range r.stages {
		length := time.Duration(stage.Duration)
		target := float64(stage.Target)
		if elapsed < length {
			return rate + (target-rate)*elapsed.Seconds()/length.Seconds(), false
		}
		elapsed -= length
		rate = target
	}
	return rate, true
}

// followRamp gives the producer the rate of this moment, 10 times a second. The
// producer takes a new rate without a jump.
func (s *session) followRamp(now time.Time) {
	if s.ramp == nil {
		return
	}
	rate, over := s.ramp.at(now.Sub(s.ramp.began))
	if over {
		s.ramp = nil
	}
	if rate == s.settings.RatePerSecond {
		return
	}
	s.settings.RatePerSecond = min(rate, MaxRate)
	s.events.toldSetting.RatePerSecond = s.settings.RatePerSecond // its lines are in the scenario
	s.send(s.producing, s.producerCommand())
	s.events.version++
}
