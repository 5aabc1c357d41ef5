package account

import "spillway/server/internal/lane"

// person is one reader from second to second.
type person struct {
	begun    bool
	start    int64 // position where it began: of the first message that was taken for it
	from, to uint64
	text     uint64

	lost    lost     // in front of the newest connection
	row     lane.Row // the last of the newest connection that has taken something
	hasRow  bool
	before  uint64 // what it had received when that connection began
	present bool   // the row is of this instant, or it has ended
	now     parts

	named       uint64 // the connection that it named last
	beforeNamed uint64 // what it had received when that one began
}

// another tells whether the reader cannot be the one that it was: one that was
// taken away, and a new one in its place.
func (p *person) another(r *Reader) bool {
	return r.Text < p.text || p.to > 0 && (r.To < p.to || r.From > p.from)
}

// add takes the next instant. rows are those of the lane, by their ids.
func (p *person) add(r *Reader, rows map[uint64]*lane.Row, at Position, replayable bool) {
	p.present = false
	if r.ID != 0 {
		p.named, p.beforeNamed = r.ID, r.Before
	}
	if last := rows[p.row.ID]; p.hasRow && last != nil {
		p.row, p.present = *last, true
	}
	row := rows[p.named]
	if row != nil && row.Accepted == 0 {
		row = nil
	}
	if !p.begun && (row != nil || r.To > 0) {
		p.begun, p.start = true, int64(r.From)
		if row != nil && (r.To == 0 || p.beforeNamed == 0) {
			p.start = int64(row.Begin)
		}
	}
	if r.To > 0 {
		p.start = min(p.start, int64(r.From)) // the first message may come later than its successors
	}
	p.from, p.to, p.text, p.now = r.From, r.To, r.Text, parts{}
	if !p.begun {
		return
	}
	if row != nil {
		if !p.hasRow || row.ID != p.row.ID {
			p.settle(r, row, at, replayable)
			p.before = p.beforeNamed
		}
		p.row, p.hasRow, p.present = *row, true, true
	}
	if p.row.Ended {
		p.present = true // it has said its last
	}
	p.now.produced = int64(at.End) - p.start
	p.now.consumed = int64(r.Text)
	p.now.lost = p.lost
	named := p.hasRow && r.ID != 0 && r.ID == p.row.ID
	switch between := int64(p.row.Delivered) - int64(r.Text-p.before); {
	case named && p.present && !p.row.Ended:
		p.connected(r, between, at, replayable)
	case named && (p.present || between >= 0):
		p.ending(r, between, at, replayable)
	default:
		p.away(r, at, replayable)
	}
	p.now.floor()
}

// connected is the account of a reader on a connection that the lane has.
func (p *person) connected(r *Reader, between int64, at Position, replayable bool) {
	row, now := &p.row, &p.now
	next, end := int64(row.Next()), int64(at.End)
	// What has arrived was written. The lane counts it a moment later, and where a
	// write of several events waits for room when all of it is done.
	early := max(0, -between)
	now.backlog = int64(row.Accepted) - int64(row.Delivered) - early - int64(row.Dropped)
	now.split(between, r.Held, row.Queue)
	now.broker = end - next
	now.lost.strategy += int64(row.Dropped)
	switch {
	case replayable:
		trimmed := max(0, min(int64(at.Begin), end)-next)
		if row.Keeps { // what is trimmed there is still here
			trimmed = min(trimmed, max(0, int64(row.Kept)-next))
		}
		now.broker -= trimmed
		now.lost.trimmed += trimmed + int64(row.Missed)
	case row.Away:
		now.lost.broker += max(0, now.broker) + int64(row.Missed)
		now.broker = min(0, now.broker)
	default:
		now.lost.broker += int64(row.Missed)
	}
}

// ending is that of a reader on a connection that the lane has no longer, while
// it receives what is still on its way.
func (p *person) ending(r *Reader, between int64, at Position, replayable bool) {
	if !replayable || r.To == 0 {
		p.nothingKept(r, max(0, between), at, replayable)
		p.now.split(between, r.Held, 0)
		return
	}
	p.now.split(between, r.Held, 0)
	p.waiting(r, max(0, between), at)
}

// away is that of a reader without a connection.
func (p *person) away(r *Reader, at Position, replayable bool) {
	if replayable && r.To > 0 {
		p.waiting(r, 0, at)
		return
	}
	held := int64(0)
	if p.hasRow {
		held = max(0, min(int64(r.Held), int64(p.row.Delivered)-int64(r.Text-p.before)))
	}
	p.nothingKept(r, held, at, replayable)
	p.now.held = held
}

// waiting is what lies in the stream behind what the reader has, and what is on
// its way still, and what the reader has passed over for ever. Where order was
// given up, some of it may be on its way: as much as is not behind.
func (p *person) waiting(r *Reader, onTheWay int64, at Position) {
	end, to := int64(at.End), int64(r.To)
	if p.hasRow {
		to = max(to, int64(p.row.Begin)) // what is in front of that is settled
	}
	behind := min(onTheWay, max(0, end-to))
	trimmed := max(0, min(int64(at.Begin), end)-to-behind)
	p.now.broker = end - to - behind - trimmed
	passed := sharing{to - p.start - int64(r.Text) - (onTheWay - behind) - p.lost.total()}
	p.now.lost.trimmed += trimmed
	p.passed(&passed, &p.now.lost)
	passed.all(&p.now.lost.left)
}

// passed lays holes that a reader of a stream has passed at the door of its
// newest connection.
func (p *person) passed(s *sharing, to *lost) {
	s.give(&to.strategy, int64(p.row.Dropped))
	s.give(&to.trimmed, int64(p.row.Missed))
}

// nothingKept gives up all but what the reader has, and what is on its way still.
func (p *person) nothingKept(r *Reader, onTheWay int64, at Position, replayable bool) {
	missing := sharing{int64(at.End) - p.start - int64(r.Text) - onTheWay - p.lost.total()}
	p.gone(&missing, int64(r.Text-p.before)+onTheWay, &p.now.lost, replayable)
}

// gone lays what was lost with and after the newest connection at somebody's
// door.
func (p *person) gone(s *sharing, received int64, to *lost, replayable bool) {
	s.give(&to.strategy, int64(p.row.Dropped))
	after := &to.broker
	if replayable {
		s.give(&to.trimmed, int64(p.row.Missed))
		after = &to.left
	} else {
		s.give(&to.broker, int64(p.row.Missed))
	}
	s.give(&to.left, int64(p.row.Accepted)-int64(p.row.Dropped)-received)
	s.all(after)
}

// settle remembers what was lost in front of a connection that is new.
func (p *person) settle(r *Reader, row *lane.Row, at Position, replayable bool) {
	before := p.beforeNamed
	missing := sharing{int64(row.Begin) - p.start - int64(before) - p.lost.total()}
	if !replayable || before == 0 {
		p.gone(&missing, int64(before)-int64(p.before), &p.lost, replayable)
		return
	}
	resumed := r.Text == before // so To is where it came back
	if resumed {
		missing.give(&p.lost.trimmed, int64(row.Begin)-int64(r.To))
	}
	p.passed(&missing, &p.lost)
	if !resumed && at.Begin >= row.Begin {
		missing.all(&p.lost.trimmed)
	}
	missing.all(&p.lost.left)
}
