package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"spillway/wasm/throttle"
	"spillway/wasm/wire"
	"spillway/web/chart"
)

// The log of a run is bounded: the oldest lines go, long ones are cut. All of it
// fits in one frame of the hub.
const (
	maxEntries    = 200
	maxEntryBytes = 600
)

// Entry is one line of the log.
type Entry struct {
	At    time.Duration // since the run's start
	Kind  EntryKind
	Text  string // one or two sentences
	Grave bool   // a death or a loss
}

// EntryKind says whose line it is.
type EntryKind uint8

// The kinds of lines.
const (
	Observed EntryKind = iota // something that happened
	Scripted                  // a step of the scenario did it
	ByHand                    // a person did it, while the steps ran or without them
	Said                      // by the scenario, to the audience
)

// events are what a session has to tell besides numbers.
type events struct {
	log     []Entry // oldest first; never changed in place, so that readers may keep it
	version uint64  // counts every change that a page shows as words
	marks   uint64  // counts marks on the curves

	unsettled   time.Time // last change of a slider that the log has not told; zero if none
	toldSetting Settings  // what it has told
	brokerTold  string
	fullTold    bool
	lostTold    uint64 // messages lost with the broker
}

// say writes a line. Control.mu is held.
func (s *session) say(grave bool, text string) {
	if len(text) > maxEntryBytes {
		text = strings.ToValidUTF8(text[:maxEntryBytes], "") + " …"
	}
	e := &s.events
	e.log = append(slices.Clone(e.log), Entry{At: s.elapsed(), Text: text, Grave: grave})
	if len(e.log) > maxEntries {
		e.log = e.log[len(e.log)-maxEntries:]
	}
	e.version++
}

func (s *session) opening() string {
	s.events.toldSetting = s.settings
	readers := many(uint64(s.settings.SlowReaders+s.settings.HealthyReaders), "reader")
	if len(s.lanes) == 1 {
		return fmt.Sprintf("One lane, %s.", readers)
	}
	return fmt.Sprintf("%d lanes, %s each, the same messages.", len(s.lanes), readers)
}

// noteChange remembers that settings moved. A slider that is being dragged
// changes ten times a second; the log speaks once it rests.
func (s *session) noteChange(before Settings) {
	if s.events.unsettled.IsZero() {
		s.events.toldSetting = before
	}
	s.events.unsettled = time.Now()
}

// settleEvents tells what changed, once it has rested.
func (s *session) settleEvents(now time.Time) {
	e := &s.events
	if e.unsettled.IsZero() || now.Sub(e.unsettled) < settleAfter {
		return
	}
	at := e.unsettled
	e.unsettled = time.Time{}
	before, after := e.toldSetting, s.settings
	s.tellThrottle(at, before, after)
	if before.Paused != after.Paused {
		if after.Paused {
			s.say(false, "The slow readers are paused: they read nothing at all.")
			s.markAll(at, "paused")
		} else {
			s.say(false, "The slow readers read again.")
			s.markAll(at, "resumed")
		}
	}
	if before.SlowReaders != after.SlowReaders {
		s.say(false, many(uint64(after.SlowReaders), "slow reader")+" in each lane now.")
	}
	if before.HealthyReaders != after.HealthyReaders {
		s.say(false, many(uint64(after.HealthyReaders), "healthy reader")+" in each lane now.")
	}
	if before.Retention != after.Retention {
		if after.Retention == 0 {
			s.say(false, "The streams keep what somebody has still to read.")
		} else {
			s.say(false, fmt.Sprintf("Each stream keeps its last %s messages, read or not.", chart.Count(uint64(after.Retention))))
		}
	}
	if before.RatePerSecond != after.RatePerSecond || before.SizeBytes != after.SizeBytes {
		s.say(false, fmt.Sprintf("Each reader is sent %v messages a second of %s now.", after.RatePerSecond, chart.Bytes(float64(after.SizeBytes))))
	}
	for _, l := range s.lanes {
		if b, a := before.Lanes[l.name].LimitBytes, after.Lanes[l.name].LimitBytes; a != b {
			s.say(false, fmt.Sprintf("%s may use %s now.", l.name, chart.Bytes(float64(a))))
		}
	}
}

// tellThrottle writes one line if all lanes changed alike, else one for each.
func (s *session) tellThrottle(at time.Time, before, after Settings) {
	same := true
	var changed []*laneRun
	for _, l := range s.lanes {
		if before.Lanes[l.name].Throttle != after.Lanes[l.name].Throttle {
			changed = append(changed, l)
		}
		same = same && after.Lanes[l.name].Throttle == after.Lanes[s.lanes[0].name].Throttle
	}
	if len(changed) == 0 {
		return
	}
	if same {
		rate := s.rate(s.lanes[0].name)
		s.say(false, slowSentence("The slow readers", rate))
		s.markAll(at, slowLabel(rate))
		return
	}
	for _, l := range changed {
		rate := s.rate(l.name)
		s.say(false, slowSentence("The slow readers of "+l.name, rate))
		s.markAt(l, at, chart.MarkNote, slowLabel(rate))
	}
}

func (s *session) markAll(at time.Time, label string) {
	for _, l := range s.lanes {
		if !l.ended() {
			s.markAt(l, at, chart.MarkNote, label)
		}
	}
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

// brokerFull tells whether the producer waits because the broker takes no more.
// After the broker was away it waits for a moment too.
func (s *session) brokerFull() bool {
	h := s.broker.health
	return h.Up && h.MaxMemoryBytes > 0 && h.UsedMemoryBytes >= h.MaxMemoryBytes/10*9 &&
		s.producer.StallMicros > uint64(time.Second.Microseconds())
}

// noteBroker tells when the broker goes, comes back, loses its streams, or is
// full.
func (s *session) noteBroker() {
	before := s.broker
	s.broker = s.c.broker.read()
	trouble := ""
	if !s.broker.health.Up && s.broker.health.Err != nil {
		trouble = s.broker.health.Err.Error()
	}
	e := &s.events
	if trouble != "" && e.brokerTold == "" {
		s.say(true, "The broker does not answer: "+trouble+". The run waits for it.")
	}
	if trouble == "" && e.brokerTold != "" && s.broker.health.Up {
		s.say(false, "The broker is back. The run goes on.")
	}
	if s.broker.health.Up || trouble != "" {
		if (trouble == "") != (e.brokerTold == "") {
			e.version++
		}
		e.brokerTold = trouble
	}
	if s.broker.restarts > before.restarts && !before.health.At.IsZero() {
		s.say(true, "The broker was started anew, without what it had held.")
	}
	if lost := s.producer.Lost; lost != e.lostTold {
		if lost > e.lostTold { // else the producer itself is a new one
			s.say(true, fmt.Sprintf("%s lost with the broker: what waited there for its readers is a gap for them.", were(lost-e.lostTold, "message")))
		}
		e.lostTold = lost
	}
	full := s.brokerFull()
	if full != e.fullTold {
		e.fullTold = full
		if full {
			s.say(true, fmt.Sprintf("The broker is full (%s): the producer waits until somebody reads. Nothing is lost.",
				chart.Bytes(float64(s.broker.health.UsedMemoryBytes))))
		} else {
			s.say(false, "The broker has room again: the producer goes on.")
		}
	}
	switch {
	case trouble != "" && s.state == wire.StateRunning:
		s.state = wire.StateWaiting
	case trouble == "" && s.state == wire.StateWaiting:
		s.state = wire.StateRunning
	}
}
