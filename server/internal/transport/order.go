package transport

import "slices"

// maxAhead bounds how many messages may have been written above one that has
// not, before that one counts as lost. It is several times as many workers as a
// strategy may have.
const maxAhead = 256

// progress is how far a reader's sequence has been written. Where messages may
// overtake each other a missing one may still come, so the position that a
// reader resumes from is the last one below which nothing is missing.
type progress struct {
	unordered bool
	low       uint64   // everything up to it is written or lost; 0 before the first
	ahead     []uint64 // written above it, ascending; with unordered only
}

// write takes the message seq in. It returns the range that is lost with it, if
// there is one: from is 0 without.
func (p *progress) write(seq uint64) (from, to uint64) {
	switch {
	case p.low == 0 || seq == p.low+1:
		p.low = seq
		p.absorb()
	case !p.unordered:
		if seq > p.low {
			from, to = p.low+1, seq-1
		}
		p.low = seq
	case seq > p.low:
		at, there := slices.BinarySearch(p.ahead, seq)
		if there {
			break
		}
		p.ahead = slices.Insert(p.ahead, at, seq)
		if len(p.ahead) > maxAhead {
			from, to = p.low+1, p.ahead[0]-1
			p.low = to
			p.absorb()
		}
	}
	return from, to
}

// absorb moves low up while nothing is missing.
func (p *progress) absorb() {
	n := 0
	for n < len(p.ahead) && p.ahead[n] == p.low+1 {
		p.low++
		n++
	}
	p.ahead = slices.Delete(p.ahead, 0, n)
}
