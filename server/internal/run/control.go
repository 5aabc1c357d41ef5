package run

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/certificate"
	"spillway/server/internal/supervisor"
	"spillway/wasm/wire"
)

// restAfter is how long a run without viewers goes on: long enough for a reload
// and for a laptop that changes its network.
const restAfter = 15 * time.Second

// Errors of Control, each a sentence for whoever asked.
var (
	ErrNotRunning = errors.New("nothing runs; start the run first")
	ErrNoLane     = errors.New("there is no such lane in this run")
	ErrLaneAlive  = errors.New("the lane runs; only a lane that ended can be restarted")
	ErrNoSteps    = errors.New("this scenario has no steps to play")
	ErrPlaying    = errors.New("the steps play already")
	ErrNotPlaying = errors.New("no steps play")
)

// Options are what a Control needs. The zero values of the durations are their
// defaults.
type Options struct {
	Scenario       script.Scenario
	Supervisor     *supervisor.Supervisor
	Broker         BrokerChoice
	LaneHost       string // interface on which lanes listen
	PagePort       int    // told to the lanes for CORS
	MaxMemoryBytes int64  // ceiling for all lanes together
	RestAfter      time.Duration
	Log            *slog.Logger
	// Changed is called after every sample and every change, 10 times a second
	// while something runs. It must not block and must not call Control.
	Changed func()
	// Observe is called with every sample, 10 times a second, and once more when a
	// run has ended, by one goroutine at a time. It must not block for long.
	Observe func(View)
	// Headless has nobody at a page: a native reader stands for the tabs, the steps
	// begin by themselves, and pauses for the presenter are skipped.
	Headless bool
}

// Control owns the run. Its methods may be called from any goroutine.
type Control struct {
	o      Options
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	broker *brokerHandle

	certificates certificate.Keeper // of lanes with TLS

	life   sync.Mutex // held while a session begins or ends; taken before mu
	closed bool       // life guards it

	mu      sync.Mutex // guards everything below and inside the session
	session *session   // the newest; nil before the first
	viewers int
	rest    *time.Timer // runs while nobody watches
}

// New prepares a Control and starts the broker if it is ours. It returns an
// error when that cannot be started; a Redis that does not answer is not an
// error, the run waits for it.
func New(ctx context.Context, o Options) (*Control, error) {
	if o.RestAfter == 0 {
		o.RestAfter = restAfter
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Observe == nil {
		o.Observe = func(View) {}
	}
	if err := Check(o.Scenario, o.MaxMemoryBytes); err != nil {
		return nil, err
	}
	c := &Control{o: o}
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	c.broker = newBroker(o.Broker, o.Supervisor, o.Log)
	if err := c.broker.start(ctx); err != nil {
		c.cancel()
		return nil, err
	}
	return c, nil
}

// Close ends the run and the broker and waits for both. Nothing begins after it.
func (c *Control) Close() {
	c.life.Lock()
	defer c.life.Unlock()
	c.closed = true
	c.end(wire.StateStopped)
	c.mu.Lock()
	if c.rest != nil {
		c.rest.Stop()
	}
	c.mu.Unlock()
	c.cancel()
	c.broker.close()
}

// maxLimitBytes is each lane's share of the ceiling. c.mu is held.
func (c *Control) maxLimitBytes() int64 { return share(c.o.MaxMemoryBytes, c.o.Scenario) }

// Start begins a run unless one is under way. It returns before the processes
// are ready; the state tells how far it is.
func (c *Control) Start() {
	c.life.Lock()
	defer c.life.Unlock()
	if !c.running() {
		c.begin()
	}
}

// Stop ends the run. What it measured stays to be looked at.
func (c *Control) Stop() {
	c.life.Lock()
	defer c.life.Unlock()
	c.end(wire.StateStopped)
}

// Reset ends the run and begins it anew with the scenario's settings.
func (c *Control) Reset() {
	c.life.Lock()
	defer c.life.Unlock()
	c.end(wire.StateStopped)
	c.begin()
}

// Play changes the scenario and begins it, with its steps or to be steered by
// hand. The error wraps ErrInvalid when it cannot be played here; then nothing
// has changed.
func (c *Control) Play(s script.Scenario, steps bool) error {
	if err := Check(s, c.o.MaxMemoryBytes); err != nil {
		return err
	}
	c.life.Lock()
	defer c.life.Unlock()
	c.end(wire.StateStopped)
	if c.closed {
		return ErrNotRunning
	}
	c.mu.Lock()
	c.o.Scenario = s
	c.mu.Unlock()
	c.begin()
	if steps && len(s.Steps) > 0 {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.session.wantSteps()
	}
	return nil
}

// Wake begins a run that rests because nobody watched. A run that somebody
// stopped stays stopped.
func (c *Control) Wake() {
	c.life.Lock()
	defer c.life.Unlock()
	c.mu.Lock()
	resting := c.session == nil || c.session.state == wire.StateRest
	c.mu.Unlock()
	if !resting || c.closed {
		return
	}
	c.begin()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session.rests = true
	if c.viewers == 0 {
		c.restLater() // perhaps it was no browser that asked for the page
	}
}

// Join counts a viewer and wakes the run. The viewer says when it leaves.
func (c *Control) Join() (leave func()) {
	c.mu.Lock()
	c.viewers++
	if c.rest != nil {
		c.rest.Stop()
		c.rest = nil
	}
	c.mu.Unlock()
	c.Wake()
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.viewers--
		if c.viewers == 0 {
			c.restLater()
		}
	})
}

// restLater lets the run rest after a while without viewers. c.mu is held.
func (c *Control) restLater() {
	if c.rest != nil {
		c.rest.Stop()
	}
	c.rest = time.AfterFunc(c.o.RestAfter, func() {
		c.life.Lock()
		defer c.life.Unlock()
		c.mu.Lock()
		sleep := c.viewers == 0 && c.session != nil && c.session.rests
		c.mu.Unlock()
		if sleep && !c.closed {
			c.end(wire.StateRest)
		}
	})
}

func (c *Control) running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session != nil && c.session.alive()
}

// begin starts a new session, unless the Control is closed. c.life is held.
func (c *Control) begin() {
	if c.closed {
		return
	}
	c.mu.Lock()
	rests := c.viewers > 0
	s := newSession(c)
	s.rests = rests
	c.session = s
	c.mu.Unlock()
	c.o.Changed()
	s.wg.Go(s.tickLoop)
	s.wg.Go(s.open)
}

// end stops the session's processes and waits for them. c.life is held.
func (c *Control) end(state wire.State) {
	c.mu.Lock()
	s := c.session
	if s == nil || s.state == state || s.state == wire.StateRest {
		c.mu.Unlock()
		return
	}
	lived := s.alive()
	s.finish(state)
	c.mu.Unlock()
	c.o.Changed() // clearing up takes a moment; the page need not wait for it
	if lived {
		s.close()
		c.o.Observe(c.View())
		if !c.closed {
			c.broker.renew()
		}
	}
}
