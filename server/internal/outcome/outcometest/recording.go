package outcometest

import (
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/play"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/server/internal/threshold"
	"spillway/wasm/wire"
	"spillway/web/chart"
)

const (
	mib         = 1 << 20
	every       = 100 * time.Millisecond // between moments
	slowedAt    = 8 * time.Second
	killedAt    = 27100 * time.Millisecond
	releasedAt  = 32100 * time.Millisecond
	limitBytes  = 256 * mib
	perSecond   = 2100 // messages of all channels
	brokerLimit = 1 << 30
)

// Options choose a recording. The zero value is the story: two lanes for a
// minute, every rule holds.
type Options struct {
	Lanes  int           // 1 to 4; 0 is 2
	Length time.Duration // 0 is a minute
	Broken bool          // a rule fails, one has no value, a wait is not true in time
	Ending record.Ending // empty is Completed
	Why    string        // of Failed
}

// Recording makes one up. It is the same for the same options.
func Recording(o Options) *record.Recording {
	if o.Lanes == 0 {
		o.Lanes = 2
	}
	if o.Length == 0 {
		o.Length = time.Minute
	}
	if o.Ending == "" {
		o.Ending = record.Completed
	}
	r := &record.Recording{Header: header, Ending: o.Ending, Why: o.Why}
	scenario := script.Scenario{
		Name: header.Scenario, Title: "One slow reader", Text: []byte(header.Text),
		About:     "Two servers stream the same messages to the same readers. One keeps what a reader does not take, the other waits until it does. Slow the readers down and watch which of them runs out of memory.",
		Statement: "Same messages, same readers.",
		Question:  "Which server runs out of memory?",
	}
	for _, l := range lanes[:o.Lanes] {
		scenario.Lanes = append(scenario.Lanes, l.plan)
		history := wire.LaneHistory{Marks: []wire.HistoryMark{{ElapsedMicros: micros(slowedAt), Kind: uint8(chart.MarkNote), Label: "slowed to 4 KB/s"}}}
		if l.dies != 0 && l.dies <= o.Length {
			history.Marks = append(history.Marks, wire.HistoryMark{ElapsedMicros: micros(l.dies), Kind: uint8(chart.MarkKill)})
		}
		if l.restarts != 0 && l.restarts <= o.Length {
			history.Marks = append(history.Marks, wire.HistoryMark{ElapsedMicros: micros(l.restarts), Kind: uint8(chart.MarkRestart), Label: "restarted"})
		}
		if l.dies == 0 || l.restarts != 0 { // the dead get no more marks
			history.Marks = append(history.Marks, wire.HistoryMark{ElapsedMicros: micros(releasedAt), Kind: uint8(chart.MarkNote), Label: "released"})
		}
		r.Marks = append(r.Marks, history)
	}
	r.Log = logOf(o, o.Length)
	ages := agesOf()
	for at := time.Duration(0); at <= o.Length; at += every {
		r.Moments = append(r.Moments, moment(o, scenario, at, ages))
	}
	return r
}

func moment(o Options, scenario script.Scenario, at time.Duration, ages ages) run.View {
	v := run.View{
		RunID: header.RunID, Scenario: scenario, State: wire.StateRunning, StartedAt: header.StartedAt, Elapsed: at,
		Settings: run.Settings{RatePerSecond: 10, SizeBytes: 4 << 10},
		Sample: wire.Sample{
			TakenAtMicros: header.StartedAt.Add(at).UnixMicro(), ElapsedMicros: micros(at), State: wire.StateRunning,
			Produced: uint64(at.Seconds() * perSecond), BrokerRSS: 31*mib + held(at), BrokerUsed: 2*mib + held(at), BrokerLimit: brokerLimit,
		},
		Version: uint64(at / every),
		Log:     logOf(o, at),
		Script:  scriptOf(o, at),
		Checks:  checksOf(o),
	}
	for _, l := range lanes[:o.Lanes] {
		sample, extra, view := l.at(at, ages)
		v.Sample.Lanes = append(v.Sample.Lanes, sample)
		v.Extra = append(v.Extra, extra)
		v.Lanes = append(v.Lanes, view)
	}
	return v
}

