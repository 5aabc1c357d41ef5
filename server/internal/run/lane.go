package run

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/lane"
	"spillway/server/internal/metric"
	"spillway/server/internal/sample"
	"spillway/server/internal/source"
	"spillway/server/internal/strategy"
	"spillway/server/internal/supervisor"
	"spillway/server/internal/transport"
	"spillway/wasm/wire"
	"spillway/web/chart"
)

const (
	// historyPoints holds five minutes at 10 Hz, what a chart can show at most.
	historyPoints = 5 * 60 * 10
	// maxMarks are more than a chart of that length can show.
	maxMarks = 256
	// rateWindow is the number of reports over which a rate is taken: a second.
	rateWindow = 10
	// defaultRestartDelay is the pause before a restart by policy.
	defaultRestartDelay = time.Second
	// tellEveryBytes is the step of RSS at which the log speaks.
	tellEveryBytes = 64 << 20
)

// laneRun is one lane of a session. Control.mu guards it.
type laneRun struct {
	name     string
	plan     script.Lane
	strategy strategy.Definition
	way      []string // stations of the data, in words

	state    wire.State
	proc     *supervisor.Process // nil before the first start; the ended one after its end
	exit     *supervisor.Exit    // of the last end; nil while it lives
	failure  string              // why it could not be started, in words
	port     int                 // kept over restarts
	hop      hopRun              // in front of it, if its scenario wants one
	restarts int

	report   lane.Report
	look     looking
	past     totals      // of the processes before this one
	lastExit int         // exit code of the last end; -1 before the first
	rates    []ratePoint // newest last, at most rateWindow+1
	tabs     map[uint64]wire.Reader
	gone     wire.Reader // what tabs that left had received, added up; To − Text is what they missed
	account  laneAccount
	watch    watching
	cutOff   uint64 // readers connected when it ended
	lost     uint64 // messages in its backlog when it ended

	series *sample.Series[wire.HistoryPoint]
	marks  []wire.HistoryMark
	told   uint64 // steps of RSS that the log has told
	behind bool   // its slow readers got old messages
}

type ratePoint struct {
	at               time.Time
	delivered, bytes uint64
}

// totals are counters that outlive a process.
type totals struct{ delivered, deliveredBytes, dropped, cpuMicros uint64 }

func newLaneRun(plan script.Lane) *laneRun {
	l := &laneRun{
		name:     plan.Name,
		plan:     plan,
		state:    wire.StateStarting,
		lastExit: -1,
		tabs:     make(map[uint64]wire.Reader),
		series:   sample.NewSeries[wire.HistoryPoint](historyPoints),
	}
	l.strategy, _ = strategy.Find(plan.Strategy)
	in, _ := source.Find(plan.Source)
	out, _ := transport.Find(plan.Transport)
	l.way = []string{in.Title, l.strategy.Title, out.Title}
	if plan.Hop != "" {
		l.way = append(l.way, hopTitles[plan.Hop])
	}
	return l
}

// ended tells whether the lane has no process.
func (l *laneRun) ended() bool {
	return l.dead() || l.state == wire.StateStopped || l.state == wire.StateRest
}

// dead tells whether the lane ended though nobody had asked it to.
func (l *laneRun) dead() bool {
	return l.state == wire.StateKilled || l.state == wire.StateCrashed
}

// startAgain forgets the process that ended, so that nothing of it is taken for
// the next one's.
func (l *laneRun) startAgain() {
	l.past = l.totals()
	l.state = wire.StateStarting
	l.proc, l.exit, l.failure = nil, nil, ""
	l.report, l.rates = lane.Report{}, nil
	l.account.part = nil
	l.restarts++
}

// totals are the lane's counters over all its processes.
func (l *laneRun) totals() totals {
	t := l.past
	t.delivered += l.report.Delivered
	t.deliveredBytes += l.report.DeliveredBytes
	t.dropped += l.report.Dropped
	switch {
	case l.exit != nil:
		t.cpuMicros += uint64(l.exit.Last.CPU.Microseconds())
	case l.proc != nil:
		if p, ok := l.proc.Sample(); ok {
			t.cpuMicros += uint64(p.CPU.Microseconds())
		}
	}
	return t
}

// addTabs adds what the tabs have received, those that left among them.
func (l *laneRun) addTabs(r *metric.Readers) {
	add := func(tab wire.Reader) {
		r.Messages += tab.Messages
		r.Bytes += tab.Bytes
		r.Gaps += tab.Gaps
		r.Repeats += tab.Repeats
	}
	add(l.gone)
	for _, tab := range l.tabs {
		add(tab)
		r.Connected++
		r.Held += tab.Held
		r.AgeP50Micros, r.AgeP99Micros = max(r.AgeP50Micros, tab.P50), max(r.AgeP99Micros, tab.P99)
	}
}

// replayable tells whether what its readers have not got waits in a stream.
func (l *laneRun) replayable() bool {
	d, _ := source.Find(l.plan.Source)
	return d.Replayable
}

