package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"spillway/server/internal/supervisor"
	"spillway/wasm/wire"
)

// noticeable is the backlog from which a card speaks of it.
const noticeable = 1 << 20

// status is the word on a lane's pill.
func (s *session) status(l *laneRun) string {
	switch l.state {
	case wire.StateStarting:
		return "starting"
	case wire.StateRunning:
		if s.state == wire.StateWaiting {
			return "waiting for Redis"
		}
		return "running"
	case wire.StateKilled:
		return fmt.Sprintf("killed, exit code %d", l.exit.Code)
	case wire.StateCrashed:
		if l.exit == nil {
			return "could not start"
		}
		return fmt.Sprintf("ended, exit code %d", l.exit.Code)
	case wire.StateStopped:
		return "stopped"
	}
	return "at rest"
}

// sentence is what a card says in words.
func (s *session) sentence(l *laneRun) string {
	switch l.state {
	case wire.StateStarting:
		return "Starting."
	case wire.StateRunning:
		return s.runningSentence(l)
	case wire.StateKilled:
		if l.lost > 0 && !l.replayable() {
			return fmt.Sprintf("Killed by the supervisor: %s cut off, %s lost.", many(l.cutOff, "reader"), many(l.lost, "message"))
		}
		return fmt.Sprintf("Killed by the supervisor at its limit. %s cut off.", were(l.cutOff, "reader"))
	case wire.StateCrashed:
		if l.exit == nil {
			return l.failure
		}
		if line := telling(l.exit.LogTail); line != "" {
			return line
		}
		return l.exit.String()
	case wire.StateStopped:
		return "Stopped with the run."
	}
	return "Nobody watches, so nothing runs."
}

func (s *session) runningSentence(l *laneRun) string {
	slowed := s.slowed(l.name)
	switch {
	case l.report.Broker != "" && s.state == wire.StateWaiting:
		return "Cannot reach the broker and waits for it."
	case slowed && (l.report.BacklogBytes > noticeable || l.report.Stalled > 0 || l.behind):
		return l.strategy.Slow
	case l.behind:
		return "Catches up: its readers get what waited for them."
	}
	return "Keeps up with every reader."
}

// Verdict says what became of the run, or what to do now.
type Verdict struct {
	Title   string
	Text    string
	Watch   string            // instead of Text for those who may not steer; empty: the same
	Answers map[string]string // a sentence for those who guessed this lane, or "both"
	Actions []string          // "doit", "release", "restart:LANE", "start", "reset"
}

func (s *session) verdict() Verdict {
	dead := s.dead()
	slowed := false
	for _, l := range s.lanes {
		slowed = slowed || s.slowed(l.name)
	}
	switch {
	case !s.alive() && s.state == wire.StateStopped && len(dead) == 0:
		return Verdict{Title: "Stopped", Text: "The figures are those of the last moment.", Actions: []string{"start"}}
	case !s.alive() && len(dead) == 0:
		return Verdict{Title: "At rest", Text: "Nobody watched, so nothing runs.", Actions: []string{"start"}}
	case len(dead) == 0 && !slowed && s.anyBehind():
		return Verdict{Title: "They catch up", Text: "The readers are as fast as they can be. What waited for them is on its way."}
	case len(dead) == 0 && !slowed:
		return Verdict{
			Title:   "What to do now",
			Text:    "Drag “Slow the readers” to the left, and watch the memory of the servers.",
			Watch:   "Somebody will slow the readers down. Watch the memory of the servers.",
			Actions: []string{"doit"},
		}
	case len(dead) == 0:
		return Verdict{
			Title:   "The readers are slow now",
			Text:    "Nothing else has changed: the servers get the same messages as before. Where do they wait?",
			Actions: []string{"release"},
		}
	}
	return s.deathVerdict(dead, slowed)
}

