package lanehost

import (
	"errors"
	"time"

	"spillway/server/internal/kernel"
	"spillway/server/internal/lane"
)

// early is how much sooner than a wall clock says a timer may come, which follows
// another clock.
const early = 10 * time.Millisecond

// lateAfter is how late a reading may be, of a lane that did not get a processor.
// What moves until then is in two places of the account, or in none.
const lateAfter = 250 * time.Millisecond

// wholeSecond is the second that a reading at now is of.
func wholeSecond(now time.Time) time.Time { return now.Add(early).Truncate(time.Second) }

// nextSecond is when the next reading is due. All processes read at that instant,
// each by the same wall clock; see package account.
func nextSecond(now time.Time) time.Time { return wholeSecond(now).Add(time.Second) }

// late tells that a reading at now would be of no whole second. Then there is none
// of this second.
func late(now time.Time) bool { return now.Sub(wholeSecond(now)) > lateAfter }

// reading is the rows of one whole second that are not reported yet.
type reading struct {
	rows []lane.Row
	at   int64 // Unix seconds
}

// tell adds to a report what fits.
func (r *reading) tell(report *lane.Report) {
	if r.at == 0 {
		return
	}
	n := min(len(r.rows), lane.MaxRows)
	report.Rows, report.RowsAt, report.RowsMore = r.rows[:n], r.at, n < len(r.rows)
	r.rows = r.rows[n:]
	if len(r.rows) == 0 {
		*r = reading{}
	}
}

// rows reads every connection, asking the kernel about each, which takes some 3 µs.
// The rows of connections that have ended since the last call come first, once.
// Whoever ends while it reads has a row here, and its last one the next time.
func (r *registry) rows(now time.Time) []lane.Row {
	r.mu.Lock()
	open, rows := r.opensLocked(), r.ended
	r.ended = nil
	r.mu.Unlock()
	rows = append(make([]lane.Row, 0, len(rows)+len(open)), rows...)
	var seen lane.Kernel
	for _, c := range open {
		row := c.row(now)
		rows = append(rows, row)
		seen.QueueBytes += row.Queue
		if row.Unseen {
			seen.Unseen++
		}
		if row.ShutMicros > 0 {
			seen.Shut++
			seen.ShutMicros = max(seen.ShutMicros, row.ShutMicros)
		}
	}
	r.mu.Lock()
	r.kernel = seen
	r.mu.Unlock()
	return rows
}

// watched reads the connections with these ids; nil where there is none.
func (r *registry) watched(ids map[uint64]bool, now time.Time) (rows []lane.Row) {
	if len(ids) == 0 {
		return nil
	}
	watched := make([]*connection, 0, len(ids))
	r.mu.Lock()
	for c := range r.open {
		if ids[c.id] && c.sink != nil {
			watched = append(watched, c)
		}
	}
	r.mu.Unlock()
	for _, c := range watched {
		rows = append(rows, c.row(now))
	}
	return rows
}

// row reads an open connection: the kernel first, and then what the lane has
// done. So a byte that moves on between the two is seen further on or not in the
// queue any more, and never both in the queue and in the lane: what is in the
// queue was written, and what is written by then is counted as delivered. Only
// the part of an event whose other part still waits for room is in both, because
// an event counts when all of it is written. In the other order whole events
// would be, each that was written in between.
func (c *connection) row(now time.Time) lane.Row {
	info, err := c.sink.Kernel(now)
	row := c.counted(c.stats.Read(now))
	row.Unseen = errors.Is(err, kernel.ErrNotVisible)
	if err == nil { // else it has just been closed, and nothing is in its queue
		row.Queue = info.QueueBytes
		row.ShutMicros = uint64(info.Shut.Microseconds())
		row.LimitedMicros = uint64(info.Limited.Microseconds())
	}
	return row
}

// ended is the last row of a connection, whose strategy has returned and whose
// socket is closed. What it had accepted, and neither delivered nor dropped, was
// in the lane then.
func (c *connection) ended(n lane.Counts) lane.Row {
	row := c.counted(n)
	row.Ended, row.WriteMicros = true, 0
	return row
}

func (c *connection) counted(n lane.Counts) lane.Row {
	return lane.Row{
		ID:          c.id,
		Channel:     c.channel,
		Begin:       n.Begin,
		Accepted:    n.AcceptedBytes,
		Missed:      n.MissedBytes,
		Delivered:   n.DeliveredBytes,
		Dropped:     n.DroppedBytes,
		Away:        n.Away,
		Keeps:       n.Keeps,
		Kept:        n.Kept,
		Gaps:        n.Gaps,
		WriteMicros: uint64(n.Write.Microseconds()),
	}
}