// take keeps a report and remembers enough of the last second for rates.
func (l *laneRun) take(r lane.Report) {
	if r.Written == nil {
		r.Written = l.report.Written // sent once a second only
	}
	l.look.take(r.Code)
	l.watch.take(r.Watched)
	l.report = r
	l.rates = append(l.rates, ratePoint{time.Now(), r.Delivered, r.DeliveredBytes})
	if len(l.rates) > rateWindow+1 {
		l.rates = append(l.rates[:0], l.rates[1:]...)
	}
}

// perSecond is what the lane wrote over about the last second.
func (l *laneRun) perSecond() (messages, bytes uint64) {
	if len(l.rates) < 2 {
		return 0, 0
	}
	first, last := l.rates[0], l.rates[len(l.rates)-1]
	seconds := last.at.Sub(first.at).Seconds()
	if seconds <= 0 || last.delivered < first.delivered {
		return 0, 0
	}
	return uint64(float64(last.delivered-first.delivered) / seconds), uint64(float64(last.bytes-first.bytes) / seconds)
}

// laneUp takes over a lane that is ready.
func (s *session) laneUp(l *laneRun, proc *supervisor.Process, addr string) {
	_, port, _ := net.SplitHostPort(addr)
	l.port, _ = strconv.Atoi(port)
	l.proc, l.state = proc, wire.StateRunning
	l.cutOff, l.lost, l.told = 0, 0, 0
	if l.restarts > 0 {
		s.mark(l, chart.MarkRestart, "restarted")
		s.say(Observed, false, fmt.Sprintf("%s was started again. Its readers come back.", l.name))
	}
	s.keepHop(l)
	s.tellAll()
	s.changed()
}

// laneEnded writes down how a lane ended.
func (s *session) laneEnded(l *laneRun, exit supervisor.Exit) {
	l.exit, l.lastExit = &exit, exit.Code
	l.cutOff, l.lost = l.report.Readers, l.report.BacklogCount
	readers := fmt.Sprintf("%s cut off", were(l.cutOff, "reader"))
	if exit.Reason == supervisor.ReasonLimit {
		l.state = wire.StateKilled
		s.markAt(l, exit.At, chart.MarkKill, "")
		text := fmt.Sprintf("%s was killed: %s MiB, exit code %d. %s.", l.name, chart.MiB(float64(exit.Last.RSSBytes)), exit.Code, readers)
		if l.lost > 0 && !l.replayable() {
			text += fmt.Sprintf(" It took %s with it that nobody had read.", many(l.lost, "message"))
		}
		s.say(Observed, true, text)
	} else {
		l.state = wire.StateCrashed
		s.markAt(l, exit.At, chart.MarkKill, "")
		text := fmt.Sprintf("%s ended: %s. %s.", l.name, exit.String(), readers)
		if line := telling(exit.LogTail); line != "" {
			text += " Its log says: " + line
		}
		s.say(Observed, true, text)
	}
	s.tellAll() // the crowd must not knock at a closed door
	s.changed()
	if l.plan.Restart == script.RestartOnFailure {
		s.restartLater(l)
	}
}

// restartLater starts a lane again after the pause of its policy, unless somebody
// was faster.
func (s *session) restartLater(l *laneRun) {
	delay := time.Duration(l.plan.RestartDelay)
	if delay == 0 {
		delay = defaultRestartDelay
	}
	s.wg.Go(func() {
		if !pause(s.ctx, delay) {
			return
		}
		s.c.mu.Lock()
		again := s.alive() && l.dead()
		if again {
			l.startAgain()
			s.changed()
		}
		s.c.mu.Unlock()
		if again {
			s.startLane(l)
		}
	})
}

// laneNeverReady writes down why a lane did not start.
func (s *session) laneNeverReady(l *laneRun, err error) {
	l.state = wire.StateCrashed
	l.failure = err.Error()
	s.say(Observed, true, fmt.Sprintf("%s could not be started: %v", l.name, err))
	s.changed()
}

// telling picks the line of a log that says what went wrong: the first words of a
// Go crash if they are there, else the last line. The stacks and registers that
// follow such words tell nothing on their own.
func telling(lines []string) string {
	dump := false
	for _, line := range lines {
		if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") || strings.HasPrefix(line, "SIG") {
			return line
		}
		dump = dump || strings.HasPrefix(line, "goroutine ")
	}
	if dump {
		return ""
	}
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(lines[i]); line != "" {
			return line
		}
	}
	return ""
}

// many joins a number and its noun: "1 reader", "210 readers".
func many(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return chart.Count(n) + " " + noun + "s"
}

// were adds the verb that fits: "1 reader was", "210 readers were".
func were(n uint64, noun string) string {
	if n == 1 {
		return many(n, noun) + " was"
	}
	return many(n, noun) + " were"
}

func (s *session) mark(l *laneRun, kind chart.MarkKind, label string) {
	s.markAt(l, time.Now(), kind, label)
}

// markAt puts a mark on a lane's curve. The oldest go where there are too many.
func (s *session) markAt(l *laneRun, at time.Time, kind chart.MarkKind, label string) {
	if len(l.marks) >= maxMarks {
		l.marks = append(l.marks[:0], l.marks[1:]...)
	}
	l.marks = append(l.marks, wire.HistoryMark{
		ElapsedMicros: uint64(max(0, at.Sub(s.startedAt)).Microseconds()),
		Kind:          uint8(kind),
		Label:         label,
	})
	s.events.marks++
}
