package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

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

// String is the kind as the API spells it.
func (k EntryKind) String() string {
	return [...]string{"observed", "scripted", "by hand", "said"}[k]
}

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
func (s *session) say(kind EntryKind, grave bool, text string) {
	if len(text) > maxEntryBytes {
		text = strings.ToValidUTF8(text[:maxEntryBytes], "") + " …"
	}
	e := &s.events
	e.log = append(slices.Clone(e.log), Entry{At: s.elapsed(), Kind: kind, Text: text, Grave: grave})
	if len(e.log) > maxEntries {
		e.log = e.log[len(e.log)-maxEntries:]
	}
	e.version++
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
		s.say(Observed, true, "The broker does not answer: "+trouble+". The run waits for it.")
	}
	if trouble == "" && e.brokerTold != "" && s.broker.health.Up {
		s.say(Observed, false, "The broker is back. The run goes on.")
	}
	if s.broker.health.Up || trouble != "" {
		if (trouble == "") != (e.brokerTold == "") {
			e.version++
		}
		e.brokerTold = trouble
	}
	if s.broker.restarts > before.restarts && !before.health.At.IsZero() {
		s.say(Observed, true, "The broker was started anew, without what it had held.")
	}
	if lost := s.producer.Lost; lost != e.lostTold {
		if lost > e.lostTold { // else the producer itself is a new one
			s.say(Observed, true, fmt.Sprintf("%s lost with the broker: what waited there for its readers is a gap for them.", were(lost-e.lostTold, "message")))
		}
		e.lostTold = lost
	}
	full := s.brokerFull()
	if full != e.fullTold {
		e.fullTold = full
		if full {
			s.say(Observed, true, fmt.Sprintf("The broker is full (%s): the producer waits until somebody reads. Nothing is lost.",
				chart.Bytes(float64(s.broker.health.UsedMemoryBytes))))
		} else {
			s.say(Observed, false, "The broker has room again: the producer goes on.")
		}
	}
	switch {
	case trouble != "" && s.state == wire.StateRunning:
		s.state = wire.StateWaiting
	case trouble == "" && s.state == wire.StateWaiting:
		s.state = wire.StateRunning
	}
}
