package producer

import (
	"math"
	"time"
)

const (
	// Tick is the distance between two looks at what is due. A message is made
	// at the first tick behind its time, so up to 10 ms late, and a hundred
	// ticks a second cost next to nothing.
	Tick = 10 * time.Millisecond
	// CatchUp is how much of the schedule is made up for at once after the
	// producer could not run: enough for a busy machine or a short wait for the
	// broker, and no flood after a long one.
	CatchUp = time.Second
)

// schedule says when messages are due. It is a pure function of the times it is
// told and of the settings: it reads no clock.
//
// Each group has a clock that counts turns: one turn is the pause between two
// messages of a channel, on average. A channel knows at which turn its next
// message is due. So a new rate only changes how fast the clock of the group
// runs, a pause stops it, and no error adds up over a long run.
type schedule struct {
	running time.Duration // of all ticks that count: without pauses and without what was forgone
	last    time.Time     // of the last tick; zero before the first
	forgone time.Duration
	behind  time.Duration // how late the last tick was
	paused  bool
	groups  []*group
}

// group is a group with its clock and its channels.
type group struct {
	Group
	since    time.Duration // schedule.running when the rate was set
	turns    float64       // of the clock at that moment
	channels []*channel    // all that ever were; the first active ones produce
	active   int
}

// channel is one sequence of messages.
type channel struct {
	stream Stream
	seq    uint64  // given out last
	pos    uint64  // where the next message begins; see wire.Header
	dueAt  float64 // turn of the group's clock at which the next message is due
	record *record // what others may know about it
}

// moving reports whether anything will ever be due.
func (s *schedule) moving() bool {
	if s.paused {
		return false
	}
	for _, g := range s.groups {
		if g.active > 0 && g.RatePerSecond > 0 {
			return true
		}
	}
	return false
}

// rest forgets the last tick: the time until the next one does not count.
func (s *schedule) rest() { s.last, s.behind = time.Time{}, 0 }

// advance moves the clocks on to now. What is more than CatchUp is forgone.
func (s *schedule) advance(now time.Time) {
	if s.last.IsZero() {
		s.last = now
		return
	}
	passed := now.Sub(s.last)
	s.last = now
	s.behind = max(passed-Tick, 0)
	if s.paused {
		return
	}
	if over := passed - CatchUp; over > 0 {
		s.forgone += over
		passed = CatchUp
	}
	s.running += passed
}

// clock is where the clock of g stands.
func (s *schedule) clock(g *group) float64 {
	return g.turns + g.RatePerSecond*(s.running-g.since).Seconds()
}

// set changes what g is to do from now on. The caller then fills up its
// channels, see lacking and join.
func (s *schedule) set(g *group, to Group) {
	if to.RatePerSecond != g.RatePerSecond {
		g.turns, g.since = s.clock(g), s.running
	}
	g.Group = to
	known := min(len(g.channels), to.size())
	for i := g.active; i < known; i++ { // these come back
		s.start(g, i)
	}
	g.active = known
}

// lacking is how many channels g has to be given.
func (g *group) lacking() int { return g.size() - len(g.channels) }

// join adds a channel to g and starts it.
func (s *schedule) join(g *group, c *channel) {
	g.channels = append(g.channels, c)
	s.start(g, len(g.channels)-1)
	g.active = len(g.channels)
}

// start sets when channel i of g begins: between now and a turn later, at a
// point that its index alone decides. Multiples of the golden ratio cut the turn
// evenly for any number of channels, so the load is smooth and not a burst once
// a turn, and nobody has to move when the number changes.
func (s *schedule) start(g *group, i int) {
	_, phase := math.Modf(float64(i) * (math.Phi - 1))
	c := g.channels[i]
	c.dueAt = s.clock(g) + phase - 1 + c.stream.Gap()
}
