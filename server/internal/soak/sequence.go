package soak

import (
	"fmt"

	"spillway/wasm/reader"
)

// hole is a run of sequence numbers that a reader never got.
type hole struct {
	from, to uint64
	joint    bool // between two connections
	restart  bool // or the broker died during the connection
}

// maxHoles bounds what is remembered of one reader. More are counted as what
// they are not allowed to be.
const maxHoles = 256

// sequence is what came to one reader on one channel, over all its connections.
type sequence struct {
	lossy   bool // on Pub/Sub, which keeps nothing
	last    uint64
	count   uint64
	missing uint64
	repeats uint64
	holes   []hole
	inside  uint64 // of missing, on Pub/Sub: within a connection, and the broker was there
	unkept  uint64 // of missing, of a stream: in holes beyond maxHoles
}

// take notes what one message has changed in a reader's account. first says that
// it is the first one of its connection, restart that the broker has died since
// that began.
func (s *sequence) take(before, after reader.Account, first, restart bool) {
	s.count += after.Messages - before.Messages
	s.repeats += after.Repeats - before.Repeats
	s.last = after.LastSeq
	missing := after.Gaps - before.Gaps
	if missing == 0 {
		return
	}
	s.missing += missing
	h := hole{from: after.LastSeq - missing, to: after.LastSeq - 1, joint: first, restart: restart}
	switch {
	case s.lossy && !first && !restart:
		s.inside += missing
	case s.lossy:
	case len(s.holes) == maxHoles:
		s.unkept += missing
	default:
		s.holes = append(s.holes, h)
	}
}

// Verdict is what became of one reader's sequence.
type Verdict struct {
	Messages uint64
	Gap      uint64 // missing, and nothing may have taken it
	Broker   uint64 // missing, in a broker that came back empty
	Unkept   uint64 // missing, on Pub/Sub, while nobody listened
	Repeats  uint64
	Short    uint64 // produced, and not come by the end
	Holes    []hole // of Gap
}

// judge says what became of a sequence. produced is the last number there is, and
// firsts are the first numbers that empty brokers were given, on its channel.
func (s *sequence) judge(produced uint64, firsts []uint64) Verdict {
	v := Verdict{Messages: s.count, Repeats: s.repeats}
	if produced > s.last {
		v.Short = produced - s.last
	}
	if s.lossy {
		v.Gap, v.Unkept = s.inside, s.missing-s.inside
		return v
	}
	v.Gap = s.unkept
	for _, h := range s.holes {
		if lostBy(h, firsts) {
			v.Broker += h.to - h.from + 1
		} else {
			v.Gap += h.to - h.from + 1
			v.Holes = append(v.Holes, h)
		}
	}
	return v
}

// lostBy tells whether a hole ends where an empty broker begins.
func lostBy(h hole, firsts []uint64) bool {
	for _, first := range firsts {
		if h.to+1 == first {
			return true
		}
	}
	return false
}

// addsUp says what is wrong with an account: what a reader could not read, and
// positions that do not fit the bytes it got. Where nothing is missing it got all
// between the first message and the last, to the byte; where something is, less.
func addsUp(who string, s sequence, a reader.Account) (wrong []string) {
	if a.Malformed > 0 {
		wrong = append(wrong, fmt.Sprintf("%s got %d malformed messages", who, a.Malformed))
	}
	span := a.To - a.From
	if s.repeats == 0 && (a.Text > span || s.missing == 0 && a.Text < span) {
		wrong = append(wrong, fmt.Sprintf("%s got %d bytes of the %d between its first message and its last, and misses %d messages", who, a.Text, span, s.missing))
	}
	return wrong
}

// wrong says in words what may not be; who is the reader. A sequence on Pub/Sub
// may be short: what came while nobody listened has no successor yet.
func (v Verdict) wrong(who string, lossy bool) (wrong []string) {
	if v.Gap > 0 {
		text := fmt.Sprintf("%s misses %d messages that nothing may have taken", who, v.Gap)
		for i, h := range v.Holes {
			if i == 3 {
				text += " …"
				break
			}
			text += fmt.Sprintf(" [%d to %d]", h.from, h.to)
		}
		wrong = append(wrong, text)
	}
	if v.Repeats > 0 {
		wrong = append(wrong, fmt.Sprintf("%s got %d messages twice", who, v.Repeats))
	}
	if v.Short > 0 && !lossy {
		wrong = append(wrong, fmt.Sprintf("%s has not got the last %d messages", who, v.Short))
	}
	return wrong
}
