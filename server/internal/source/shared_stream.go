package source

import (
	"context"
	"fmt"
	"slices"
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
