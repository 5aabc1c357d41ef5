package account

import "spillway/server/internal/lane"

// nascent is for how many instants a connection with an id waits for the reader
// that names it, before it counts as one that nobody reports: the reader's report
// and the lane's may be of two sides of the moment at which it began.
const nascent = 2

// silent are connections of which no reader reports. What their system has
// acknowledged counts as consumed; where the kernel does not tell, everything
// that was written.
type silent struct {
	sum  parts // of those that are, and of what those had that are no more
	past parts
	last map[connection]parts // what each would leave behind
	age  map[uint64]int       // instants for which nobody has named a connection
}

// connection tells connections without an id apart as well as it can be done.
type connection struct {
	id      uint64
	channel string
	begin   uint64
	nth     int
}

func (s *silent) add(rows []lane.Row, claimed map[uint64]bool, positions map[string]Position, replayable bool) []Line {
	var lines []Line
	last, age := make(map[connection]parts), make(map[uint64]int)
	nth := make(map[connection]int)
	s.sum = parts{}
	for i := range rows {
		row := &rows[i]
		if row.ID != 0 {
			if claimed[row.ID] {
				continue
			}
			if age[row.ID] = s.age[row.ID] + 1; age[row.ID] <= nascent {
				continue
			}
		}
		key := connection{id: row.ID, channel: row.Channel, begin: row.Begin}
		nth[key]++
		key.nth = nth[key]
		if row.Ended {
			delete(s.last, key)
			s.past.add(leaves(row, replayable))
			continue
		}
		last[key] = leaves(row, replayable)
		now := livesOn(row, positions[row.Channel], replayable)
		s.sum.add(now)
		l := lineOf(&now)
		l.Reader, l.Channel, l.Row, l.Gaps, l.Connected, l.Silent = Unknown, row.Channel, *row, row.Gaps, true, true
		lines = append(lines, l)
	}
	for key, had := range s.last {
		if _, is := last[key]; !is && !claimed[key.id] {
			s.past.add(had)
		}
	}
	s.last, s.age = last, age
	s.sum.add(s.past)
	return lines
}

func livesOn(row *lane.Row, at Position, replayable bool) parts {
	p := person{row: *row}
	if row.Accepted == 0 {
		return p.now
	}
	p.now.produced = int64(at.End) - int64(row.Begin)
	p.connected(&Reader{}, int64(row.Delivered), at, replayable)
	p.now.consumed, p.now.inFlight = p.now.inFlight, 0
	p.now.floor()
	return p.now
}

// leaves is what stays in the account of a connection that ended: what it had
// and what it missed.
func leaves(row *lane.Row, replayable bool) parts {
	p := parts{consumed: int64(row.Delivered) - min(int64(row.Queue), int64(row.Delivered))}
	p.lost.strategy = int64(row.Dropped)
	if replayable {
		p.lost.trimmed = int64(row.Missed)
	} else {
		p.lost.broker = int64(row.Missed)
	}
	p.produced = p.consumed + p.lost.total()
	return p
}
