package account_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/account"
)

// step is one thing that happens, n times.
type step struct {
	do string
	n  int
}

// story is a case: one world, and what happens in it.
type story struct {
	replayable, unordered, drops bool
	steps                        []step
}

var doings = []string{
	"produce", "produce", "fetch", "fetch", "write", "write", "ack", "arrive", "read", "read",
	"drop oldest", "drop newest", "trim", "cut", "resubscribe", "connect", "connect", "close", "die", "notice", "hang up", "look", "look",
}

func randomStory(seed uint64) story {
	r := rand.New(rand.NewPCG(seed, 1))
	s := story{replayable: r.IntN(2) == 0, unordered: r.IntN(4) == 0, drops: r.IntN(2) == 0}
	s.steps = append(s.steps, step{"connect", 1})
	for range 10 + r.IntN(60) {
		s.steps = append(s.steps, step{doings[r.IntN(len(doings))], 1 + r.IntN(6)})
	}
	return s
}

// tally is how often a story was looked at, and how often exactly.
type tally struct{ looks, exact int }

// play tells the story and compares account and world at every look.
func (s story) play(t *tally) error {
	w := newWorld(s.replayable, s.unordered)
	r := rand.New(rand.NewPCG(7, 7))
	var books account.Books
	look := func() error { return compare(&books, w, t) }
	for i, step := range append(slices.Clone(s.steps), step{"look", 1}) {
		var err error
		switch step.do {
		case "produce":
			w.produce(step.n, step.n*17)
		case "fetch":
			w.fetch(step.n)
		case "write":
			w.write(step.n, r)
		case "ack":
			move(&w.queue, &w.flight, step.n, inFlight)
		case "arrive":
			move(&w.flight, &w.held, step.n, inHeld)
		case "read":
			w.read(step.n)
		case "drop oldest", "drop newest":
			if s.drops {
				w.drop(step.n, step.do == "drop newest")
			}
		case "trim":
			w.trim(step.n)
		case "cut":
			w.cut()
		case "resubscribe":
			w.subscribed = w.row != nil
		case "connect":
			err = look() // what ended in the same second as the next began is a guess
			w.connect()
		case "close", "die": // a connection that its reader has named at least once
			err = look()
			w.disconnect(step.do == "close")
		case "notice":
			w.notice()
		case "hang up":
			err = look()
			w.disconnect(true)
			w.notice()
		case "look":
			err = look()
		}
		if err != nil {
			return fmt.Errorf("step %d, %s: %w", i, step.do, err)
		}
	}
	return nil
}

func compare(books *account.Books, w *world, t *tally) error {
	sums, produced := w.counted()
	got, lines := books.Add(w.say())
	have := [fates]uint64{
		got.Broker, got.Backlog, got.SendQueue, got.InFlight, got.Held, got.Consumed,
		got.LostStrategy, got.LostTrimmed, got.LostBroker, got.LostLeft,
	}
	t.looks++
	switch {
	case got.Gap != 0:
		return fmt.Errorf("a gap of %d in %+v, the world has %v", got.Gap, got, sums)
	case got.Produced != produced:
		return fmt.Errorf("produced %d, the world has %d", got.Produced, produced)
	case len(lines) != 1 || lines[0].Gap != 0:
		return fmt.Errorf("lines %+v", lines)
	}
	ending := w.row == nil && w.reader.ID != 0 && w.replayable
	if w.vague || ending && (w.unordered || w.droppedOnIt || w.holeOnIt) {
		lost := func(s [fates]uint64) (sum uint64) {
			for _, f := range []fate{inBroker, lostStrategy, lostTrimmed, lostBroker, lostLeft} {
				sum += s[f]
			}
			return sum
		}
		if lost(have) != lost(sums) {
			return fmt.Errorf("lost or in the broker %d, the world has %d", lost(have), lost(sums))
		}
		for _, f := range []fate{inBroker, lostStrategy, lostTrimmed, lostBroker, lostLeft} {
			sums[f], have[f] = 0, 0
		}
	} else {
		t.exact++
	}
	for f := range fates {
		if have[f] != sums[f] {
			return fmt.Errorf("%v: %d, the world has %d; account %v, world %v", f, have[f], sums[f], have, sums)
		}
	}
	return nil
}

// shrink takes steps away, and makes them smaller, for as long as it fails.
func (s story) shrink() story {
	fails := func(s story) bool { return s.play(new(tally)) != nil }
	for size := len(s.steps); size > 0; size /= 2 {
		for i := 0; i+size <= len(s.steps); {
			smaller := s
			smaller.steps = slices.Delete(slices.Clone(s.steps), i, i+size)
			if fails(smaller) {
				s = smaller
			} else {
				i++
			}
		}
	}
	for i := range s.steps {
		for s.steps[i].n > 1 {
			smaller := s
			smaller.steps = slices.Clone(s.steps)
			smaller.steps[i].n--
			if !fails(smaller) {
				break
			}
			s = smaller
		}
	}
	return s
}

// Whatever happens, every byte is where the account says.
func TestAccountOfAnyWorld(t *testing.T) {
	var all tally
	for seed := range uint64(20_000) {
		s := randomStory(seed)
		if err := s.play(&all); err != nil {
			small := s.shrink()
			t.Fatalf("seed %d: %v\nthe smallest case found: %+v\n%v", seed, err, small, small.play(new(tally)))
		}
	}
	require.Greater(t, all.exact, all.looks*9/10, "by whom is a guess too often: %+v", all)
}