func (s *session) deathVerdict(dead []*laneRun, slowed bool) Verdict {
	v := Verdict{Answers: make(map[string]string)}
	var names []string // of those that ran out of memory
	var others []string
	var full, alive []*laneRun
	for _, l := range dead {
		if l.exit != nil && l.exit.Reason == supervisor.ReasonLimit {
			full, names = append(full, l), append(names, l.name)
		} else {
			others = append(others, l.name)
		}
	}
	for _, l := range s.lanes {
		if !l.ended() {
			alive = append(alive, l)
		}
	}
	if len(full) == 0 {
		v.Title = strings.Join(others, " and ") + " ended"
		v.Text = "Not for lack of memory; the log says why."
	} else {
		v.Title = strings.Join(names, " and ") + " ran out of memory."
		v.Text = s.deathText(full, alive)
		if len(others) > 0 {
			v.Text += fmt.Sprintf(" %s ended for another reason; the log says why.", strings.Join(others, " and "))
		}
		s.answers(&v, names)
	}
	if s.alive() {
		if slowed && len(alive) > 0 {
			v.Actions = append(v.Actions, "release")
		}
		for _, l := range dead {
			v.Actions = append(v.Actions, "restart:"+l.name)
		}
	}
	v.Actions = append(v.Actions, "reset")
	return v
}

func (s *session) deathText(dead, alive []*laneRun) string {
	text := fmt.Sprintf("Every lane got the same %s. ", many(s.producer.Produced, "message"))
	if dead[0].replayable() {
		text += dead[0].name + " needed more than its limit"
	} else {
		text += dead[0].name + " kept what nobody read"
	}
	for _, l := range alive {
		m := s.laneSample(l)
		switch {
		case !l.replayable():
			continue
		case m.Gaps > 0:
			text += fmt.Sprintf("; %s left it in Redis, and its readers miss %s", l.name, many(m.Gaps, "message"))
		case l.behind || m.SlowP50 == 0 || time.Duration(m.SlowP50)*time.Microsecond > caughtUp:
			text += fmt.Sprintf("; %s leaves it in Redis until there is room", l.name)
		default:
			text += fmt.Sprintf("; %s left it in Redis until there was room, and has lost nothing", l.name)
		}
	}
	return text + "."
}

// answers says to each guess what became of it.
func (s *session) answers(v *Verdict, dead []string) {
	all := len(dead) == len(s.lanes)
	for _, l := range s.lanes {
		switch {
		case all && len(s.lanes) > 1:
			v.Answers[l.name] = fmt.Sprintf("You said %s. It was all of them.", l.name)
		case slices.Contains(dead, l.name):
			v.Answers[l.name] = fmt.Sprintf("You said %s.", l.name)
		case l.dead():
			v.Answers[l.name] = fmt.Sprintf("You said %s. That one ended too, but not for lack of memory.", l.name)
		default:
			v.Answers[l.name] = fmt.Sprintf("You said %s. That one is still alive.", l.name)
		}
	}
	switch {
	case all:
		v.Answers["both"] = "You said both."
	case len(s.dead()) == len(s.lanes):
		v.Answers["both"] = "You said both. One of them ended, but not for lack of memory."
	default:
		v.Answers["both"] = "You said both. One of them is still alive."
	}
}

func (s *session) dead() []*laneRun {
	var dead []*laneRun
	for _, l := range s.lanes {
		if l.dead() {
			dead = append(dead, l)
		}
	}
	return dead
}

func (s *session) anyBehind() bool {
	for _, l := range s.lanes {
		if l.behind && !l.ended() {
			return true
		}
	}
	return false
}

// Notice is about the run as a whole; empty when there is nothing to say.
type Notice struct{ Title, Text string }

func (s *session) notice() Notice {
	switch {
	case s.alive() && s.events.brokerTold != "":
		return Notice{"The broker is away", "It does not answer: " + s.events.brokerTold + ". The run waits and goes on when it is back."}
	case s.alive() && s.events.fullTold:
		return Notice{"The broker is full", "It holds what the slow readers have not asked for yet. The producer waits until somebody reads; nothing is lost."}
	}
	return Notice{}
}
