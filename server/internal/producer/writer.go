package producer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Bounds of a round. It ends earlier when a channel would come a second time.
const (
	maxRoundMessages = 1024
	maxRoundBytes    = 1 << 20
)

// How long to wait before the same messages are offered again; doubled from
// attempt to attempt. A full broker has room as soon as readers move, one that
// is away takes its time to start.
const (
	fullWait, fullWaitMax = 20 * time.Millisecond, 200 * time.Millisecond
	awayWait, awayWaitMax = 50 * time.Millisecond, time.Second
)

// round is messages on their way into the broker, at most one of a channel.
type round struct {
	messages []message
	buffer   []byte // their payloads
}

func (r *round) full() bool {
	return len(r.messages) >= maxRoundMessages || len(r.buffer) >= maxRoundBytes
}

func (r *round) clear() { r.messages, r.buffer = r.messages[:0], r.buffer[:0] }

// writer puts rounds into the store. It belongs to the goroutine that produces.
type writer struct {
	store   store
	journal *journal
	log     *slog.Logger
	maxLen  int64
	away    bool // an answer was lost; what the broker holds is not known

	waiting, done []message // parts of the round, kept for their memory
}

// write blocks until every message of the round is in its stream, whatever it
// takes, and publishes each as soon as it is. The error is ctx's, or errTwice.
func (w *writer) write(ctx context.Context, r *round) error {
	defer w.journal.resume()
	w.waiting = append(w.waiting[:0], r.messages...)
	w.journal.begin()
	for attempt := 0; ; attempt++ {
		trouble := w.offer(ctx)
		if trouble == nil && len(w.waiting) == 0 {
			return nil
		}
		if errors.Is(trouble, errTwice) || ctx.Err() != nil {
			return errors.Join(ctx.Err(), trouble)
		}
		if err := w.wait(ctx, attempt, trouble); err != nil {
			return err
		}
	}
}

// offer tries once to store what is waiting, and answers why it could not.
func (w *writer) offer(ctx context.Context) error {
	if w.away {
		if err := w.takeStock(ctx); err != nil {
			return err
		}
		w.away = false
	}
	w.store.Add(ctx, w.waiting, w.maxLen)
	var trouble error
	refused := uint64(0)
	w.done = w.done[:0]
	left := w.waiting[:0]
	for _, m := range w.waiting {
		switch {
		case m.err == nil, errors.Is(m.err, errTaken) && m.offered:
			w.done = append(w.done, m)
			continue
		case errors.Is(m.err, errTaken):
			return fmt.Errorf("add %d-0 to stream %q: %w", m.seq, m.channel.record.key, errTwice)
		case errors.Is(m.err, errUnanswered):
			m.offered, w.away = true, true
		default:
			refused++
		}
		trouble = m.err
		left = append(left, m)
	}
	w.waiting = left
	w.journal.refuse(refused)
	w.publish(ctx)
	return trouble
}

// publish sends what the streams have taken, once, and counts it as produced.
func (w *writer) publish(ctx context.Context) {
	if len(w.done) == 0 {
		return
	}
	w.journal.produce(w.done)
	confirmed, err := w.store.Publish(ctx, w.done)
	if err == nil || ctx.Err() != nil {
		return
	}
	lost := len(w.done) - confirmed
	w.journal.unpublish(uint64(lost))
	w.log.Warn("messages were not published", "count", lost, "err", err)
}

// takeStock compares what the streams hold with what they were given, after the
// broker was away.
func (w *writer) takeStock(ctx context.Context) error {
	records := w.journal.all()
	keys := make([]string, len(records))
	for i, r := range records {
		keys[i] = r.key
	}
	found, err := w.store.Extents(ctx, keys)
	if err != nil {
		return err
	}
	if lost, streams := w.journal.compare(records, found); streams > 0 {
		w.log.Warn("the broker came back without what it had held", "streams", streams, "messages", lost)
	}
	return nil
}

// extents asks how far streams go and blocks until the broker answers.
func (w *writer) extents(ctx context.Context, keys []string) ([]extent, error) {
	w.journal.begin()
	defer w.journal.resume()
	for attempt := 0; ; attempt++ {
		found, err := w.store.Extents(ctx, keys)
		if err == nil || ctx.Err() != nil {
			return found, err
		}
		if err := w.wait(ctx, attempt, err); err != nil {
			return nil, err
		}
	}
}

// wait pauses before the next attempt and says why.
func (w *writer) wait(ctx context.Context, attempt int, trouble error) error {
	first, longest := awayWait, awayWaitMax
	if errors.Is(trouble, errFull) {
		first, longest = fullWait, fullWaitMax
	}
	if w.journal.trouble(trouble.Error() + "; the producer waits") {
		w.log.Warn("the producer waits for the broker", "err", trouble)
	}
	return pause(ctx, min(first<<min(attempt, 10), longest))
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
