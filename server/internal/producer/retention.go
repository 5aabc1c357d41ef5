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

	watched map[string]*watch // by key; belongs to the goroutine of run
}

// watch is what a channel nobody reads has to keep.
type watch struct {
	readAt time.Time // when it last had a floor, or was first seen
	marks  []mark    // oldest first; the first is at least UnreadKeep old, if any is
}

// mark says how far a stream had come at a time.
type mark struct {
	at  time.Time
	seq uint64
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
// again with the next call.
func (t *retention) trim(ctx context.Context, now time.Time) {
	t.mu.Lock()
	floors := t.floors
	t.mu.Unlock()
	var due []floor
	var records []*record
	for _, r := range t.journal.all() {
		told, isRead := floors[r.channel]
		if seq := t.floorOf(r, told, isRead, now); seq > r.trimmed.Load() {
			due = append(due, floor{r.key, seq})
			records = append(records, r)
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
		r.trimmed.Store(max(r.trimmed.Load(), due[i].seq))
	}
}

// floorOf is the sequence up to which the stream of r may go.
func (t *retention) floorOf(r *record, told uint64, isRead bool, now time.Time) uint64 {
	stored := r.stored.Load()
	w := t.watched[r.key]
	if w == nil {
		w = &watch{readAt: now}
		t.watched[r.key] = w
	}
	w.marks = append(w.marks, mark{now, stored})
	old := now.Add(-UnreadKeep)
	for len(w.marks) > 1 && !w.marks[1].at.After(old) {
		w.marks = w.marks[1:]
	}
	switch {
	case isRead:
		w.readAt = now
		return min(told, stored)
	case w.readAt.After(old) || w.marks[0].at.After(old):
		return 0
	}
	return w.marks[0].seq
}
