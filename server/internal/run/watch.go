package run

import (
	"slices"
	"time"

	"spillway/server/internal/account"
	"spillway/server/internal/lane"
	"spillway/server/internal/supervisor"
)

// watchFor is how long a lane goes on telling of single connections after
// somebody has asked for them.
const watchFor = 5 * time.Second

// watching is of which connections a lane tells with every report, and what.
type watching struct {
	ids   []uint64 // asked for
	until time.Time
	told  []uint64
	by    *supervisor.Process // that was told
	rows  []lane.Row
}

// Watch has a lane tell of these connections 10 times a second for the next five
// seconds, of at most lane.MaxWatched; see [Control.Readers]. They take the place
// of those that were watched before.
func (c *Control) Watch(name string, ids []uint64) {
	_ = c.withLane(name, func(l *laneRun) {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id uint64) bool { return id == 0 })
		l.watch.ids = ids[:min(len(ids), lane.MaxWatched)]
		l.watch.until = time.Now().Add(watchFor)
	}) // of a lane that is no more there is nothing to tell
}

// watchLanes tells the lanes what they have not been told yet. Control.mu is held.
func (s *session) watchLanes(now time.Time) {
	for _, l := range s.lanes {
		if command, ok := l.watch.tell(l.proc, now, !l.ended()); ok {
			s.send(l.proc, command)
		}
	}
}

// tell is what a lane's process has to be told, if it has not been.
func (w *watching) tell(proc *supervisor.Process, now time.Time, alive bool) (lane.Command, bool) {
	if now.After(w.until) || !alive {
		w.ids, w.rows = nil, nil
	}
	if w.by != proc {
		w.by, w.told = proc, nil
	}
	if slices.Equal(w.told, w.ids) || proc == nil {
		return lane.Command{}, false
	}
	w.told = w.ids
	ids := append([]uint64{}, w.ids...) // empty is not nil
	return lane.Command{Watch: &ids}, true
}

// take keeps what a lane told.
func (w *watching) take(rows []lane.Row) { w.rows = rows }

// over puts what is newer into lines, which it changes.
func (w *watching) over(lines []account.Line) []account.Line {
	for i := range lines {
		for _, row := range w.rows {
			if row.ID == lines[i].ID && lines[i].Connected {
				lines[i].Row, lines[i].Connected = row, !row.Ended
			}
		}
	}
	return lines
}
