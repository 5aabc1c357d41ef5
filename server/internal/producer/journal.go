package producer

import (
	"sync"
	"sync/atomic"
	"time"
)

// record is what is known about one channel's stream.
type record struct {
	key     string // in the broker
	channel string
	group   string
	tail    tail          // newest message in the stream; guarded by the journal's mu
	begin   uint64        // position below which the stream has nothing; guarded likewise
	trimmed atomic.Uint64 // sequence up to which it was given up, by floors or by a broker that lost it
}

// stallAfter is how long a round may take before it counts as a wait though
// nothing was refused: the broker is there and does not answer.
const stallAfter = 100 * time.Millisecond

// journal counts what happened. The producing goroutine writes; reports and
// trimming read. Nobody waits in it longer than for a few additions.
type journal struct {
	mu      sync.Mutex
	records []*record // only grows
	report  Report    // counters; the rest is filled in when it is read

	beganAt time.Time // of the round being written; zero between rounds
	waits   bool      // this round was not taken at once
}

// add makes a channel known.
func (j *journal) add(r *record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.records = append(j.records, r)
}

// all is every channel there has been. The slice may be read, not changed.
func (j *journal) all() []*record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.records[:len(j.records):len(j.records)]
}

// begin marks the start of a round.
func (j *journal) begin() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.beganAt = time.Now()
}

// resume marks its end.
func (j *journal) resume() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.report.StallTotalMicros += j.stall()
	j.beganAt, j.waits, j.report.Broker = time.Time{}, false, ""
}

// stall is how long the current wait has lasted, in microseconds. j.mu is held.
func (j *journal) stall() uint64 {
	if j.beganAt.IsZero() {
		return 0
	}
	if d := time.Since(j.beganAt); j.waits || d > stallAfter {
		return uint64(d.Microseconds())
	}
	return 0
}

// trouble notes why the round has to wait and reports whether that is news.
func (j *journal) trouble(words string) (news bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waits = true
	news = j.report.Broker != words
	j.report.Broker = words
	return news
}

func (j *journal) refuse(n uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.report.Refused += n
}

func (j *journal) unpublish(n uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.report.Unpublished += n
}

// produce counts messages that are in their streams.
func (j *journal) produce(messages []message) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, m := range messages {
		m.channel.record.tail = m.tail
		j.report.ProducedBytes += uint64(len(m.payload))
	}
	j.report.Produced += uint64(len(messages))
}

// compare counts what streams have lost that now are as found. They begin again
// behind everything.
func (j *journal) compare(records []*record, found []extent) (lost uint64, streams int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, r := range records {
		stored := r.tail.seq
		if found[i].seq >= stored {
			continue
		}
		streams++
		if had := max(found[i].seq, r.trimmed.Load()); had < stored {
			lost += stored - had
		}
		r.trimmed.Store(max(stored, r.trimmed.Load()))
		r.begin = r.tail.end
	}
	if streams > 0 {
		j.report.Restarts++
		j.report.Lost += lost
	}
	return lost, streams
}

// pace notes how the schedule is kept.
func (j *journal) pace(behind, forgone time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.report.BehindMicros = uint64(behind.Microseconds())
	j.report.ForgoneMicros = uint64(forgone.Microseconds())
}

// read takes a reading. counts is how many channels each group has now.
func (j *journal) read(groups []Group) Report {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.report
	r.StallMicros = j.stall()
	r.StallTotalMicros += r.StallMicros
	r.BehindMicros = max(r.BehindMicros, r.StallMicros)
	r.Groups = make(map[string]GroupReport, len(groups))
	for _, g := range groups {
		r.Groups[g.Name] = GroupReport{Channels: uint64(g.size())}
	}
	for _, c := range j.records {
		g := r.Groups[c.group]
		g.Messages += c.tail.seq
		g.Highest = max(g.Highest, c.tail.seq)
		r.Groups[c.group] = g
		r.Trimmed += c.trimmed.Load()
	}
	return r
}
