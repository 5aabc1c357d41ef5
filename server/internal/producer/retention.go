package producer

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// UnreadKeep is what a stream keeps that nobody reads: enough for a reader
	// that comes back after a reload of its page.
	UnreadKeep = 10 * time.Second
	// trimEvery is how often floors are put into effect.
	trimEvery = time.Second
)

// retention trims streams up to where everybody has read them. It runs beside
// the writer, because a writer that waits for room in a full broker is waiting
// for exactly this.
type retention struct {
	store   store
	journal *journal
	log     *slog.Logger

	mu     sync.Mutex
	floors map[string]uint64 // by channel, as told last

	tails   []tail            // of this second; belongs to the goroutine of run
	watched map[string]*watch // by key; belongs to the goroutine of run
}

// watch is what a channel nobody reads has to keep.
type watch struct {
	readAt time.Time // when it last had a floor, or was first seen
	marks  []mark    // oldest first; the first is at least UnreadKeep old, if any is
}

// mark says how far a stream had come at a time.
type mark struct {
	at time.Time
	tail
}

// tell replaces the floors.
func (t *retention) tell(floors map[string]uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.floors = floors
}

// run trims once a second until ctx is done.
func (t *retention) run(ctx context.Context) error {
	ticker := time.NewTicker(trimEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-ticker.C:
			t.trim(ctx, now)
		}
	}
}

// trim puts the floors into effect. What the broker does not take now is tried
// again with the next call. The newest message of a stream stays even if a floor
// gives it up: it says where the next one begins, to a producer that comes after
// this one.
func (t *retention) trim(ctx context.Context, now time.Time) {
	t.mu.Lock()
	floors := t.floors
	t.mu.Unlock()
	var due []floor
	var records []*record
	var given []uint64
	all := t.journal.all()
	t.tails = t.journal.tails(t.tails[:0])
	for i, r := range all {
		told, isRead := floors[r.channel]
		if seq := t.floorOf(r.key, t.tails[i], told, isRead, now); seq > r.trimmed.Load() {
			due = append(due, floor{r.key, min(seq, t.tails[i].seq-1)})
			records = append(records, r)
			given = append(given, seq)
		}
	}
	if len(due) == 0 {
		return
	}
	if err := t.store.Trim(ctx, due); err != nil {
		t.log.Debug("streams were not trimmed", "streams", len(due), "err", err)
		return
	}
	for i, r := range records {
		r.trimmed.Store(max(r.trimmed.Load(), given[i]))
		t.journal.beginAt(r, t.watched[r.key].behind(due[i].seq))
	}
}

// floorOf is the sequence up to which the stream of a key may go that ends at end.
func (t *retention) floorOf(key string, end tail, told uint64, isRead bool, now time.Time) uint64 {
	w := t.watched[key]
	if w == nil {
		w = &watch{readAt: now}
		t.watched[key] = w
	}
	w.marks = append(w.marks, mark{now, end})
	old := now.Add(-UnreadKeep)
	for len(w.marks) > 1 && !w.marks[1].at.After(old) {
		w.marks = w.marks[1:]
	}
	switch {
	case isRead:
		w.readAt = now
		return min(told, end.seq)
	case w.readAt.After(old) || w.marks[0].at.After(old):
		return 0
	}
	return w.marks[0].seq
}

// behind is the highest position of which it is certain that nothing below it is
// left once everything up to seq is gone. It is exact where nobody reads, and where
// everybody has read everything; for other floors it may be lower, by all that came
// between two marks, or all that is older than the marks. Whoever reads is never
// behind a floor, so to the readers' account that makes no difference.
func (w *watch) behind(seq uint64) (pos uint64) {
	for _, m := range w.marks {
		switch {
		case m.seq <= seq:
			pos = m.end
		case m.seq == seq+1:
			pos = m.pos
		}
	}
	return pos
}
