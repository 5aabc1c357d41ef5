package run

import (
	"fmt"

	"spillway/scenarios/script"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
)

// Patch changes live settings. The error wraps ErrInvalid when the settings are
// not possible, and is ErrNotRunning when nothing runs.
func (c *Control) Patch(p Patch) error {
	defer c.o.Changed()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	if s == nil || !s.alive() {
		return ErrNotRunning
	}
	next, err := s.settings.with(p, c.maxLimitBytes())
	if err != nil {
		return err
	}
	if p.RatePerSecond != nil {
		s.ramp = nil // the hand wins
	}
	s.changeByHand(next)
	return nil
}

// RestartLane starts a lane again that has ended, on the same port.
func (c *Control) RestartLane(name string) error {
	defer c.o.Changed()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	if s == nil {
		return ErrNotRunning
	}
	l, err := s.ended(name)
	if err != nil {
		return err
	}
	s.say(ByHand, false, fmt.Sprintf("%s is started again.", name))
	s.restart(l)
	return nil
}

// restart starts a lane that has ended. Control.mu is held and the session
// lives, so it waits for the goroutine.
func (s *session) restart(l *laneRun) {
	l.startAgain()
	s.changed()
	s.wg.Go(func() { s.startLane(l) })
}

// Reader takes over what a tab's reader has received. The key tells tabs apart.
func (c *Control) Reader(tab uint64, r wire.Reader) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	if s == nil || !s.alive() {
		return ErrNotRunning
	}
	l := s.lane(r.Lane)
	if l == nil {
		return ErrNoLane
	}
	l.tabs[tab] = r
	return nil
}

// ReaderGone forgets a tab, but not what it has missed.
func (c *Control) ReaderGone(tab uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == nil {
		return
	}
	for _, l := range c.session.lanes {
		r := l.tabs[tab]
		l.gone.Messages += r.Messages
		l.gone.Bytes += r.Bytes
		l.gone.Gaps += r.Gaps
		l.gone.Repeats += r.Repeats
		l.gone.Text += r.Text
		l.gone.To += r.To - r.From
		delete(l.tabs, tab)
	}
}

// yours is what a tab may read of a lane.
func (s *session) yours(laneName string) throttle.Rate {
	rate, paused := s.pace(laneName, script.You)
	if paused && !s.settings.Paused { // the tabs know of the pause of all by themselves
		return throttle.Stopped
	}
	return rate
}
