package run

import (
	"time"

	"spillway/server/internal/lane"
	"spillway/server/internal/supervisor"
)

// lookFor is how long a lane goes on looking at its code after somebody who is no
// viewer has asked.
const lookFor = 10 * time.Second

// looking is whether a lane looks where its goroutines wait, and what it saw.
type looking struct {
	code   *lane.Code // of the last second; nil while it does not look
	told   lane.Command
	by     *supervisor.Process // that was told
	until  time.Time           // for somebody who asked
	anyway bool                // however many goroutines there are
}

// Look lets a lane look where its goroutines wait for the next ten seconds, though
// nobody watches. While somebody does it looks by itself.
func (c *Control) Look(name string) error {
	return c.withLane(name, func(l *laneRun) { l.look.until = time.Now().Add(lookFor) })
}

// LookAnyway lets a lane look however many goroutines there are, until the run
// ends.
func (c *Control) LookAnyway(name string) error {
	return c.withLane(name, func(l *laneRun) { l.look.anyway = true })
}

func (c *Control) withLane(name string, do func(*laneRun)) error {
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
	do(l)
	return nil
}

// lookIntoLanes tells those lanes to look that somebody watches, and the others
// not to. Control.mu is held.
func (s *session) lookIntoLanes(now time.Time) {
	for _, l := range s.lanes {
		on := s.c.viewers > 0 || now.Before(l.look.until)
		if command, ok := l.look.tell(l.proc, on && !l.ended()); ok {
			s.send(l.proc, command)
		}
	}
}

// tell is what a lane's process has to be told, if it has not been.
func (l *looking) tell(proc *supervisor.Process, on bool) (lane.Command, bool) {
	if !on || l.by != proc {
		l.code = nil
	}
	if l.by != proc {
		l.by, l.told = proc, lane.Command{}
	}
	if is(l.told.Code) == on && is(l.told.CodeAnyway) == l.anyway {
		return lane.Command{}, false
	}
	anyway := l.anyway
	l.told = lane.Command{Code: &on, CodeAnyway: &anyway}
	return l.told, proc != nil
}

// take keeps what a lane saw. It looks once a second and reports more often.
func (l *looking) take(code *lane.Code) {
	if code != nil && is(l.told.Code) {
		l.code = code
	}
}

func is(b *bool) bool { return b != nil && *b }
