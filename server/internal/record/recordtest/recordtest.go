// Package recordtest makes up runs for tests: views as a busy run shows them.
package recordtest

import (
	"fmt"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/server/internal/play"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/server/internal/supervisor"
	"spillway/server/internal/threshold"
	"spillway/wasm/reader"
	"spillway/wasm/throttle"
	"spillway/wasm/wire"
	"spillway/web/chart"
)

// Text is the scenario of the made-up runs.
const Text = `version: 1
title: A made-up run
about: Numbers for tests.
statement: Same messages, same readers.
question: Which server runs out of memory?
lanes:
  push:
    source: redis-pubsub
    strategy: push-buffered
    transport: sse
    limit: 256MiB
  pull:
    source: redis-stream
    strategy: pull-drain
    transport: sse
    limit: 256MiB
  two:
    source: redis-pubsub
    strategy: push-buffered
    transport: sse
    limit: 256MiB
  three:
    source: redis-stream
    strategy: pull-drain
    transport: sse
    limit: 256MiB
workload:
  kind: fixed
  rate: 10/s
  size: 4KiB
readers:
  slow:
    count: 100
  healthy:
    count: 10
ghost:
  push:
    file: ghost.csv
    column: rss_mib
    unit: 1MiB
    caption: Measured elsewhere.
`

// ghost is the file that Text names.
const ghost = "t_seconds,rss_mib\n0,80\n1,90.5\n2,100\n"

// MaxMemoryBytes is the ceiling of the machine of the made-up runs.
const MaxMemoryBytes = 4 << 30

// StartedAt is when they began.
var StartedAt = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

// SampleEvery is the time between two of their views.
const SampleEvery = 100 * time.Millisecond

// Options are what Read needs for them.
var Options = record.ReadOptions{Vocabulary: run.Vocabulary}

// Scenario parses Text, or panics.
func Scenario() script.Scenario {
	s, err := script.Parse(script.File{Path: "made-up.yaml", Text: []byte(Text), Read: read}, run.Vocabulary(MaxMemoryBytes))
	if err != nil {
		panic(err)
	}
	return s
}

func read(string) ([]byte, error) { return []byte(ghost), nil }

// Run is a run under way. A slider is dragged for 2 s of every 20; push is
// killed at DiesAt; a step happens every 15 s; rules are judged twice a second.
type Run struct {
	scenario script.Scenario
	view     run.View
	marks    [][]wire.HistoryMark
	ages     []*reader.Histogram
	tick     int
}

const (
	// DiesAt is when the lane push is killed.
	DiesAt = 40 * time.Second
	// GhostsAt is when the series behind its curve begins.
	GhostsAt = 15 * time.Second
)

// New is a run before its first view.
func New(id string) *Run {
	r := &Run{scenario: Scenario()}
	r.marks = make([][]wire.HistoryMark, len(r.scenario.Lanes))
	v := &r.view
	*v = run.View{
		RunID: id, Scenario: r.scenario, State: wire.StateRunning, StartedAt: StartedAt,
		Settings: run.Settings{
			RatePerSecond: 10, SizeBytes: 4096,
			Readers: map[string]run.GroupSettings{
				"slow":    {Count: 100, Throttle: run.Throttle(throttle.Unlimited)},
				"healthy": {Count: 10, Throttle: run.Throttle(throttle.Unlimited)},
				"you":     {Count: 1, Throttle: run.Throttle(throttle.Unlimited)},
			},
		},
		Verdict: run.Verdict{Title: "What to do now", Text: "Slow the readers.", Actions: []string{"play"}},
		Log:     []run.Entry{{Text: "4 lanes, 110 readers each, the same messages."}},
		Version: 1,
	}
	for i := range 8 {
		v.Script.Steps = append(v.Script.Steps, play.Step{
			When: fmt.Sprintf("at %ds", i*15), What: "throttle: 4KB/s", Plan: time.Duration(i) * 15 * time.Second, Line: 40 + i,
		})
	}
	v.Script.State, v.Script.Length = play.Playing, 2*time.Minute
	for i, l := range r.scenario.Lanes {
		v.Lanes = append(v.Lanes, run.LaneView{
			Name: l.Name, Plan: l, Way: []string{"Redis", "queue", "SSE"}, State: wire.StateRunning, Status: "running",
			Say: "Keeps up with every reader.", PID: 4000 + i, Port: 30000 + i,
			Throttle: throttle.Unlimited, Yours: throttle.Unlimited, Channel: "you",
		})
		v.Checks = append(v.Checks,
			threshold.Verdict{Name: "rss{lane:" + l.Name + "}", Rule: "max < 200MiB", Wanted: "< 200MiB", Holds: true, Known: true},
			threshold.Verdict{Name: "age{lane:" + l.Name + ",reader:healthy}", Rule: "p(99) < 250ms", Wanted: "< 250ms", Holds: true, Known: true})
		r.ages = append(r.ages, new(reader.Histogram), new(reader.Histogram))
	}
	r.slide(throttle.Unlimited)
	r.measure()
	return r
}

