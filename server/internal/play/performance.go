package play

import (
	"context"
	"fmt"
	"time"

	"spillway/scenarios/script"
)

// performance is one Run: a player on its stage.
type performance struct {
	*Player
	ctx   context.Context
	stage Stage
	timer *time.Timer // the only one
	late  time.Duration
}

// step waits for the i-th step and does it. It tells whether it got through
// before the context ended.
func (r *performance) step(i int) bool {
	s := r.steps[i]
	timed := s.At != nil || s.After != nil
	inTime := true
	if timed {
		r.awaitTime(i)
	} else {
		inTime = r.awaitConditions(i, s)
	}
	if r.ctx.Err() != nil {
		return false
	}
	r.happen(i, timed, inTime)
	if !inTime {
		r.tell(i, KindTimedOut, fmt.Sprintf("%s was not true within %s.", conditions(s.WaitUntil), span(time.Duration(s.Timeout))))
	}
	return r.act(i, s)
}

// awaitTime waits for the time of a step.
func (r *performance) awaitTime(i int) {
	r.mu.Lock()
	due := r.began.Add(r.paused + r.view.Steps[i].Plan)
	r.view.State = Playing
	r.mark(i, func(s *Step) { s.State = Current })
	r.mu.Unlock()
	if wait := time.Until(due); wait > 0 {
		r.timer.Reset(wait)
		select {
		case <-r.timer.C:
		case <-r.ctx.Done():
		}
	}
}

// awaitConditions waits until all conditions are true at once; false when they
// were not within the timeout. Without a timeout it waits as long as it takes.
func (r *performance) awaitConditions(i int, s script.Step) bool {
	r.mu.Lock()
	r.plan(i, r.clock())
	r.view.State = Waiting
	r.mark(i, func(s *Step) { s.State = Current })
	r.mu.Unlock()
	r.timer.Stop()
	if s.Timeout > 0 {
		r.timer.Reset(time.Duration(s.Timeout))
	}
	for !r.hold(s.WaitUntil) {
		select {
		case <-r.observed:
		case <-r.timer.C:
			return r.hold(s.WaitUntil) // a measurement may have come at the same moment
		case <-r.ctx.Done():
			return false
		}
	}
	return true
}

// hold tells whether all conditions are true now.
func (r *performance) hold(all script.Conditions) bool {
	for _, c := range all {
		if seen, ok := r.stage.Value(c.Selector); !ok || !c.Operator.Holds(seen, c.Wanted) {
			return false
		}
	}
	return true
}

// happen notes that a step happens now.
func (r *performance) happen(i int, timed, inTime bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := r.clock()
	r.late = 0
	r.plan(i+1, at)
	r.mark(i, func(s *Step) {
		s.State, s.At = Happened, at
		if !inTime {
			s.State = TimedOut
		}
		if timed {
			s.LateBy = max(0, at-s.Plan)
		}
		r.late = s.LateBy
	})
	r.view.State = Playing
	r.view.Next = i + 1
}

// act does what a step says, in this order, and tells whether it got through
// before the context ended.
func (r *performance) act(i int, s script.Step) bool {
	for _, a := range []struct {
		asked bool
		do    func()
	}{
		{s.Predict != nil, func() { r.ask(i, s.Predict) }},
		{s.Set != nil, func() { r.try(i, KindSet, setting(*s.Set), r.stage.Set(*s.Set)) }},
		{s.Restart != "", func() { r.try(i, KindRestart, s.Restart, r.stage.Restart(s.Restart)) }},
		{s.Say != "", func() { r.speak(i, KindSay, s.Say, &r.view.Say) }},
		{s.Note != "", func() { r.speak(i, KindNote, s.Note, &r.view.Note) }},
		{s.Reveal, func() { r.reveal(i) }},
		{s.Pause == script.PausePresenter && r.o.Presenter, func() { r.pause(i) }},
	} {
		if a.asked && r.ctx.Err() == nil {
			a.do()
		}
	}
	return r.ctx.Err() == nil
}

// try tells what the stage did, or that it refused.
func (r *performance) try(i int, kind Kind, text string, err error) {
	if err == nil {
		r.tell(i, kind, text)
		return
	}
	r.mu.Lock()
	r.mark(i, func(s *Step) {
		if s.State != TimedOut { // graver
			s.State = Refused
		}
	})
	r.mu.Unlock()
	r.tell(i, KindRefused, err.Error())
}

func (r *performance) speak(i int, kind Kind, text string, where *string) {
	r.mu.Lock()
	*where = text
	r.mu.Unlock()
	r.tell(i, kind, text)
}

// show puts a prediction where views find it. Views keep the one they have.
func (r *performance) show(a Ask) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.view.Ask = &a
}

func (r *performance) ask(i int, p *script.Predict) {
	r.answer = p
	r.show(Ask{Question: p.Question, Options: p.Options})
	r.tell(i, KindAsk, p.Question)
}

// reveal shows the answer to the newest prediction, once.
func (r *performance) reveal(i int) {
	p := r.answer
	if p == nil {
		return
	}
	r.answer = nil
	r.show(Ask{Question: p.Question, Options: p.Options, Answer: p.Answer, Because: p.Because})
	text := p.Answer
	if p.Because != "" {
		text += ": " + p.Because
	}
	r.tell(i, KindReveal, text)
}

// pause waits for the presenter. The clock of the script stands still.
func (r *performance) pause(i int) {
	goOn := make(chan struct{})
	r.mu.Lock()
	r.since = time.Now()
	r.goOn = goOn
	r.view.State = Paused
	r.mu.Unlock()
	r.tell(i, KindPaused, "")
	select {
	case <-goOn:
		r.tell(i, KindContinued, "")
	case <-r.ctx.Done():
	}
}

// tell reports to the stage, unless the run has ended.
func (r *performance) tell(i int, kind Kind, text string) {
	if r.ctx.Err() == nil {
		r.stage.Happened(Event{Step: i, Kind: kind, Text: text, LateBy: r.late})
	}
}
