package run

import (
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
	s.stopDemo()
	s.apply(next)
	return nil
}

// RestartLane starts a lane again that has ended, on the same port.
func (c *Control) RestartLane(name string) error {
	defer c.o.Changed()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	if s == nil || !s.alive() {
		return ErrNotRunning
	}
	l := s.lane(name)
	if l == nil {
		return ErrNoLane
	}
	if !l.ended() {
		return ErrLaneAlive
	}
	l.startAgain()
	s.changed()
	s.wg.Go(func() { s.startLane(l) }) // under the lock: the session lives, so it waits for this
	return nil
}

// Demo does what the page asks its visitor to do: it slows the readers, waits
// for what happens, and releases them. Any setting made by hand ends it.
func (c *Control) Demo() error {
	defer c.o.Changed()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	if s == nil || !s.alive() {
		return ErrNotRunning
	}
	s.startDemo()
	return nil
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
		l.goneGaps += r.Gaps
		l.goneRepeats += r.Repeats
		delete(l.tabs, tab)
	}
}

// demoThrottle is what the demonstration slows the readers to where a scenario
// says nothing.
const demoThrottle throttle.Rate = 4000