// View is the run as it is.
func (r *Run) View() run.View { return r.view }

// History is its curves, without points.
func (r *Run) History() wire.History {
	var h wire.History
	for _, marks := range r.marks {
		h.Lanes = append(h.Lanes, wire.LaneHistory{Marks: append([]wire.HistoryMark(nil), marks...)})
	}
	if at := r.view.Elapsed; at >= GhostsAt {
		for i, bytes := range []uint64{80 << 20, 90<<20 + 1<<19, 100 << 20} {
			point := wire.GhostPoint{ElapsedMicros: uint64((GhostsAt + time.Duration(i)*time.Second).Microseconds()), Bytes: bytes}
			h.Lanes[0].Ghost = append(h.Lanes[0].Ghost, point)
		}
	}
	return h
}

// Next is the view after the next sample.
func (r *Run) Next() run.View {
	r.tick++
	v := &r.view
	v.Elapsed = time.Duration(r.tick) * SampleEvery
	v.Script.Clock = v.Elapsed - 50*time.Microsecond
	if v.Elapsed%(20*time.Second) < 2*time.Second {
		r.slide(throttle.Rate(4000 + 37*(r.tick%200)))
	}
	if v.Elapsed%(15*time.Second) == 0 {
		r.step()
	}
	if v.Elapsed == DiesAt {
		r.die()
	}
	if r.tick%5 == 0 {
		r.judge()
	}
	if r.tick%40 == 0 {
		r.say(false, fmt.Sprintf("pull passes %d MiB. It holds %d.3 MiB nobody has read; its oldest message is 3.1 s old.", r.tick, r.tick/2))
	}
	r.measure()
	return *v
}

func (r *Run) slide(rate throttle.Rate) {
	v := &r.view
	v.Version++
	lanes := append([]run.LaneView(nil), v.Lanes...)
	v.Settings.Lanes = make(map[string]run.LaneSettings)
	for i := range lanes {
		lanes[i].Throttle, lanes[i].Yours = rate, rate
		v.Settings.Lanes[lanes[i].Name] = run.LaneSettings{Throttle: run.Throttle(rate), LimitBytes: 256 << 20, GiveBack: true}
	}
	v.Lanes = lanes
}

func (r *Run) step() {
	v := &r.view
	if v.Script.Next == len(v.Script.Steps) {
		return
	}
	v.Version++
	v.Script.Steps = append([]play.Step(nil), v.Script.Steps...)
	s := &v.Script.Steps[v.Script.Next]
	s.State, s.At = play.Happened, v.Script.Clock
	v.Script.Next++
	v.Script.Say = fmt.Sprintf("Step %d has happened.", v.Script.Next)
	for i := range r.marks {
		r.mark(i, chart.MarkNote, "slowed to 4 KB/s")
	}
}

func (r *Run) mark(lane int, kind chart.MarkKind, label string) {
	r.view.Marks++
	r.marks[lane] = append(r.marks[lane], wire.HistoryMark{ElapsedMicros: uint64(r.view.Elapsed.Microseconds()), Kind: uint8(kind), Label: label})
}

func (r *Run) die() {
	v := &r.view
	v.Version++
	v.Lanes = append([]run.LaneView(nil), v.Lanes...)
	l := &v.Lanes[0]
	l.State, l.Status, l.PID = wire.StateKilled, "killed, exit code 137", 0
	l.Exit = &supervisor.Exit{
		Code: 137, Signal: "SIGKILL", Reason: supervisor.ReasonLimit, At: StartedAt.Add(DiesAt),
		PeakBytes: 257 << 20, LimitBytes: 256 << 20, OvershootBytes: 1 << 20, LogTail: []string{"lane push", "ready"},
	}
	l.Exit.Last.At, l.Exit.Last.RSSBytes = StartedAt.Add(DiesAt), 257<<20
	r.mark(0, chart.MarkKill, "exit 137")
	r.say(true, "push was killed at 257 MiB: exit code 137.")
}

