package strategy

import "spillway/server/internal/lane"

const (
	// ringSlots is what a ring begins with: an idle reader's costs little.
	ringSlots = 16
	// ringKeeps is the largest ring that is kept when it is empty; a larger one
	// is what a stall has left behind.
	ringKeeps = 1024
)

// ring is a first-in-first-out queue that reuses its slots. Whoever uses it
// bounds it and locks it. The zero value is empty.
type ring struct {
	slots []lane.Message
	head  int // the oldest
	n     int
	bytes int64 // of all payloads
}

// push appends m; it allocates while the ring grows and not afterwards.
func (r *ring) push(m lane.Message) {
	if r.n == len(r.slots) {
		grown := make([]lane.Message, max(ringSlots, 2*r.n))
		k := copy(grown, r.slots[r.head:])
		copy(grown[k:], r.slots[:r.head])
		r.slots, r.head = grown, 0
	}
	at := r.head + r.n
	if at >= len(r.slots) {
		at -= len(r.slots)
	}
	r.slots[at] = m
	r.n++
	r.bytes += int64(m.Bytes())
}

// first is the oldest. There has to be one.
func (r *ring) first() lane.Message { return r.slots[r.head] }

// pop takes the oldest out. There has to be one.
func (r *ring) pop() lane.Message {
	m := r.slots[r.head]
	r.slots[r.head] = lane.Message{} // the payload must not outlive its delivery
	if r.head++; r.head == len(r.slots) {
		r.head = 0
	}
	r.n--
	r.bytes -= int64(m.Bytes())
	if r.n == 0 && len(r.slots) > ringKeeps {
		r.slots, r.head = nil, 0
	}
	return m
}
