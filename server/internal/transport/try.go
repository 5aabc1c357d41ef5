package transport

import (
	"sort"
	"time"

	"spillway/server/internal/lane"
)

// begun is what TrySend has begun to write and the kernel had no room for. The
// messages are not sent: whoever sends them next waits for the rest, which is
// owed, and they count as delivered then.
type begun struct {
	last uint64 // the newest of these messages; 0: there is none
	text int    // bytes of event text that count once it is written
}

// beginBytes bounds a message of WebSocket that is begun without knowing whether
// there is room for it: its rest is copied for this reader alone.
const beginBytes = 16 << 10

// TrySend writes the round in one system call if there is room for it now, and
// returns how many of its messages are in the hands of the kernel. It never
// waits. A reader that has to be told more than the round gets nothing.
//
// An event that is cut is not counted: its end goes first with the next write,
// which is the Send of that message. An error it keeps for that Send, too.
func (l *line) TrySend(r *lane.Round, now time.Time) (sent int) {
	if l.ahead == nil || !l.mu.TryLock() {
		return 0
	}
	defer l.mu.Unlock()
	if l.ended || len(l.owed) > 0 || l.begun.last > 0 {
		return 0
	}
	made := l.onceAll(r)
	if made == nil || l.framed && len(r.Messages) > 1 && len(made.bytes) > beginBytes {
		return 0
	}
	n, err := l.ahead.write(made.bytes)
	if err != nil || n == 0 {
		return 0
	}
	l.spoken = now
	if n == len(made.bytes) {
		l.way.low = r.Last().Seq
		l.stats.Sent(made.text)
		l.stats.DeliverAll(r)
		return len(r.Messages)
	}
	return l.beginRound(r, made, n)
}

// beginRound settles a write of which the kernel has taken n bytes.
func (l *line) beginRound(r *lane.Round, made *encodedRound, n int) (sent int) {
	if l.framed { // all events have one head
		l.owe(made.bytes[n:], r.Last().Seq, made.text)
		return 0
	}
	sent = sort.SearchInts(made.ends, n+1) // whole events
	text, end := 0, 0
	if sent > 0 {
		text, end = made.texts[sent-1], made.ends[sent-1]
		l.stats.Sent(text)
		l.way.low = r.Messages[sent-1].Seq
		l.delivered(r.Messages[:sent], 0)
	}
	if n > end {
		l.owe(made.bytes[n:made.ends[sent]], r.Messages[sent].Seq, made.texts[sent]-text)
	}
	return sent
}

// owe keeps the rest of what was begun.
func (l *line) owe(rest []byte, last uint64, text int) {
	l.owed = append(l.owed[:0], rest...)
	l.begun = begun{last, text}
	l.way.low = last
}

// finish waits until what TrySend has begun is written, if these messages are
// that, and returns those that are not.
func (l *line) finish(ms []lane.Message) ([]lane.Message, error) {
	n := 0
	for n < len(ms) && ms[n].Seq <= l.begun.last {
		n++
	}
	if n == 0 {
		if l.begun.last > 0 { // they were given up; what is owed goes first all the same
			l.stats.Sent(l.begun.text)
			l.begun = begun{}
		}
		return ms, nil
	}
	l.text, l.begun.text = l.begun.text, 0
	if len(l.owed) > 0 {
		l.stats.Writing(time.Now())
		_, err := l.write(l.owed)
		l.stats.Wrote()
		if err != nil {
			return ms, err
		}
		l.owed = l.owed[:0]
	} else { // a sign of life has taken it along
		l.stats.Sent(l.text)
		l.text = 0
	}
	l.delivered(ms[:n], 0)
	if ms[n-1].Seq == l.begun.last {
		l.begun = begun{}
	}
	return ms[n:], nil
}
