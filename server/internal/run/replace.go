package run

import (
	"spillway/scenarios/script"
	"spillway/wasm/wire"
)

// Replace ends the run of that id and puts s in its place, which begins when
// somebody looks, at once where somebody does. If another run has begun, or s
// cannot be played here, it does nothing.
func (c *Control) Replace(runID string, s script.Scenario) {
	if Check(s, c.o.MaxMemoryBytes) != nil {
		return
	}
	c.life.Lock()
	defer c.life.Unlock()
	c.mu.Lock()
	same := c.session != nil && c.session.id == runID
	c.mu.Unlock()
	if !same || c.closed {
		return
	}
	c.end(wire.StateStopped)
	c.mu.Lock()
	c.o.Scenario = s
	c.session = nil
	watched := c.viewers > 0
	c.mu.Unlock()
	if watched {
		c.begin()
		return
	}
	c.o.Changed()
}
