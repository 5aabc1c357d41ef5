package run

import (
	"context"
	"maps"
	"time"

	"spillway/wasm/throttle"
)

const (
	demoPatience = 90 * time.Second // for a lane to die
	demoPause    = 8 * time.Second  // to look at what happened before the readers are released
)

// demo is a demonstration under way.
type demo struct{ cancel context.CancelFunc }

// startDemo slows the readers, and releases them some seconds after the first
// lane has died. Control.mu is held.
func (s *session) startDemo() {
	s.stopDemo()
	rate := throttle.Rate(s.scenario.Demo.Throttle)
	if rate == 0 {
		rate = demoThrottle
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.demo = &demo{cancel: cancel}
	s.throttleAll(rate)
	s.wg.Go(func() {
		defer cancel()
		if !s.waitForDeath(ctx) || !pause(ctx, demoPause) {
			return
		}
		s.c.mu.Lock()
		defer s.c.mu.Unlock()
		if ctx.Err() == nil && s.alive() {
			s.throttleAll(throttle.Unlimited)
			s.stopDemo()
		}
	})
}

// stopDemo ends the demonstration, if there is one, as it stands.
func (s *session) stopDemo() {
	if s.demo != nil {
		s.demo.cancel()
		s.demo = nil
	}
}

// waitForDeath returns when a lane that lived has ended, or after a while all
// the same. False means that the demonstration is over.
func (s *session) waitForDeath(ctx context.Context) bool {
	limit, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	s.c.mu.Lock()
	before := s.lanesAlive()
	s.c.mu.Unlock()
	for pause(limit, SampleEvery) {
		s.c.mu.Lock()
		now := s.lanesAlive()
		s.c.mu.Unlock()
		if now < before {
			return true
		}
	}
	return ctx.Err() == nil
}

func (s *session) throttleAll(rate throttle.Rate) {
	next := s.settings
	next.Lanes = maps.Clone(s.settings.Lanes)
	for name, l := range next.Lanes {
		l.Throttle = Throttle(rate)
		next.Lanes[name] = l
	}
	next.Paused = false
	s.apply(next)
}
