package transport

import (
	"sort"
	"sync"
	"time"

	"spillway/server/internal/lane"
)

// scratch is where the events of one write are put together. Such a write waits
// for nothing, so all readers share a few of these.
type scratch struct {
	events
	ends  []int // in buf, of each message's events
	texts []int // bytes of event text up to there
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// encode puts the events of all messages together, as they follow what e has
// written.
func (s *scratch) encode(e *events, ms []lane.Message) (missing uint64) {
	s.stats, s.chunked, s.way = e.stats, e.chunked, e.way
	s.begin(nil)
	s.text, s.ends, s.texts = 0, s.ends[:0], s.texts[:0]
	for i := range ms {
		missing += s.appendMessages(ms[i : i+1])
		s.ends, s.texts = append(s.ends, len(s.buf)), append(s.texts, s.text)
	}
	return missing
}

// release gives s back, without what belongs to its last reader.
func (s *scratch) release() {
	s.stats, s.way = nil, progress{}
	s.shrink()
	scratches.Put(s)
}

// goesAhead tells whether events may be written one after another, without
// another head around several of them.
func (l *line) goesAhead() bool {
	return l.ahead != nil && !l.framed && !l.way.unordered && len(l.owed) == 0
}

// sendAhead writes as much of ms as the kernel has room for at once, and returns
// how many messages that were. The last of them it may have to wait for; those
// before count as delivered by then. So a reader that keeps up gets everything in
// one system call, and for one that does not the lane holds the encoding of one
// event, not of all.
func (l *line) sendAhead(ms []lane.Message) (sent int, err error) {
	s := scratches.Get().(*scratch)
	missing := s.encode(&l.events, ms)
	n, err := l.ahead.write(s.buf)
	switch {
	case err != nil:
		s.release()
		return 0, err
	case n == len(s.buf):
		l.way, l.spoken = s.way, time.Now()
		l.stats.Sent(s.text)
		s.release()
		l.delivered(ms, missing)
		return len(ms), nil
	}
	cut := sort.SearchInts(s.ends, n+1) // the event that is cut
	whole := 0                          // bytes of event text before it
	if cut > 0 {
		whole = s.texts[cut-1]
		l.stats.Sent(whole)
		l.delivered(ms[:cut], l.pass(ms[:cut]))
	}
	l.buf = append(l.buf[:0], s.buf[n:s.ends[cut]]...)
	l.text = s.texts[cut] - whole
	s.release() // others need it while this one waits
	missing = l.pass(ms[cut : cut+1])
	if _, err := l.write(l.buf); err != nil {
		return cut, err
	}
	l.delivered(ms[cut:cut+1], missing)
	return cut + 1, nil
}

// pass notes that messages are being written, and returns how many are missing
// between them.
func (l *line) pass(ms []lane.Message) (missing uint64) {
	for i := range ms {
		if from, to := l.way.write(ms[i].Seq); from > 0 {
			missing += to - from + 1
		}
	}
	return missing
}
