package sample

import "sync"

// SeriesCapacity is the usual capacity of a [Series]: two minutes at ten
// samples a second. The page shows the last 45 to 60 s, and a death in the
// first half of it must stay in view while its verdict is read.
const SeriesCapacity = 1200

// Series is a ring of the newest values. Its memory is allocated once; Append
// is O(1) and forgets the oldest value when the ring is full, which Total makes
// visible. Safe for concurrent use.
type Series[T any] struct {
	mu    sync.RWMutex
	ring  []T
	total uint64 // appended ever; ring[total % cap] is written next
}

// NewSeries returns an empty series of the newest capacity values. It panics if
// capacity is less than 1.
func NewSeries[T any](capacity int) *Series[T] {
	if capacity < 1 {
		panic("sample: capacity of a series is less than 1")
	}
	return &Series[T]{ring: make([]T, capacity)}
}

// Append adds the newest value.
func (s *Series[T]) Append(v T) {
	s.mu.Lock()
	s.ring[s.total%uint64(len(s.ring))] = v
	s.total++
	s.mu.Unlock()
}

// Len is the number of values held, at most Cap.
func (s *Series[T]) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.length()
}

// Cap is the capacity given to NewSeries.
func (s *Series[T]) Cap() int { return len(s.ring) }

// Total counts the values appended since the start or the last Reset. Total -
// Len of them are forgotten.
func (s *Series[T]) Total() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.total
}

// Last returns the newest value, false if there is none.
func (s *Series[T]) Last() (newest T, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.total == 0 {
		return newest, false
	}
	return s.ring[(s.total-1)%uint64(len(s.ring))], true
}

// Snapshot returns a copy of the values, oldest first.
func (s *Series[T]) Snapshot() []T {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.appendTo(make([]T, 0, s.length()))
}

// AppendTo appends the values to dst, oldest first: Snapshot into memory that is
// used again.
func (s *Series[T]) AppendTo(dst []T) []T {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.appendTo(dst)
}

// Reset forgets all values and keeps the memory.
func (s *Series[T]) Reset() {
	s.mu.Lock()
	clear(s.ring)
	s.total = 0
	s.mu.Unlock()
}

func (s *Series[T]) length() int { return int(min(s.total, uint64(len(s.ring)))) }

func (s *Series[T]) appendTo(dst []T) []T {
	if s.length() < len(s.ring) {
		return append(dst, s.ring[:s.length()]...)
	}
	oldest := s.total % uint64(len(s.ring))
	return append(append(dst, s.ring[oldest:]...), s.ring[:oldest]...)
}