func (r *Run) say(grave bool, text string) {
	v := &r.view
	v.Version++
	v.Log = append(append([]run.Entry(nil), v.Log...), run.Entry{At: v.Elapsed, Text: text, Grave: grave})
	if len(v.Log) > maxEntries {
		v.Log = v.Log[1:]
	}
}

// maxEntries of the log are kept, fewer than a real run keeps.
const maxEntries = 50

func (r *Run) judge() {
	v := &r.view
	v.Version++
	v.Checks = append([]threshold.Verdict(nil), v.Checks...)
	for i := range v.Checks {
		v.Checks[i].Seen, v.Checks[i].At = fmt.Sprintf("%d.%dMiB", 100+r.tick%99, i), v.Elapsed
	}
}

// measure makes numbers with as many digits as those of a busy run.
func (r *Run) measure() {
	v, n := &r.view, uint64(r.tick)
	busy := func(base, i uint64) uint64 { return base + (n*7919+i*104729)%base }
	v.Sample = wire.Sample{
		TakenAtMicros: StartedAt.UnixMicro() + v.Elapsed.Microseconds(), ElapsedMicros: uint64(v.Elapsed.Microseconds()), State: v.State,
		Produced: 110 * n, BrokerRSS: busy(300e6, 1), BrokerUsed: busy(200e6, 2), BrokerLimit: 1 << 30,
	}
	v.Extra = nil
	for i, l := range v.Lanes {
		at := uint64(i)
		s := wire.LaneSample{State: l.State, Limit: 256 << 20, RSS: busy(100e6, at)}
		more := metric.Lane{CPUMicros: 31415 * n, Delivered: 1100 * n, DeliveredBytes: 4_500_000 * n, LastExit: -1}
		if l.Exit != nil {
			s.ExitCode, more.LastExit = uint64(l.Exit.Code), l.Exit.Code
		} else {
			s.HeapInUse, s.HeapTotal, s.Live, s.OutsideHeap = busy(60e6, at), busy(90e6, at), busy(50e6, at), busy(4e6, at)
			s.Readers, s.Goroutines, s.BacklogCount, s.BacklogBytes = 110, 229, busy(10e3, at), busy(50e6, at)
			s.OldestMicros, s.Stalled, s.StallMicros = busy(5e6, at), 97, busy(300e3, at)
			s.PerSecond, s.BytesPerSec = busy(1000, at), busy(4e6, at)
			s.HealthyP50, s.HealthyP99, s.SlowP50 = busy(1500, at), busy(9000, at), busy(8e6, at)
		}
		s.Delivered, s.Dropped, s.Gaps = 1100*n, 3*n, n
		s.Account = account(n-n%10, at) // once a second
		for g, name := range []string{"slow", "healthy"} {
			more.Readers = append(more.Readers, metric.Readers{
				Group: name, Connected: 100, Messages: 1000 * n, Bytes: 4_100_000 * n, Gaps: 3 * n, Repeats: n,
				AgeP50Micros: busy(1e6, at), AgeP99Micros: busy(5e6, at), Ages: r.age(2*i + g),
			})
		}
		more.Readers = append(more.Readers, metric.Readers{Group: "you", Connected: 1, Messages: 10 * n, Bytes: 41_000 * n, AgeP50Micros: busy(1e6, at)})
		v.Sample.Lanes = append(v.Sample.Lanes, s)
		v.Extra = append(v.Extra, more)
	}
}

// age counts more ages once a second.
func (r *Run) age(i int) *reader.Histogram {
	if r.tick%10 == 0 {
		h := *r.ages[i]
		for k := range int64(100) {
			h.Record(1000 * (1 + k*k*int64(i+1)))
		}
		r.ages[i] = &h
	}
	return r.ages[i]
}

// account is one after n samples, of lane i. The parts fit.
func account(n, i uint64) wire.Account {
	a := wire.Account{
		Broker: 700*n + i, Backlog: 1_200_000 * n, SendQueue: 46_000 + n, InFlight: 3_000 * i, Held: n % 3 * 1000, Consumed: 4_100_000 * n,
		LostStrategy: 12_000 * n, Gap: -int64(n % 7), Silent: i % 2,
	}
	if n == 0 {
		return wire.Account{}
	}
	a.Produced = uint64(int64(a.Broker+a.Backlog+a.SendQueue+a.InFlight+a.Held+a.Consumed+a.LostStrategy) + a.Gap)
	return a
}
