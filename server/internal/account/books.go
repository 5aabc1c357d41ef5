package account

import (
	"spillway/server/internal/lane"
	"spillway/wasm/wire"
)

// Books keeps the account of one lane from second to second: what a connection
// that ended has lost is remembered by whom. The zero value is ready. It is not
// safe for concurrent use.
type Books struct {
	positions map[string]Position
	people    map[string]*person
	claimed   map[uint64]bool // connections that a reader has named; as long as the lane has them
	silent    silent
	left      parts // of readers that were taken away
	text      uint64
	missed    uint64
}

// Add takes the next instant. It returns the sum, and the readers: first those
// that report, in the order given, then connections of which nobody reports.
func (b *Books) Add(in Instant) (wire.Account, []Line) {
	if b.people == nil {
		b.people, b.positions, b.claimed = make(map[string]*person), make(map[string]Position), make(map[uint64]bool)
	}
	b.see(in)
	rows := make(map[uint64]*lane.Row)
	for i := range in.Rows {
		if row := &in.Rows[i]; row.ID != 0 {
			rows[row.ID] = row
		}
	}
	var lines []Line
	var total parts
	gone := b.people
	b.people = make(map[string]*person, len(in.Readers))
	var taken []*person
	for i := range in.Readers {
		r := &in.Readers[i]
		p := gone[r.Key]
		if p != nil && p.another(r) {
			taken = append(taken, p)
			p = nil
		}
		delete(gone, r.Key)
		if p == nil {
			p = new(person)
		}
		b.people[r.Key] = p
		row := rows[r.ID]
		if r.ID != 0 {
			b.claimed[r.ID] = true
		}
		p.add(r, rows, b.positions[r.Channel], in.Replayable)
		total.add(p.now)
		lines = append(lines, p.line(r, row))
	}
	for _, p := range gone {
		taken = append(taken, p)
	}
	b.takeAway(taken, in)
	total.add(b.left)

	others := b.silent.add(in.Rows, b.claimed, b.positions, in.Replayable)
	total.add(b.silent.sum)
	out := total.account()
	out.Silent = uint64(len(others))
	for i := range in.Rows {
		if row := &in.Rows[i]; row.Unseen && !row.Ended {
			out.Unseen++
		}
	}
	for id := range b.claimed {
		if row := rows[id]; row == nil || row.Ended {
			delete(b.claimed, id)
		}
	}
	return out, append(lines, others...)
}

// see keeps the positions. Of a channel of which the producer says nothing the
// end is at least where somebody has got to.
func (b *Books) see(in Instant) {
	for channel, at := range in.Positions {
		b.positions[channel] = at
	}
	reached := func(channel string, end uint64) {
		if _, told := in.Positions[channel]; !told {
			at := b.positions[channel]
			at.End = max(at.End, end)
			b.positions[channel] = at
		}
	}
	for i := range in.Rows {
		reached(in.Rows[i].Channel, in.Rows[i].Next())
	}
	for i := range in.Readers {
		reached(in.Readers[i].Channel, in.Readers[i].To)
	}
}

// takeAway keeps what readers had that were taken away. They have read on since
// the last instant, so what was told of them then is the least.
func (b *Books) takeAway(taken []*person, in Instant) {
	var text, missed, early int64
	var by lost
	for _, p := range taken {
		text += int64(p.text)
		if !p.begun {
			continue
		}
		if p.to > 0 {
			missed += max(0, int64(p.to)-p.start-int64(p.text))
			early += int64(p.from) - p.start
		}
		by.add(p.now.lost)
	}
	consumed := max(text, grown(&b.text, in.LeftText))
	missing := sharing{max(missed, grown(&b.missed, in.LeftMissed)+early)}
	b.left.produced += consumed + missing.rest
	b.left.consumed += consumed
	missing.give(&b.left.lost.strategy, by.strategy)
	missing.give(&b.left.lost.trimmed, by.trimmed)
	missing.give(&b.left.lost.broker, by.broker)
	missing.all(&b.left.lost.left)
}

// grown is by how much a counter has grown, which may have begun anew.
func grown(last *uint64, now uint64) int64 {
	before := *last
	*last = now
	if now < before {
		before = 0
	}
	return int64(now - before)
}

// line is the reader in a table.
func (p *person) line(r *Reader, row *lane.Row) Line {
	l := lineOf(&p.now)
	l.Reader, l.Channel, l.Gaps = r.Name, r.Channel, r.Gaps
	if l.Reader == "" {
		l.Reader = r.Key
	}
	if row != nil {
		l.Row, l.Connected = *row, !row.Ended
		l.Gaps = max(l.Gaps, row.Gaps)
	}
	return l
}

func lineOf(p *parts) Line {
	return Line{
		Broker: uint64(p.broker), Backlog: uint64(p.backlog), SendQueue: uint64(p.queue), InFlight: uint64(p.inFlight),
		Held: uint64(p.held), Consumed: uint64(p.consumed), Lost: uint64(p.lost.total()), Gap: p.gap(),
	}
}