// logOf is what was told until a moment.
func logOf(o Options, until time.Duration) []run.Entry {
	all := []run.Entry{
		{At: 0, Text: "2 lanes, 211 readers each, the same messages."},
		{At: 2 * time.Second, Kind: run.Said, Text: "Everybody reads as fast as they can. Both servers are flat."},
		{At: slowedAt, Kind: run.Scripted, Text: "The slow readers read 4 KB/s each now."},
		{At: 12 * time.Second, Kind: run.Said, Text: "Nothing but the readers has changed. Where do the messages wait?"},
		{At: 12300 * time.Millisecond, Text: "push passes 64 MiB. It holds 48.0 MiB nobody has read; its oldest message is 4.1 s old."},
		{At: 17200 * time.Millisecond, Text: "push passes 128 MiB. It holds 110 MiB nobody has read; its oldest message is 9.0 s old."},
		{At: 19500 * time.Millisecond, Kind: run.ByHand, Text: "20 healthy readers in each lane now."},
		{At: 22100 * time.Millisecond, Text: "push passes 192 MiB. It holds 172 MiB nobody has read; its oldest message is 13.9 s old."},
		{At: killedAt, Grave: true, Text: "push was killed: 257 MiB, exit code 137. 211 readers were cut off. It took 60,902 messages with it that nobody had read."},
		{At: 27200 * time.Millisecond, Kind: run.Said, Text: "137 is 128 + 9: SIGKILL, as the kernel's OOM killer sends it."},
		{At: releasedAt, Kind: run.Scripted, Text: "The slow readers read as fast as they can."},
		{At: 38400 * time.Millisecond, Text: "pull has caught up: its readers got every message, none lost, none twice."},
	}
	if o.Broken {
		all = append(all, run.Entry{At: 52 * time.Second, Grave: true, Text: "A wait was not true in time: backlog{lane:pull} < 1KiB."})
	}
	n := 0
	for n < len(all) && all[n].At <= until {
		n++
	}
	return all[:n]
}

func scriptOf(o Options, at time.Duration) play.View {
	steps := []play.Step{
		{When: "at 2s", What: "says “Everybody reads as fast as they can …”", Plan: 2 * time.Second, At: 2001 * time.Millisecond, LateBy: time.Millisecond, Line: 31},
		{When: "at 8s", What: "throttle: 4KB/s", Plan: slowedAt, At: slowedAt + 2*time.Millisecond, LateBy: 2 * time.Millisecond, Line: 33},
		{When: "4s later", What: "says “Nothing but the readers has changed …”", Plan: 12 * time.Second, At: 12004 * time.Millisecond, LateBy: 4 * time.Millisecond, Line: 36},
		{When: "when exit_code{lane:push} == 137, at most 1m", What: "says “137 is 128 + 9 …”", Plan: 72 * time.Second, At: 27150 * time.Millisecond, Line: 38},
		{When: "5s later", What: "throttle: none", Plan: releasedAt, At: releasedAt + time.Millisecond, LateBy: time.Millisecond, Line: 42},
	}
	if o.Broken {
		steps = append(steps, play.Step{When: "when backlog{lane:pull} < 1KiB, at most 20s", What: "says “pull has caught up”", Plan: 52 * time.Second, At: 52 * time.Second, Line: 45})
	}
	v := play.View{State: play.Playing, Clock: at, Length: time.Minute}
	for i, s := range steps {
		if s.At > at {
			s.At, s.LateBy = 0, 0
			if i == v.Next {
				s.State = play.Current
			}
		} else {
			s.State = play.Happened
			if o.Broken && i == len(steps)-1 {
				s.State = play.TimedOut
			}
			v.Next = i + 1
		}
		v.Steps = append(v.Steps, s)
	}
	if v.Next == len(steps) {
		v.State = play.Done
	}
	return v
}

func checksOf(o Options) []threshold.Verdict {
	checks := []threshold.Verdict{
		{Name: "exit_code{lane:push}", Rule: "last == 137", Wanted: "== 137", Seen: "137", Holds: true, Known: true, At: killedAt},
		{Name: "rss{lane:pull}", Rule: "max < 2 * min of rss{lane:pull}", Wanted: "< 2 * 17.0MiB", Seen: "28.4MiB", Holds: true, Known: true, At: 21 * time.Second},
		{Name: "gaps{lane:pull}", Rule: "last == 0", Wanted: "== 0", Seen: "0", Holds: true, Known: true, At: time.Minute},
		{Name: "age{lane:pull,reader:healthy}", Rule: "p(99) < 250ms", Wanted: "< 250ms", Seen: "7.4ms", Holds: true, Known: true, At: time.Minute},
	}
	if o.Broken {
		checks[1] = threshold.Verdict{Name: "rss{lane:pull}", Rule: "max < 20MiB", Wanted: "< 20MiB", Seen: "28.4MiB", Known: true, Aborts: true, At: 10 * time.Second}
		checks[3] = threshold.Verdict{Name: "age{lane:pull,reader:you}", Rule: "p(99) < 250ms", Wanted: "< 250ms", Seen: "no value", At: time.Minute}
	}
	return checks
}

func micros(d time.Duration) uint64 { return uint64(d.Microseconds()) }
