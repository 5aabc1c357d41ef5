package producer

import (
	"context"
	"time"

	"spillway/wasm/wire"
)

const (
	// early is how much sooner than a wall clock says a timer may come, which
	// follows another clock.
	early = 10 * time.Millisecond
	// lookAhead is how long before a whole second the broker is asked where its
	// streams begin, so that the answer is there when positions are read.
	lookAhead = 200 * time.Millisecond
	// lookBytes bounds what one look makes the broker send: the oldest message of
	// as many streams as fit. The others' turn comes a second later.
	lookBytes = 4 << 20
	// maxPositions bounds the channels whose positions are reported, as a report
	// has at most 1 MiB; with more, none are.
	maxPositions = 16_384
)

// tail is the newest message of a stream.
type tail struct {
	seq      uint64 // 0: there has been none
	pos, end uint64 // where its event text begins and ends; see wire.Header
}

// tailOf is the end of a stream behind which a producer goes on. If the stream is
// empty, which this package never makes it, nobody knows where it ended: then the
// answer is a position that it cannot have reached, as if all its messages had
// been of MaxSizeBytes. To readers that is a hole, and never a step back.
func tailOf(e extent) tail {
	if e.seq == 0 {
		return tail{}
	}
	if h, ok := headOf(e.last); ok && h.Seq == e.seq {
		return tail{h.Seq, h.Pos, h.Pos + wire.EventBytes(h.Seq, len(e.last))}
	}
	beyond := e.seq * wire.EventBytes(e.seq, MaxSizeBytes)
	return tail{e.seq, beyond, beyond}
}

// beginOf is where a stream begins that ends at t.
func beginOf(e extent, t tail) uint64 {
	if h, ok := headOf(e.first); ok {
		return min(h.Pos, t.end)
	}
	return t.end
}

// headOf reads the head of an entry, unless it is one without a position.
func headOf(payload string) (wire.Header, bool) {
	h, ok := wire.ScanHeader(payload)
	return h, ok && (h.Pos > 0) == (h.Seq > 1)
}

// look asks once a second where streams begin that the broker trims by itself,
// until ctx is done. It blocks in the broker, and nobody waits for it: while the
// broker does not answer, what it said last is reported.
func (p *producer) look(ctx context.Context) error {
	asked := false
	for {
		if err := pause(ctx, time.Until(nextSecond(time.Now().Add(lookAhead)).Add(-lookAhead))); err != nil {
			return err
		}
		p.mu.Lock()
		trims := p.wanted.retention.MaxLen > 0
		p.mu.Unlock()
		if trims || asked { // once more behind the last
			p.lookOnce(ctx)
		}
		asked = trims
	}
}

// lookOnce asks for the oldest messages of streams, beginning behind those of the
// last time.
func (p *producer) lookOnce(ctx context.Context) {
	records := p.journal.all()
	tails := p.journal.tails(nil)[:len(records)]
	var chosen []int
	var keys []string
	for budget := uint64(lookBytes); len(chosen) < len(records); {
		i := p.looked % len(records)
		size := tails[i].end - tails[i].pos
		if size > budget && len(chosen) > 0 {
			break
		}
		budget -= min(size, budget)
		chosen, keys = append(chosen, i), append(keys, records[i].key)
		p.looked = i + 1
	}
	if len(keys) == 0 {
		return
	}
	oldest, err := p.writer.store.Oldest(ctx, keys)
	if err != nil {
		p.log.Debug("beginnings of streams were not read", "streams", len(keys), "err", err)
		return
	}
	for n, i := range chosen {
		begin := tails[i].end // nothing is left of what there was before the question
		if h, ok := headOf(oldest[n]); ok {
			begin = h.Pos
		} else if oldest[n] != "" {
			continue
		}
		p.journal.beginAt(records[i], begin)
	}
}

// tails appends the ends of all streams to dst, in the order of all.
func (j *journal) tails(dst []tail) []tail {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.records {
		dst = append(dst, r.tail)
	}
	return dst
}

// beginAt notes that the stream of r has nothing below pos.
func (j *journal) beginAt(r *record, pos uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.begin = max(r.begin, min(pos, r.tail.end))
}

// positions is a reading of all streams at one instant.
func (j *journal) positions() map[string]Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.records) > maxPositions {
		return nil
	}
	all := make(map[string]Position, len(j.records))
	for _, r := range j.records {
		all[r.channel] = Position{Begin: r.begin, End: r.tail.end}
	}
	return all
}

// wholeSecond is the second that a reading at now is of.
func wholeSecond(now time.Time) time.Time { return now.Add(early).Truncate(time.Second) }

// nextSecond is when the next reading is due. All processes read at that instant,
// each by the same wall clock; see package account.
func nextSecond(now time.Time) time.Time { return wholeSecond(now).Add(time.Second) }
