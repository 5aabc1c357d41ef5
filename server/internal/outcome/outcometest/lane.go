package outcometest

import (
	"math"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/server/internal/run"
	"spillway/server/internal/sample"
	"spillway/server/internal/supervisor"
	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// shape is how one lane of the story behaves.
type shape struct {
	plan     script.Lane
	way      []string
	base     float64       // MiB of RSS while the readers are fast
	grow     float64       // MiB a second once they are slow
	most     float64       // MiB it never passes; 0 is its limit
	dies     time.Duration // killed at its limit; 0 is never
	restarts time.Duration // and started again; 0 is never
	drops    float64       // messages a second while the readers are slow
}

var lanes = []shape{
	{plan: plan("push", "redis-pubsub", "push-buffered"), way: []string{"Redis Pub/Sub", "a queue without a bound", "SSE"}, base: 32, grow: 11.8, dies: killedAt},
	{plan: plan("pull", "redis-stream", "pull-drain"), way: []string{"Redis Stream", "read only while there is room", "SSE"}, base: 17.4, grow: 1.2, most: 28},
	{plan: plan("bounded", "redis-pubsub", "drop-oldest"), way: []string{"Redis Pub/Sub", "a queue of 1,000", "SSE"}, base: 31, grow: 6, most: 74, drops: 640},
	{plan: plan("twice", "redis-pubsub", "push-buffered"), way: []string{"Redis Pub/Sub", "a queue without a bound", "SSE"}, base: 33, grow: 17.1, dies: 21 * time.Second, restarts: 26 * time.Second},
}

func plan(name, source, strategy string) script.Lane {
	return script.Lane{Name: name, Source: source, Strategy: strategy, Transport: "sse", Limit: limitBytes}
}

// rss in bytes. A restarted lane begins anew.
func (l shape) rss(at time.Duration) float64 {
	t, from := at.Seconds(), slowedAt.Seconds()
	if l.restarts != 0 && at >= l.restarts {
		from = l.restarts.Seconds()
	}
	v := l.base
	if t > from {
		v += math.Min(t, releasedAt.Seconds()+(t-releasedAt.Seconds())*.2)*l.grow - from*l.grow
		v += 1.3*math.Sin(t*2.1) + .7*math.Sin(t*7.3)
	} else {
		v += .5 * math.Sin(t*3)
	}
	if l.most == 0 {
		v = min(v, 257)
	} else {
		v = min(v, l.most+.4*math.Sin(t*5))
	}
	return max(v, 12) * mib
}

// held is what waits in the broker for the lanes that leave it there.
func held(at time.Duration) uint64 {
	switch {
	case at < slowedAt:
		return 0
	case at < releasedAt:
		return uint64((at - slowedAt).Seconds() * 6.4 * mib)
	}
	return uint64(max(0, (releasedAt-slowedAt).Seconds()*6.4-(at-releasedAt).Seconds()*24) * mib)
}

func (l shape) at(at time.Duration, ages ages) (wire.LaneSample, metric.Lane, run.LaneView) {
	view := run.LaneView{Name: l.plan.Name, Plan: l.plan, Way: l.way, State: wire.StateRunning, Status: "running", Say: "Keeps up with every reader.", PID: 4000, Port: 40123}
	s := wire.LaneSample{State: wire.StateRunning, Limit: limitBytes, RSS: uint64(l.rss(at))}
	lived := at
	gone := l.dies != 0 && at >= l.dies && (l.restarts == 0 || at < l.restarts)
	if gone {
		lived = l.dies
		s.State, s.ExitCode, s.RSS = wire.StateKilled, 137, uint64(limitBytes+900<<10)
		view.State, view.Status, view.Say, view.PID = wire.StateKilled, "killed, exit code 137", "Killed by the supervisor at its limit. 211 readers were cut off.", 0
		view.Exit = &supervisor.Exit{
			Code: 137, Signal: "SIGKILL", Reason: supervisor.ReasonLimit, At: header.StartedAt.Add(l.dies), Uptime: l.dies,
			Last: sample.ProcSample{RSSBytes: int64(s.RSS)}, LimitBytes: limitBytes,
		}
	}
	if l.restarts != 0 && at >= l.restarts {
		s.Restarts = 1
		lived = at - (l.restarts - l.dies)
	}
	slow := at > slowedAt && at < releasedAt
	delivered := lived.Seconds() * perSecond
	if at > slowedAt {
		delivered = slowedAt.Seconds()*perSecond + (min(lived, releasedAt)-slowedAt).Seconds()*292
		if lived > releasedAt {
			delivered += (lived - releasedAt).Seconds() * perSecond
		}
	}
	if l.drops > 0 && at > slowedAt {
		s.Dropped = uint64((min(at, releasedAt) - slowedAt).Seconds() * l.drops)
		s.Gaps = s.Dropped
	}
	if !gone {
		over := max(0, float64(s.RSS)-l.base*mib)
		s.HeapInUse, s.HeapTotal, s.OutsideHeap = uint64(9*mib+over*.7), uint64(12*mib+over*.92), 5*mib
		s.Readers, s.Goroutines = 211, 640
		s.PerSecond, s.HealthyP50, s.HealthyP99, s.SlowP50 = perSecond, 2100, 7400, 2200
		if slow {
			s.BacklogBytes = uint64(over * .96)
			s.BacklogCount, s.OldestMicros = s.BacklogBytes>>12, micros(at-slowedAt)*9/10
			s.Stalled, s.StallMicros, s.PerSecond, s.SlowP50 = 198, micros(at-slowedAt)/4, 292, micros(at-slowedAt)/2
		}
	}
	s.Delivered = uint64(delivered)
	s.Account = wire.Account{
		Backlog: s.BacklogBytes, InFlight: s.Stalled << 16, Consumed: s.Delivered<<12 - s.Stalled<<16, LostStrategy: s.Dropped << 12,
	}
	s.Account.Produced = s.Account.Backlog + s.Account.InFlight + s.Account.Consumed + s.Account.LostStrategy
	extra := metric.Lane{
		CPUMicros: micros(lived) / 9, Delivered: s.Delivered, DeliveredBytes: s.Delivered << 12, Dropped: s.Dropped, LastExit: -1,
		Readers: []metric.Readers{
			{Group: "slow", Connected: 200, Messages: s.Delivered * 9 / 10, Gaps: s.Gaps, AgeP50Micros: s.SlowP50, AgeP99Micros: s.SlowP50 * 3 / 2, Ages: ages.slow},
			{Group: "healthy", Connected: 10, Messages: s.Delivered / 10, AgeP50Micros: s.HealthyP50, AgeP99Micros: s.HealthyP99, Ages: ages.healthy},
		},
	}
	if gone || s.Restarts > 0 {
		extra.LastExit = 137
		extra.Readers[0].Disconnects, extra.Readers[1].Disconnects = 200, 10
	}
	return s, extra, view
}

// ages of all messages of a group.
type ages struct{ slow, healthy *reader.Histogram }

func agesOf() ages {
	a := ages{new(reader.Histogram), new(reader.Histogram)}
	for i := range int64(1000) {
		a.healthy.Record(1500 + i*3 + i/980*(i-980)*200)
		a.slow.Record(1800 + i*i*12)
	}
	return a
}
