package heap

import (
	"slices"
	"sync"
	"time"
)

// What a Store keeps. A snapshot of a lane with 210 readers is 8 to 10 KB as it
// is sent and a few more summed up, so these are about a megabyte in practice.
const (
	keepPerLane = 8        // as many as a person tells apart in a list
	keepAll     = 64       // of lanes that have long gone
	keepBytes   = 16 << 20 // of raw files, whatever they are
)

// Snapshot is the heap of a lane at one moment.
type Snapshot struct {
	ID        int // from 1, unique in its Store
	Lane      string
	RunID     string
	Scenario  string // title of the run's
	Strategy  string // of the lane
	PID       int    // of the lane's process; another one after a restart
	At        time.Duration
	TakenAt   time.Time
	RSSBytes  uint64 // of the last sample before it
	HeapInUse uint64 // bytes, likewise; garbage included
	Backlog   uint64 // bytes, likewise
	Profile
	Raw []byte // as the lane sent it; nobody changes it
}

// Store keeps the newest snapshots of each lane, at most [keepPerLane] of one and
// never more than [keepBytes] of files; the oldest make room. Its methods may be
// called from any goroutine. The zero value is empty.
type Store struct {
	mu   sync.Mutex
	last int
	all  []Snapshot // oldest first
}

// Add keeps a snapshot and returns it with its ID.
func (s *Store) Add(n Snapshot) Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	n.ID = s.last
	s.all = append(s.all, n)
	ofLane, bytes := 0, 0
	for _, o := range s.all {
		bytes += len(o.Raw)
		if o.Lane == n.Lane {
			ofLane++
		}
	}
	if ofLane > keepPerLane {
		bytes -= s.drop(slices.IndexFunc(s.all, func(o Snapshot) bool { return o.Lane == n.Lane }))
	}
	for len(s.all) > keepAll || bytes > keepBytes && len(s.all) > 1 {
		bytes -= s.drop(0)
	}
	return n
}

// drop forgets snapshot i and returns the size of its file.
func (s *Store) drop(i int) int {
	size := len(s.all[i].Raw)
	s.all = slices.Delete(s.all, i, i+1)
	return size
}

// Of are the snapshots of a lane, the newest first.
func (s *Store) Of(lane string) []Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Snapshot
	for _, o := range slices.Backward(s.all) {
		if o.Lane == lane {
			out = append(out, o)
		}
	}
	return out
}

// Find is the snapshot of a lane with this ID.
func (s *Store) Find(lane string, id int) (Snapshot, bool) {
	for _, o := range s.Of(lane) {
		if o.ID == id {
			return o, true
		}
	}
	return Snapshot{}, false
}
