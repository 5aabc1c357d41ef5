package producer

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"
)

// event is one message as the fake broker got it.
type event struct {
	at   time.Time
	seq  uint64
	data string
	lost bool // the answer was
}

// fakeStore is a broker in memory whose answers a test decides.
type fakeStore struct {
	mu        sync.Mutex
	streams   map[string][]event
	published map[string][]event
	last      map[string]uint64
	floors    map[string]uint64
	maxLen    int64 // told last
	full      bool
	down      bool
	loseNext  bool // store the next Add and lose the answers
	adds      int
	looks     int // calls of Oldest
}

func newFakeStore() *fakeStore {
	return &fakeStore{
		streams: map[string][]event{}, published: map[string][]event{},
		last: map[string]uint64{}, floors: map[string]uint64{},
	}
}

// do runs f with the store to itself.
func (s *fakeStore) do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *fakeStore) Add(_ context.Context, messages []message, maxLen int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adds++
	s.maxLen = maxLen
	for i := range messages {
		m := &messages[i]
		key := m.channel.record.key
		switch {
		case s.down:
			m.err = errUnanswered
		case s.full:
			m.err = errFull
		case m.seq <= s.last[key]:
			m.err = errTaken
		default:
			m.err = nil
			s.last[key] = m.seq
			s.streams[key] = append(s.streams[key], event{at: time.Now(), seq: m.seq, data: string(m.payload), lost: s.loseNext})
		}
		if s.loseNext {
			m.err = errUnanswered
		}
	}
	s.loseNext = false
}

func (s *fakeStore) Publish(_ context.Context, messages []message) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return 0, errUnanswered
	}
	for _, m := range messages {
		key := m.channel.record.key
		s.published[key] = append(s.published[key], event{at: time.Now(), seq: m.seq, data: string(m.payload)})
	}
	return len(messages), nil
}

// left is what a stream still has: streams themselves are never trimmed, so that
// a test sees everything. s.mu is held.
func (s *fakeStore) left(key string) []event {
	events := s.streams[key]
	for len(events) > 0 && events[0].seq <= s.floors[key] {
		events = events[1:]
	}
	if over := len(events) - int(s.maxLen); s.maxLen > 0 && over > 0 {
		events = events[over:]
	}
	return events
}

func (s *fakeStore) Extents(_ context.Context, keys []string) ([]extent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errUnanswered
	}
	found := make([]extent, len(keys))
	for i, k := range keys {
		found[i].seq = s.last[k]
		if left := s.left(k); len(left) > 0 {
			found[i].first, found[i].last = left[0].data, left[len(left)-1].data
		}
	}
	return found, nil
}

func (s *fakeStore) Oldest(_ context.Context, keys []string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errUnanswered
	}
	s.looks++
	oldest := make([]string, len(keys))
	for i, k := range keys {
		if left := s.left(k); len(left) > 0 {
			oldest[i] = left[0].data
		}
	}
	return oldest, nil
}

func (s *fakeStore) Trim(_ context.Context, floors []floor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return errUnanswered
	}
	for _, f := range floors {
		s.floors[f.key] = f.seq
	}
	return nil
}

func (s *fakeStore) Remove(_ context.Context, keys []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		delete(s.streams, k)
	}
	return nil
}

// fakeLink is the server's end of a producer.
type fakeLink struct {
	commands chan json.RawMessage
	mu       sync.Mutex
	last     Report
	told     []Report // those with positions
}

func newFakeLink() *fakeLink { return &fakeLink{commands: make(chan json.RawMessage)} }

func (l *fakeLink) Ready(any) error                  { return nil }
func (l *fakeLink) Commands() <-chan json.RawMessage { return l.commands }

func (l *fakeLink) Report(v any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = v.(Report)
	if l.last.Positions != nil {
		l.told = append(l.told, l.last)
	}
	return nil
}

func (l *fakeLink) report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// positions are the newest that were reported.
func (l *fakeLink) positions() map[string]Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.told) == 0 {
		return nil
	}
	return l.told[len(l.told)-1].Positions
}

func (l *fakeLink) send(c Command) {
	line, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	l.commands <- line
}

var quiet = slog.New(slog.DiscardHandler)

func ptr[T any](v T) *T { return &v }
