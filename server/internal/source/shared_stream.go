package source

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"spillway/server/internal/lane"
)

var sharedStream = Definition{
	Name:       "shared-stream",
	Title:      "one Redis Stream reader for all",
	Replayable: true,
	Open:       openStream,
	Shared:     func() OpenFunc { return newTails().open },
}

// How much of the ends of its streams a lane keeps for all their readers. The
// streams share it, down to what a reader of its own would fetch of one. Who is
// behind by more reads for himself.
const (
	tailBytes    = 512 << 10
	tailMessages = 4096
)

// tails are the streams that one lane reads, each once for all its readers. One
// XREAD brings what is new, whoever is near the end takes it from there, and
// nobody waits for anybody: a reader that falls behind what is kept reads the
// stream itself, from where it is, until it has caught up.
//
// A strategy that passes by ([spillway/server/internal/strategy.Passer]) is not
// woken while its reader has room: who reads the stream for all writes to the
// connection itself, what all readers get made once.
type tails struct {
	mu   sync.Mutex
	keys map[string]*tail // only those with readers

	room atomic.Int64 // bytes that each of them may keep
}

// share divides what may be kept; mu is held.
func (s *tails) share() {
	s.room.Store(int64(max(windowBytes, tailBytes/max(len(s.keys), 1))))
}

func newTails() *tails { return &tails{keys: make(map[string]*tail)} }

// tail is the end of one stream. The messages kept are all those behind floor.
type tail struct {
	of     *tails
	key    string
	cancel context.CancelFunc
	done   chan struct{} // closed when its goroutine has ended

	readers int // tails.mu guards it

	mu     sync.Mutex
	kept   []lane.Message // by rising sequence, from first on
	first  int            // those before it are let go
	bytes  int            // of those kept
	floor  uint64         // highest sequence that is not kept
	opened bool           // the end of the stream is known
	grew   chan struct{}  // closed and made anew whenever something changes
	err    error          // why nothing comes any more
	keeps  lane.Kept      // where the first of those kept begins
	idle   []*tailReader  // that have all there is, and are offered what comes
}

// open joins the readers of a stream. It blocks until the end of the stream is
// known, which is where a reader begins that does not resume.
func (s *tails) open(ctx context.Context, o Options) (Source, error) {
	o = o.withDefaults()
	s.mu.Lock()
	t := s.keys[o.Key]
	if t == nil {
		run, cancel := context.WithCancel(context.WithoutCancel(ctx))
		t = &tail{of: s, key: o.Key, cancel: cancel, done: make(chan struct{}), grew: make(chan struct{})}
		s.keys[o.Key] = t
		s.share()
		go t.run(run, o)
	}
	t.readers++
	s.mu.Unlock()
	r := &tailReader{of: t, o: o, position: o.After, gone: make(chan struct{}), woken: make(chan struct{}, 1)}
	o.Stats.Keeps(&t.keeps)
	if err := r.begin(ctx); err != nil {
		r.Close()
		return nil, fmt.Errorf("find the end of stream %q: %w", o.Key, err)
	}
	return r, nil
}

// run reads the stream for everybody until the last reader has left, or there is
// something in it that is no message.
func (t *tail) run(ctx context.Context, o Options) {
	defer close(t.done)
	o.Stats = new(lane.Stats) // each reader counts for itself
	o.Resume = false
	in, err := openStream(ctx, o)
	if err != nil {
		t.fail(err)
		return
	}
	defer in.Close()
	s := in.(*stream)
	t.begin(s.position)
	for {
		if err := s.fetch(ctx); err != nil {
			t.fail(err)
			return
		}
		if len(s.window) > 0 {
			t.offer(t.append(s.window), lane.RoundOf(s.window))
			s.position = s.window[len(s.window)-1].Seq
			clear(s.window)
			s.window = s.window[:0]
		}
	}
}

func (t *tail) begin(floor uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.floor, t.opened = floor, true
	t.wake()
}

// append keeps what is new and lets go of the oldest beyond the bounds. It
// returns the readers that are to be offered it.
func (t *tail) append(ms []lane.Message) (idle []*tailReader) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, m := range ms {
		m.Shared = new(lane.Encoded)
		ms[i] = m
		t.kept = append(t.kept, m)
		t.bytes += m.Bytes()
	}
	room := int(t.of.room.Load())
	for len(t.kept)-t.first > 1 && (t.bytes > room || len(t.kept)-t.first > tailMessages) {
		m := &t.kept[t.first]
		t.floor = m.Seq
		t.bytes -= m.Bytes()
		*m = lane.Message{}
		t.first++
	}
	if t.first > len(t.kept)/2 {
		n := copy(t.kept, t.kept[t.first:])
		clear(t.kept[n:])
		t.kept, t.first = t.kept[:n], 0
	}
	if len(t.kept) > t.first {
		t.keeps.From(t.kept[t.first].Pos)
	}
	t.wake()
	idle, t.idle = t.idle, nil
	return idle
}

// offer gives idle readers what is new; round is nil where something is missing
// in it. Who cannot take all of it goes on by himself.
func (t *tail) offer(idle []*tailReader, round *lane.Round) {
	now := time.Now()
	idle = slices.DeleteFunc(idle, func(r *tailReader) bool { return !r.accept(round, now) })
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle = append(idle, t.idle...)
}

func (t *tail) fail(err error) {
	t.of.mu.Lock()
	if t.of.keys[t.key] == t {
		delete(t.of.keys, t.key) // who comes next begins anew
		t.of.share()
	}
	t.of.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = err
	t.wake()
	for _, r := range t.idle {
		r.wake()
	}
	t.idle = nil
}

// wake lets all who wait look again. t.mu is held.
func (t *tail) wake() {
	close(t.grew)
	t.grew = make(chan struct{})
}

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
