package script

import (
	"slices"
	"strings"
	"time"
)

// clock is how late it may be: waits count with their timeout.
type clock struct {
	latest   time.Duration
	waitLine int // of a wait since which no time is certain; 0 is none
	over     bool
}

func (c *checker) steps() {
	steps := c.root.at("steps")
	if !steps.good() {
		return
	}
	if most := c.v.Bounds.MaxSteps; most > 0 && len(steps.list) > most {
		c.at(steps.name(), "", "%d steps, at most %d", len(steps.list), most)
		return
	}
	var now clock
	var asked *Step // has a question whose answer is not shown yet
	state := c.begin()
	over := c.over(state)
	for i, s := range steps.list {
		if !s.good() {
			continue
		}
		step := &c.s.Steps[i]
		c.when(s, step, i == 0, &now)
		c.does(s, step)
		if step.Reveal {
			c.reveal(s, step, asked)
			asked = nil
		}
		if step.Predict != nil {
			c.predict(s.at("predict"), step.Predict)
			asked = step
		}
		if step.Set != nil {
			c.set(s.at("set"), step.Set)
			if state.change(step.Set) && !over {
				over = c.load(state, s.at("set"))
			}
		}
	}
}

// does checks that a step does something, and the small things it may do.
func (c *checker) does(s *spot, step *Step) {
	something := step.Reveal
	for _, key := range []string{"wait_until", "set", "restart", "say", "note", "predict", "pause"} {
		something = something || s.at(key).there()
	}
	if !something {
		c.at(s.name(), "", "the step does nothing: want set, restart, say, note, predict, reveal or pause")
	}
	c.text(s, "say", step.Say, maxNote)
	c.text(s, "note", step.Note, maxNote)
	if restart := s.at("restart"); restart.there() {
		c.knownLane(restart, restart.token(), step.Restart)
	}
	if pause := s.at("pause"); pause.there() {
		c.known(pause, pause.token(), "pause", step.Pause, []string{PausePresenter})
	}
}

// when checks the time of a step.
func (c *checker) when(s *spot, step *Step, first bool, now *clock) {
	var times []string // in the order of the file
	for _, entry := range s.list {
		if name := entry.key.Value; name == "at" || name == "after" || name == "wait_until" {
			times = append(times, name)
		}
	}
	switch len(times) {
	case 0:
		c.at(s.name(), "", "when is the step? want one of at, after or wait_until")
		return
	case 1:
	default:
		c.at(s.at(times[1]).name(), "", "a step has one of at, after and wait_until, not %s", strings.Join(times, " and "))
		return
	}
	at := s.at(times[0])
	timeout := s.at("timeout")
	if times[0] != "wait_until" && timeout.there() {
		c.at(timeout.name(), "", "timeout is for wait_until: this step does not wait")
	}
	if !at.good() && times[0] != "wait_until" {
		return
	}
	switch times[0] {
	case "at":
		c.inOrder(at, time.Duration(*step.At), first, now)
	case "after":
		if *step.After == 0 && !first {
			c.bad(at, "", "0s after the step before: write what both do in one step")
		}
		now.latest += time.Duration(*step.After)
	default:
		c.wait(s, step, at)
		now.latest += time.Duration(step.Timeout)
		now.waitLine = step.Line
	}
	if most := time.Duration(c.v.Bounds.MaxRun); most > 0 && now.latest > most && !now.over {
		now.over = true
		c.at(at.name(), "", "all steps together may last %s until here, waits at their longest; at most %s", Duration(now.latest), Duration(most))
	}
}

// inOrder checks that a fixed time cannot have passed.
func (c *checker) inOrder(s *spot, at time.Duration, first bool, now *clock) {
	switch {
	case at < now.latest && now.waitLine > 0:
		c.bad(s, "", "at %s, but the wait in line %d may last until %s: want after, the time since the step before", Duration(at), now.waitLine, Duration(now.latest))
	case at < now.latest:
		c.bad(s, "", "at %s, but the step before is at %s: steps are in the order of time", Duration(at), Duration(now.latest))
	case at == now.latest && !first && now.waitLine == 0:
		c.bad(s, "", "two steps at %s: write what both do in one step", Duration(at))
	}
	now.latest, now.waitLine = max(at, now.latest), 0
}

// reveal checks that there is an answer to show.
func (c *checker) reveal(s *spot, step *Step, asked *Step) {
	switch {
	case step.Predict != nil:
		c.at(s.at("reveal").name(), "", "the step asks and answers at once: reveal in a later step")
	case asked == nil:
		c.at(s.at("reveal").name(), "", "nothing to reveal: no step before asks with predict, or its answer is shown already")
	}
}

// predict checks a question to the audience.
func (c *checker) predict(s *spot, p *Predict) {
	if !s.good() {
		return
	}
	for _, key := range []struct{ name, want string }{
		{"question", "text"}, {"options", "2 to 6 answers to choose from"}, {"answer", "one of the options"},
	} {
		if !s.at(key.name).there() {
			c.missing(s, key.name, key.want)
		}
	}
	c.sentence(s, "question", p.Question, maxQuestion)
	c.text(s, "because", p.Because, maxNote)
	c.words(s.at("options"), "option", p.Options, minOptions, maxOptions, maxOption)
	answer := s.at("answer")
	if answer.good() && s.at("options").good() && !slices.Contains(p.Options, p.Answer) {
		c.bad(answer, nearest(p.Answer, p.Options), "the answer %s is not one of the options", quoted(p.Answer))
	}
}

// A prediction has so many options.
const (
	minOptions = 2
	maxOptions = 6
)
