package lane

import (
	"sync/atomic"
	"time"
)

// Stats counts for one reader's connection: the source counts what came in, the
// sink what it has written, the strategy what it gave up. The lane's sampler
// reads; nobody blocks. At every instant
// accepted = delivered + dropped + backlog.
type Stats struct {
	accepted       atomic.Uint64
	acceptedBytes  atomic.Uint64
	delivered      atomic.Uint64
	deliveredBytes atomic.Uint64
	dropped        atomic.Uint64
	droppedBytes   atomic.Uint64
	gaps           atomic.Uint64
	sentBytes      atomic.Uint64 // of event text, with events that are no messages
	begin          atomic.Uint64 // position where the first accepted message begins
	missedBytes    atomic.Uint64 // holes between accepted messages
	next           atomic.Uint64 // position behind the last accepted message; belongs to who calls Accept
	away           atomic.Bool   // nothing that comes now is kept for this reader
	kept           atomic.Pointer[Kept]
	written        atomic.Uint64 // highest sequence written
	oldestAtMicros atomic.Int64  // production time of the oldest backlog message; 0 without one
	writeSince     atomic.Int64  // when the current write began, Unix microseconds; 0 between writes
}

// Accept counts a message that is now in the memory of the lane. Where nothing
// else waits it is the oldest. Messages come in order; what lies between the last
// one and this is missed.
func (s *Stats) Accept(m Message) {
	count := s.accepted.Load()
	if count == s.delivered.Load()+s.dropped.Load() {
		s.Oldest(m)
	}
	switch next := s.next.Load(); {
	case count == 0:
		s.begin.Store(m.Pos)
	case m.Pos > next:
		s.missedBytes.Add(m.Pos - next)
	}
	s.next.Store(m.End())
	s.away.Store(false)
	s.acceptedBytes.Add(m.Text())
	s.accepted.Add(1)
}

// AcceptAll is Accept for all of a round.
func (s *Stats) AcceptAll(r *Round) {
	first, last := r.Messages[0], r.Last()
	count := s.accepted.Load()
	if count == s.delivered.Load()+s.dropped.Load() {
		s.Oldest(first)
	}
	switch next := s.next.Load(); {
	case count == 0:
		s.begin.Store(first.Pos)
	case first.Pos > next:
		s.missedBytes.Add(first.Pos - next)
	}
	s.next.Store(last.End())
	s.away.Store(false)
	s.acceptedBytes.Add(r.Text)
	s.accepted.Add(uint64(len(r.Messages)))
}

// Empty tells whether nothing that came in waits in the lane. Who calls Accept
// may rely on it until he does so again.
func (s *Stats) Empty() bool { return s.accepted.Load() == s.delivered.Load()+s.dropped.Load() }

// Kept is from where on a lane itself keeps what it reads for all its readers
// together. The zero value says that it keeps nothing.
type Kept struct{ behind atomic.Uint64 } // the position and 1

// From says that everything from a position on is kept.
func (k *Kept) From(position uint64) { k.behind.Store(position + 1) }

// Keeps tells where the reader's share of that is looked up.
func (s *Stats) Keeps(k *Kept) { s.kept.Store(k) }

// Away says that the broker has ended a subscription, which keeps nothing: what
// is produced until the next message is accepted is missed.
func (s *Stats) Away() { s.away.Store(true) }

// Deliver counts a message that the transport has written.
func (s *Stats) Deliver(m Message) {
	s.deliveredBytes.Add(m.Text())
	s.written.Store(max(s.written.Load(), m.Seq)) // order may have been given up
	s.delivered.Add(1)
}

// DeliverAll is Deliver for all of a round.
func (s *Stats) DeliverAll(r *Round) {
	s.deliveredBytes.Add(r.Text)
	s.written.Store(max(s.written.Load(), r.Last().Seq))
	s.delivered.Add(uint64(len(r.Messages)))
}

// Sent counts n bytes of event text that were written: what a reader counts as
// received, with events that are no messages and without what the transport adds
// (chunks, frames).
func (s *Stats) Sent(n int) { s.sentBytes.Add(uint64(n)) }

// Drop counts a message that the strategy gave up.
func (s *Stats) Drop(m Message) {
	s.droppedBytes.Add(m.Text())
	s.dropped.Add(1)
}

// Gap counts n messages of the sequence that never came into the lane.
func (s *Stats) Gap(n uint64) { s.gaps.Add(n) }

// Oldest tells which backlog message has waited longest.
func (s *Stats) Oldest(m Message) { s.oldestAtMicros.Store(m.AtMicros) }

// Writing marks the begin of a write that may have to wait for room.
func (s *Stats) Writing(now time.Time) { s.writeSince.Store(now.UnixMicro()) }

// Wrote marks its end.
func (s *Stats) Wrote() { s.writeSince.Store(0) }

// Counts is a reading of Stats. Bytes are of event text.
type Counts struct {
	Accepted, Delivered, Dropped, Gaps uint64
	AcceptedBytes, DeliveredBytes      uint64
	DroppedBytes                       uint64
	MissedBytes                        uint64 // between accepted messages
	Begin                              uint64 // position where the first accepted message begins; means nothing before it
	Away                               bool   // see Stats.Away
	Keeps                              bool   // the lane itself keeps everything from Kept on
	Kept                               uint64
	SentBytes                          uint64 // with events that are no messages; see Sent
	BacklogCount, BacklogBytes         uint64
	Written                            uint64        // highest sequence written
	Oldest                             time.Duration // age of the oldest backlog message; 0 without one
	Write                              time.Duration // how long the current write has lasted; 0 between writes
}

// Read takes a reading. Counters move while it reads; a backlog is never
// negative.
func (s *Stats) Read(now time.Time) Counts {
	c := Counts{
		Delivered:      s.delivered.Load(),
		Dropped:        s.dropped.Load(),
		DeliveredBytes: s.deliveredBytes.Load(),
		Gaps:           s.gaps.Load(),
		Written:        s.written.Load(),
		DroppedBytes:   s.droppedBytes.Load(),
		SentBytes:      s.sentBytes.Load(),
		Away:           s.away.Load(),
	}
	if kept := s.kept.Load(); kept != nil {
		if behind := kept.behind.Load(); behind > 0 {
			c.Keeps, c.Kept = true, behind-1
		}
	}
	// Read last, so that what left is never counted without having come.
	c.Accepted, c.AcceptedBytes = s.accepted.Load(), s.acceptedBytes.Load()
	c.MissedBytes, c.Begin = s.missedBytes.Load(), s.begin.Load()
	c.BacklogCount = c.Accepted - c.Delivered - c.Dropped
	c.BacklogBytes = c.AcceptedBytes - c.DeliveredBytes - c.DroppedBytes
	if at := s.oldestAtMicros.Load(); at > 0 && c.BacklogCount > 0 {
		c.Oldest = max(0, now.Sub(time.UnixMicro(at)))
	}
	if since := s.writeSince.Load(); since > 0 {
		c.Write = max(0, now.Sub(time.UnixMicro(since)))
	}
	return c
}
