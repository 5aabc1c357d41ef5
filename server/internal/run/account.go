package run

import (
	"fmt"
	"maps"
	"slices"

	"spillway/server/internal/account"
	"spillway/server/internal/crowd"
	"spillway/server/internal/lane"
	"spillway/server/internal/producer"
	"spillway/wasm/wire"
)

// keptSeconds is for how many seconds what one process said waits for what the
// others say of the same second.
const keptSeconds = 10

// youName is what tables call a tab.
const youName = "you (tab)"

// seconds are what one process has said, by the whole second it spoke of.
type seconds[T any] struct{ said map[int64]T }

func (s *seconds[T]) take(at int64, what T) {
	if s.said == nil {
		s.said = make(map[int64]T)
	}
	s.said[at] = what
	maps.DeleteFunc(s.said, func(second int64, _ T) bool { return second <= at-keptSeconds })
}

// waitedFor tells whether the account of a second has to wait for what a process
// says of it.
func (s *seconds[T]) waitedFor(up bool, second int64) bool {
	_, has := s.said[second]
	return up && !has
}

// crowdSecond is what the crowd said of a second, group by group.
type crowdSecond map[crowdCell]crowd.CellReport

// laneAccount is the account of one lane. Control.mu guards it.
type laneAccount struct {
	books account.Books
	rows  seconds[[]lane.Row]
	part  []lane.Row // of a second of which more is to come
	tabs  seconds[tabsSecond]
	at    int64 // the second of the newest account; 0 before the first
	sum   wire.Account
	lines []account.Line
}

// tabsSecond are the tabs as they had last reported when the first of the other
// processes spoke of a second: up to a tenth of a second before it, and as long
// as the report took. What came to them in that time is in flight.
type tabsSecond struct {
	readers      []account.Reader
	text, missed uint64 // of tabs that left
}

func (l *laneRun) noteTabs(at int64, channel string) {
	if _, has := l.account.tabs.said[at]; has {
		return
	}
	t := tabsSecond{text: l.gone.Text, missed: l.gone.To - l.gone.Text}
	for _, tab := range slices.Sorted(maps.Keys(l.tabs)) {
		r := l.tabs[tab]
		t.readers = append(t.readers, account.Reader{
			Key: fmt.Sprintf("tab %d", tab), Name: youName, ID: r.ID, Channel: channel,
			From: r.From, To: r.To, Text: r.Text, Before: r.Before, Held: r.Held, Gaps: r.Gaps,
		})
	}
	l.account.tabs.take(at, t)
}

// spoke says that somebody has told of a second. Control.mu is held.
func (s *session) spoke(at int64) {
	for _, l := range s.lanes {
		l.noteTabs(at, s.yourChannel())
	}
	for _, l := range s.lanes {
		s.accountOf(l, at)
	}
}

func (s *session) takeProducer(r producer.Report) {
	s.producer = r
	if r.PositionsAt != 0 {
		s.positions.take(r.PositionsAt, r.Positions)
		s.spoke(r.PositionsAt)
	}
}

// takeReaders keeps the rows of a report of the crowd.
func (s *session) takeReaders(r crowd.Report) {
	if len(r.Cells) == 0 || r.Cells[0].RowsAt == 0 {
		return
	}
	at := r.Cells[0].RowsAt
	said := make(crowdSecond, len(r.Cells))
	for _, cell := range r.Cells {
		said[crowdCell{cell.Lane, cell.Group}] = cell
	}
	s.reading.take(at, said)
	s.spoke(at)
}

// takeRows keeps the rows of a report of a lane.
func (s *session) takeRows(l *laneRun, r lane.Report) {
	if r.RowsAt == 0 {
		return
	}
	a := &l.account
	a.part = append(a.part, r.Rows...)
	if r.RowsMore {
		return
	}
	a.rows.take(r.RowsAt, a.part)
	a.part = nil
	s.spoke(r.RowsAt)
}

// accountOf adds a second to the account of a lane, once everybody has spoken of
// it who is there. A second for which somebody skipped his word is in none. Where
// somebody says nothing for long (a crowd too large for rows, a lane that is busy
// with its garbage) there is no account, rather than an old one.
func (s *session) accountOf(l *laneRun, at int64) {
	a := &l.account
	if a.at > 0 && at > a.at+keptSeconds {
		a.sum, a.lines = wire.Account{}, nil
	}
	if at <= a.at ||
		s.positions.waitedFor(s.producing != nil, at) ||
		s.reading.waitedFor(s.crowding != nil && len(s.crowdGroups()) > 0, at) ||
		a.rows.waitedFor(!l.ended(), at) {
		return
	}
	tabs := a.tabs.said[at]
	in := account.Instant{
		Replayable: l.replayable(),
		Positions:  make(map[string]account.Position, len(s.positions.said[at])),
		Rows:       a.rowsUntil(at),
		LeftText:   tabs.text,
		LeftMissed: tabs.missed,
	}
	for channel, p := range s.positions.said[at] {
		in.Positions[channel] = account.Position(p)
	}
	for _, g := range s.crowdGroups() {
		cell, said := s.reading.said[at][crowdCell{l.name, g.Name}]
		if !said {
			continue
		}
		in.LeftText += cell.Left.Text
		in.LeftMissed += cell.Left.To - cell.Left.Text
		for _, row := range cell.Rows {
			in.Readers = append(in.Readers, account.Reader{
				Key: fmt.Sprintf("%s-%d", g.Name, row.Number), ID: row.ID, Channel: row.Channel,
				From: row.From, To: row.To, Text: row.Text, Before: row.Before, Held: row.Held,
			})
		}
	}
	in.Readers = append(in.Readers, tabs.readers...)
	a.at = at
	a.sum, a.lines = a.books.Add(in)
}

// rowsUntil are the connections at a second, and those that have ended since the
// last account.
func (a *laneAccount) rowsUntil(at int64) []lane.Row {
	var out []lane.Row
	for _, second := range slices.Sorted(maps.Keys(a.rows.said)) {
		if second <= a.at || second > at {
			continue
		}
		for _, row := range a.rows.said[second] {
			if row.Ended || second == at {
				out = append(out, row)
			}
		}
	}
	return out
}

// Readers are those of a lane as they were at the last whole second of which
// everybody has spoken, in no order; none before there was one. The Row of a
// connection that is watched is of the last tenth of a second.
func (c *Control) Readers(name string) ([]account.Line, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, err := c.laneOf(name)
	if err != nil {
		return nil, err
	}
	return l.watch.over(slices.Clone(l.account.lines)), nil
}

func (c *Control) laneOf(name string) (*laneRun, error) {
	if c.session == nil {
		return nil, ErrNotRunning
	}
	if l := c.session.lane(name); l != nil {
		return l, nil
	}
	return nil, ErrNoLane
}
