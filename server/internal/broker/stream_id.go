package broker

import (
	"bytes"
	"cmp"
	"math"
	"strconv"
)

// streamID orders the entries of a stream: milliseconds and a sequence number.
type streamID struct{ ms, seq uint64 }

var (
	minID = streamID{}
	maxID = streamID{math.MaxUint64, math.MaxUint64}
)

func (a streamID) compare(b streamID) int {
	if c := cmp.Compare(a.ms, b.ms); c != 0 {
		return c
	}
	return cmp.Compare(a.seq, b.seq)
}

func (a streamID) less(b streamID) bool { return a.compare(b) < 0 }

// next is the smallest id greater than a. ok is false for maxID.
func (a streamID) next() (_ streamID, ok bool) {
	if a.seq < math.MaxUint64 {
		return streamID{a.ms, a.seq + 1}, true
	}
	return streamID{a.ms + 1, 0}, a.ms < math.MaxUint64
}

// previous is the greatest id smaller than a. ok is false for minID.
func (a streamID) previous() (_ streamID, ok bool) {
	if a.seq > 0 {
		return streamID{a.ms, a.seq - 1}, true
	}
	return streamID{a.ms - 1, math.MaxUint64}, a.ms > 0
}

func (a streamID) append(dst []byte) []byte {
	dst = strconv.AppendUint(dst, a.ms, 10)
	dst = append(dst, '-')
	return strconv.AppendUint(dst, a.seq, 10)
}

func (a streamID) String() string { return string(a.append(nil)) }

// parseID reads "ms-seq", or "ms" with the given sequence number.
func parseID(b []byte, missingSeq uint64) (streamID, bool) {
	ms, seq, hasSeq := bytes.Cut(b, []byte{'-'})
	id := streamID{seq: missingSeq}
	var ok bool
	if id.ms, ok = parseUint(ms); !ok {
		return streamID{}, false
	}
	if hasSeq {
		if id.seq, ok = parseUint(seq); !ok {
			return streamID{}, false
		}
	}
	return id, true
}
