package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"spillway/scenarios/script"
	"spillway/wasm/throttle"
	"spillway/web/chart"
)

func (s *session) opening() string {
	s.events.toldSetting = s.settings
	readers := many(uint64(s.settings.crowd()), "reader")
	if len(s.lanes) == 1 {
		return fmt.Sprintf("One lane, %s.", readers)
	}
	return fmt.Sprintf("%d lanes, %s each, the same messages.", len(s.lanes), readers)
}

// changeByHand applies what a person chose. A slider that is being dragged
// changes ten times a second; the log speaks once it rests.
func (s *session) changeByHand(next Settings) {
	if s.events.unsettled.IsZero() {
		s.events.toldSetting = s.settings
	}
	s.events.unsettled = time.Now()
	s.apply(next)
}

// changeByScript applies what a step says, and tells it at once.
func (s *session) changeByScript(next Settings) {
	now := time.Now()
	s.settle(now) // what a hand did before is told as the hand's
	before := s.settings
	s.apply(next)
	s.tellChanges(Scripted, now, before, next)
}

// settleEvents tells what a hand changed, once it has rested.
func (s *session) settleEvents(now time.Time) {
	if now.Sub(s.events.unsettled) >= settleAfter {
		s.settle(s.events.unsettled)
	}
}

func (s *session) settle(at time.Time) {
	e := &s.events
	if e.unsettled.IsZero() {
		return
	}
	e.unsettled = time.Time{}
	s.tellChanges(ByHand, at, e.toldSetting, s.settings)
}

// tellChanges writes a line for everything that differs, and marks on the curves
// where it concerns the readers.
func (s *session) tellChanges(kind EntryKind, at time.Time, before, after Settings) {
	s.tellThrottle(kind, at, before, after)
	if before.Paused != after.Paused {
		s.tellAllLanes(kind, at, pausedSentence("The readers", after.Paused), pausedLabel(after.Paused))
	}
	for _, name := range groupNames(s.scenario) {
		s.tellGroup(kind, at, name, before.Readers[name], after.Readers[name])
	}
	if before.Retention != after.Retention {
		if after.Retention == 0 {
			s.say(kind, false, "The streams keep what somebody has still to read.")
		} else {
			s.say(kind, false, fmt.Sprintf("Each stream keeps its last %s messages, read or not.", chart.Count(uint64(after.Retention))))
		}
	}
	if before.RatePerSecond != after.RatePerSecond || before.SizeBytes != after.SizeBytes {
		s.say(kind, false, fmt.Sprintf("Each reader is sent %v messages a second of %s now.", after.RatePerSecond, chart.Bytes(float64(after.SizeBytes))))
	}
	for _, l := range s.lanes {
		b, a := before.Lanes[l.name], after.Lanes[l.name]
		if a.LimitBytes != b.LimitBytes {
			s.say(kind, false, fmt.Sprintf("%s may use %s now.", l.name, chart.Bytes(float64(a.LimitBytes))))
		}
		if a.SendBufferBytes != b.SendBufferBytes {
			s.tellSendBuffer(kind, at, l, a.SendBufferBytes)
		}
		if a.GiveBack != b.GiveBack {
			text := l.name + " keeps freed memory for itself now."
			if a.GiveBack {
				text = l.name + " gives freed memory back to the operating system now."
			}
			s.say(kind, false, text)
		}
	}
}

func (s *session) tellGroup(kind EntryKind, at time.Time, name string, before, after GroupSettings) {
	who := readersOfGroup(name)
	if before.Count != after.Count {
		s.tellAllLanes(kind, at, manyOfGroup(after.Count, name)+" in each lane now.", fmt.Sprintf("%d %s", after.Count, name))
	}
	if before.Throttle != after.Throttle {
		rate := throttle.Rate(after.Throttle)
		s.tellAllLanes(kind, at, slowSentence(who, rate), name+" "+slowLabel(rate))
	}
	if before.Paused != after.Paused {
		s.tellAllLanes(kind, at, pausedSentence(who, after.Paused), name+" "+pausedLabel(after.Paused))
	}
	switch {
	case after.Away && !before.Away:
		s.tellAllLanes(kind, at, who+" hang up.", name+" gone")
	case before.Away && !after.Away:
		s.tellAllLanes(kind, at, who+" come back, each where it was.", name+" back")
	}
}

// tellAllLanes writes a line and a mark on every curve.
func (s *session) tellAllLanes(kind EntryKind, at time.Time, text, label string) {
	s.say(kind, false, text)
	for _, l := range s.lanes {
		if !l.ended() {
			s.markAt(l, at, chart.MarkNote, label)
		}
	}
}

// tellThrottle writes one line if all lanes changed alike, else one for each.
func (s *session) tellThrottle(kind EntryKind, at time.Time, before, after Settings) {
	var changed []*laneRun
	for _, l := range s.lanes {
		if before.Lanes[l.name].Throttle != after.Lanes[l.name].Throttle {
			changed = append(changed, l)
		}
	}
	if len(changed) == 0 {
		return
	}
	first := after.Lanes[s.lanes[0].name].Throttle
	if !slices.ContainsFunc(s.lanes, func(l *laneRun) bool { return after.Lanes[l.name].Throttle != first }) {
		rate := throttle.Rate(first)
		s.tellAllLanes(kind, at, slowSentence("The readers", rate), slowLabel(rate))
		return
	}
	for _, l := range changed {
		rate := s.rate(l.name)
		s.say(kind, false, slowSentence("The readers of "+l.name, rate))
		s.markAt(l, at, chart.MarkNote, slowLabel(rate))
	}
}

// readersOfGroup is how a sentence calls a group: "The slow readers", "The
// phones".
func readersOfGroup(name string) string {
	switch {
	case name == script.You:
		return "The tabs"
	case strings.HasSuffix(name, "s"):
		return "The " + name
	}
	return "The " + name + " readers"
}

// manyOfGroup is how a sentence counts them: "200 slow readers", "20 phones".
func manyOfGroup(n int, name string) string {
	if strings.HasSuffix(name, "s") {
		return chart.Count(uint64(n)) + " " + name
	}
	return many(uint64(n), name+" reader")
}

func slowSentence(who string, rate throttle.Rate) string {
	switch rate {
	case throttle.Unlimited:
		return who + " read as fast as they can."
	case throttle.Stopped:
		return who + " have stopped reading."
	}
	return fmt.Sprintf("%s read %s each now.", who, rate)
}

func slowLabel(rate throttle.Rate) string {
	switch rate {
	case throttle.Unlimited:
		return "released"
	case throttle.Stopped:
		return "stopped"
	}
	return "slowed to " + rate.String()
}

func pausedSentence(who string, paused bool) string {
	if paused {
		return who + " are paused: they read nothing at all."
	}
	return who + " read again."
}

func pausedLabel(paused bool) string {
	if paused {
		return "paused"
	}
	return "resumed"
}
