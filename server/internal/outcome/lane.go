package outcome

import (
	"time"

	"spillway/server/internal/metric"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
	"spillway/web/chart"
)

// laneOf follows lane i through the recording.
func laneOf(rec *record.Recording, i int) Lane {
	plan := rec.Moments[len(rec.Moments)-1].Lanes[i]
	out := Lane{Name: plan.Name, Source: plan.Plan.Source, Strategy: plan.Plan.Strategy, Transport: plan.Plan.Transport, Ends: []End{}, Groups: []Group{}, Account: accountOf(rec, i)}
	var marks []wire.HistoryMark
	if i < len(rec.Marks) {
		marks = rec.Marks[i].Marks
	}
	var lived time.Duration
	state, before := wire.StateRest, time.Duration(0)
	for n, m := range rec.Moments {
		if i >= len(m.Lanes) || i >= len(m.Sample.Lanes) {
			continue
		}
		s := m.Sample.Lanes[i]
		if living(s.State) && n > 0 {
			lived += m.Elapsed - rec.Moments[n-1].Elapsed
		}
		if dead(s.State) && !dead(state) {
			out.Ends = append(out.Ends, endOf(m, i, marks, before))
		}
		if s.State != wire.StateStopped && s.State != wire.StateRest {
			out.State = s.State.String()
		}
		state, before = s.State, m.Elapsed
		out.see(s)
		if i < len(m.Extra) {
			out.seeExtra(m.Extra[i])
		}
	}
	if out.State == "" {
		out.State = state.String()
	}
	if n := len(out.Ends); n > 0 {
		out.ExitCode = out.Ends[n-1].ExitCode
	}
	if out.CPUSeconds != nil && lived > 0 {
		out.CPUPercent = new(*out.CPUSeconds / lived.Seconds() * 100)
	}
	return out
}

func living(s wire.State) bool {
	return s == wire.StateStarting || s == wire.StateRunning || s == wire.StateWaiting
}

func dead(s wire.State) bool { return s == wire.StateKilled || s == wire.StateCrashed }

// endOf is a death that m is the first to show. Its mark on the curve knows the
// time better than the moment does.
func endOf(m run.View, i int, marks []wire.HistoryMark, before time.Duration) End {
	end := End{AtSeconds: m.Elapsed.Seconds(), State: m.Sample.Lanes[i].State.String(), Why: m.Lanes[i].Say}
	for _, k := range marks {
		at := time.Duration(k.ElapsedMicros) * time.Microsecond
		// A reaped process is seen a little after its end.
		if chart.MarkKind(k.Kind) == chart.MarkKill && at > before-time.Second && at <= m.Elapsed {
			end.AtSeconds = at.Seconds()
		}
	}
	if exit := m.Lanes[i].Exit; exit != nil {
		end.ExitCode, end.Why = new(exit.Code), exit.String()
	} else if i < len(m.Extra) && m.Extra[i].LastExit >= 0 {
		end.ExitCode = new(m.Extra[i].LastExit)
	}
	return end
}

// see takes in what pages get. A lane that ended keeps its last RSS there, the
// one that decided, and nothing else of what only the living have.
func (l *Lane) see(s wire.LaneSample) {
	raise(&l.RSSMaxBytes, s.RSS)
	if s.RSS > 0 {
		l.RSSLastBytes = new(s.RSS)
	}
	if s.Limit > 0 {
		l.LimitBytes = new(s.Limit)
	}
	raise(&l.HeapMaxBytes, s.HeapInUse)
	l.Restarts = max(l.Restarts, s.Restarts)
	l.Delivered, l.Dropped = max(l.Delivered, s.Delivered), max(l.Dropped, s.Dropped)
	l.Gaps, l.Repeats = max(l.Gaps, s.Gaps), max(l.Repeats, s.Repeats)
	if !living(s.State) {
		return
	}
	l.Backlog = Backlog{Messages: s.BacklogCount, Bytes: s.BacklogBytes, Age: seconds(s.OldestMicros)}
	l.BacklogMax.Messages = max(l.BacklogMax.Messages, l.Backlog.Messages)
	l.BacklogMax.Bytes = max(l.BacklogMax.Bytes, l.Backlog.Bytes)
	l.BacklogMax.Age = max(l.BacklogMax.Age, l.Backlog.Age)
	l.StallMax = max(l.StallMax, seconds(s.StallMicros))
}

// seeExtra takes in what runs on over restarts.
func (l *Lane) seeExtra(e metric.Lane) {
	l.Delivered, l.Dropped = max(l.Delivered, e.Delivered), max(l.Dropped, e.Dropped)
	if e.CPUMicros > 0 {
		l.CPUSeconds = new(seconds(e.CPUMicros))
	}
	var disconnects, held uint64
	for _, r := range e.Readers {
		l.group(r.Group).see(r)
		disconnects += r.Disconnects
		held += r.Held
	}
	l.HeldMax = max(l.HeldMax, held)
	l.Disconnects = max(l.Disconnects, disconnects)
}

func (l *Lane) group(name string) *Group {
	for i := range l.Groups {
		if l.Groups[i].Name == name {
			return &l.Groups[i]
		}
	}
	l.Groups = append(l.Groups, Group{Name: name})
	return &l.Groups[len(l.Groups)-1]
}

func (g *Group) see(r metric.Readers) {
	g.Received, g.Gaps = max(g.Received, r.Messages), max(g.Gaps, r.Gaps)
	g.Repeats, g.Disconnects = max(g.Repeats, r.Repeats), max(g.Disconnects, r.Disconnects)
	g.HeldMax = max(g.HeldMax, r.Held)
	if p99 := seconds(r.AgeP99Micros); p99 > 0 && (g.P99Max == nil || p99 > *g.P99Max) {
		g.P99Max = &p99
	}
	switch {
	case r.Ages != nil && r.Ages.Count() > 0:
		g.WholeRun = true
		g.P50Seconds, g.P99Seconds = new(seconds(r.Ages.Quantile(.5))), new(seconds(r.Ages.Quantile(.99)))
	case !g.WholeRun && r.AgeP99Micros > 0:
		g.P50Seconds, g.P99Seconds = new(seconds(r.AgeP50Micros)), new(seconds(r.AgeP99Micros))
	}
}
