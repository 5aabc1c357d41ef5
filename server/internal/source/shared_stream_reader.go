package source

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sort"
	"sync"
	"time"

	"spillway/server/internal/lane"
)

// tailReader is one reader of a tail.
type tailReader struct {
	of       *tail
	o        Options
	position uint64         // sequence handed on last
	window   []lane.Message // taken and not handed on, reused
	handed   int            // how many of window have been handed on

	send  func(r *lane.Round, now time.Time) int // past Next; nil: never
	woken chan struct{}                          // capacity 1: it is not idle any more

	mu   sync.Mutex // held for a send, too
	idle bool       // Next waits, and position and window are the tail's
	own  *stream    // while it is behind what the tail keeps
	left bool
	gone chan struct{} // closed when it has left
}

// begin blocks until the tail knows the end of the stream.
func (r *tailReader) begin(ctx context.Context) error {
	for {
		r.of.mu.Lock()
		opened, err, grew := r.of.opened, r.of.err, r.of.grew
		if opened && !r.o.Resume {
			r.position = r.of.floor
			if n := len(r.of.kept); n > r.of.first {
				r.position = r.of.kept[n-1].Seq
			}
		}
		r.of.mu.Unlock()
		switch {
		case opened:
			return nil
		case err != nil:
			return err
		}
		select {
		case <-grew:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Pass has the tail send what comes while Next waits and nothing of this reader
// waits in the lane. It is called before Next.
func (r *tailReader) Pass(send func(round *lane.Round, now time.Time) int) { r.send = send }

// accept sends an idle reader what is new, and reports whether it stays idle.
func (r *tailReader) accept(round *lane.Round, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !r.idle: // it has left
		return false
	case round == nil || r.position >= round.Messages[0].Seq || !r.o.Stats.Empty():
		r.wakeNow()
		return false
	}
	r.o.Stats.AcceptAll(round)
	sent := r.send(round, now)
	if sent > 0 {
		r.position = round.Messages[sent-1].Seq
	}
	if sent == len(round.Messages) {
		return true
	}
	r.window, r.handed = append(r.window[:0], round.Messages[sent:]...), 0
	r.wakeNow()
	return false
}

func (r *tailReader) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wakeNow()
}

// wakeNow lets Next look again; mu is held.
func (r *tailReader) wakeNow() {
	r.idle = false
	signal(r.woken)
}

// Next blocks until there is a message behind the reader's position.
func (r *tailReader) Next(ctx context.Context) (lane.Message, error) {
	for r.handed == len(r.window) {
		if err := r.take(ctx); err != nil {
			return lane.Message{}, err
		}
	}
	m, _ := r.NextReady()
	return m, nil
}

// NextReady hands on what is taken.
func (r *tailReader) NextReady() (lane.Message, bool) {
	if r.handed == len(r.window) {
		return lane.Message{}, false
	}
	m := r.window[r.handed]
	r.window[r.handed] = lane.Message{} // the payload must not outlive its delivery
	r.handed++
	r.position = m.Seq
	return m, true
}

// take fills the window from the tail, or from the stream itself where the tail
// does not reach back far enough.
func (r *tailReader) take(ctx context.Context) error {
	t := r.of
	select {
	case <-r.gone:
		return fmt.Errorf("read stream %q: %w", t.key, net.ErrClosed)
	default:
	}
	t.mu.Lock()
	err, grew, behind := t.err, t.grew, r.position < t.floor
	r.window, r.handed = r.window[:0], 0
	if !behind {
		r.copy(t.kept[t.first:])
	}
	taken := len(r.window)
	idle := r.send != nil && taken == 0 && !behind && err == nil
	if idle { // from here on position and window are the tail's
		r.mu.Lock()
		r.idle = !r.left
		r.mu.Unlock()
		t.idle = append(t.idle, r)
	}
	t.mu.Unlock()
	switch {
	case taken > 0:
		r.catchUp()
		for _, m := range r.window {
			r.o.Stats.Accept(m)
		}
		return nil
	case behind:
		return r.fetch(ctx)
	case err != nil:
		return err
	}
	r.catchUp()
	if idle {
		grew = r.woken
	}
	select {
	case <-grew:
		return nil
	case <-r.gone:
		return fmt.Errorf("read stream %q: %w", t.key, net.ErrClosed)
	case <-ctx.Done():
		r.Close()
		return ctx.Err()
	}
}

// copy takes what is behind the position, as much as a reader of its own would
// fetch at once.
func (r *tailReader) copy(kept []lane.Message) {
	bytes := 0
	for _, m := range kept[sort.Search(len(kept), func(i int) bool { return kept[i].Seq > r.position }):] {
		bytes += m.Bytes()
		if len(r.window) == windowMessages || len(r.window) > 0 && bytes > windowBytes {
			return
		}
		r.window = append(r.window, m)
	}
}

// fetch reads the stream on a connection of the reader's own.
func (r *tailReader) fetch(ctx context.Context) error {
	own, err := r.alone()
	if err != nil {
		return err
	}
	own.position = r.position
	if err := own.fetch(ctx); err != nil {
		return err
	}
	r.window = append(r.window, own.window[own.handed:]...)
	own.handed = len(own.window)
	return nil
}

// alone returns the reader's own stream, which connects when it is first used.
func (r *tailReader) alone() (*stream, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left {
		return nil, fmt.Errorf("read stream %q: %w", r.of.key, net.ErrClosed)
	}
	if r.own == nil {
		r.own = &stream{connection: connect(r.o), o: r.o, position: r.position, count: firstCount}
	}
	return r.own, nil
}

// catchUp gives the reader's own connection back.
func (r *tailReader) catchUp() {
	r.mu.Lock()
	own := r.own
	r.own = nil
	r.mu.Unlock()
	if own != nil {
		own.Close()
	}
}

// Close leaves the tail; the last one to leave ends it and waits for it.
func (r *tailReader) Close() {
	r.mu.Lock()
	left := r.left
	r.left, r.idle = true, false
	r.mu.Unlock()
	if left {
		return
	}
	close(r.gone)
	r.catchUp()
	t, s := r.of, r.of.of
	t.mu.Lock()
	t.idle = slices.DeleteFunc(t.idle, func(other *tailReader) bool { return other == r })
	t.mu.Unlock()
	s.mu.Lock()
	t.readers--
	last := t.readers == 0
	if last && s.keys[t.key] == t {
		delete(s.keys, t.key)
		s.share()
	}
	s.mu.Unlock()
	if last {
		t.cancel()
		<-t.done
	}
}
