package crowd

import (
	"time"

	"spillway/wasm/reader"
)

const (
	// maxRows bounds the readers that a report describes one by one, in all its
	// cells: a report is one line of at most 1 MiB, and a row at most about 135 bytes.
	maxRows = 6000
	// early is how much sooner than a wall clock says a timer may come, which
	// follows another clock.
	early = 10 * time.Millisecond
)

// wholeSecond is the second that a reading at now is of.
func wholeSecond(now time.Time) time.Time { return now.Add(early).Truncate(time.Second) }

// nextSecond is when the next reading is due. All processes read at that instant,
// each by the same wall clock; see package account.
func nextSecond(now time.Time) time.Time { return wholeSecond(now).Add(time.Second) }

// reading is all readers at one whole second, until it is reported.
type reading struct {
	at   int64 // Unix seconds; 0: there is nothing to report
	rows [][]Row
	left []Row
}

// read takes a reading, 0.1 ms for a thousand readers.
func (c *crowd) read(now time.Time) reading {
	r := reading{at: wholeSecond(now).Unix(), rows: make([][]Row, len(c.cells)), left: make([]Row, len(c.cells))}
	count := 0
	for i, cell := range c.cells {
		r.rows[i], r.left[i] = cell.rows()
		count += len(r.rows[i])
	}
	if count > maxRows {
		return reading{}
	}
	return r
}

// tell adds the reading to a report, once.
func (r *reading) tell(report *Report) {
	if r.at == 0 {
		return
	}
	for i := range report.Cells {
		report.Cells[i].Rows, report.Cells[i].RowsAt, report.Cells[i].Left = r.rows[i], r.at, r.left[i]
	}
	*r = reading{}
}

// rows are the readers there are, and left what all others had, those included
// that are on their way out.
func (c *cell) rows() (rows []Row, left Row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rows = make([]Row, len(c.readers))
	for i, s := range c.readers {
		rows[i] = s.row()
		rows[i].Number = uint64(i)
	}
	left = c.left
	for _, s := range c.leaving {
		left.leave(s.account())
	}
	return rows, left
}

// row is the reader now.
func (s *synthetic) row() Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.decoder.Account()
	return Row{
		ID: s.id, Channel: s.channel,
		From: a.From, To: a.To, Text: a.Text, Before: s.before,
		Held: uint64(max(s.held.Load(), 0)),
	}
}

func (s *synthetic) account() reader.Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.decoder.Account()
}

// leave adds a reader that was taken away. Of one that got messages twice nothing
// is missing, rather than less than nothing.
func (r *Row) leave(a reader.Account) {
	r.To += max(a.To-a.From, a.Text)
	r.Text += a.Text
}
