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
}

// fakeStore is a broker in memory whose answers a test decides.
type fakeStore struct {
	mu        sync.Mutex
	streams   map[string][]event
	published map[string][]event
	last      map[string]uint64
	floors    map[string]uint64
	full      bool
	down      bool
	loseNext  bool // store the next Add and lose the answers
	adds      int
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

func (s *fakeStore) Add(_ context.Context, messages []message, _ int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.adds++
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
			s.streams[key] = append(s.streams[key], event{time.Now(), m.seq, string(m.payload)})
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
		s.published[key] = append(s.published[key], event{time.Now(), m.seq, string(m.payload)})
	}
	return len(messages), nil
}

func (s *fakeStore) Last(_ context.Context, keys []string) ([]uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errUnanswered
	}
	last := make([]uint64, len(keys))
	for i, k := range keys {
		last[i] = s.last[k]
	}
	return last, nil
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
}

func newFakeLink() *fakeLink { return &fakeLink{commands: make(chan json.RawMessage)} }

func (l *fakeLink) Ready(any) error                  { return nil }
func (l *fakeLink) Commands() <-chan json.RawMessage { return l.commands }

func (l *fakeLink) Report(v any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = v.(Report)
	return nil
}

func (l *fakeLink) report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
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
