package metric

import (
	"spillway/scenarios/script"
	"spillway/wasm/wire"
)

// maxAgeSeconds is the oldest age told apart, as in reader.Histogram.
const maxAgeSeconds = 600

// All lists every metric, in the order in which tables show them: memory, what
// waits, what flows, the readers, the lane's life, and around it; then where the
// bytes of each lane are.
var All = append([]Definition{
	rss,
	gauge("heap", script.UnitBytes,
		"Heap in use: live objects and those not yet swept; read in the lane from runtime/metrics.",
		func(l *wire.LaneSample) uint64 { return l.HeapInUse }),
	gauge("heap_total", script.UnitBytes,
		"Heap reserved from the OS and not returned; read in the lane from runtime/metrics.",
		func(l *wire.LaneSample) uint64 { return l.HeapTotal }),
	gauge("live", script.UnitBytes,
		"What the last garbage collection found alive; read in the lane from runtime/metrics.",
		func(l *wire.LaneSample) uint64 { return l.Live }),
	gauge("outside_heap", script.UnitBytes,
		"Stacks and the Go runtime itself; read in the lane from runtime/metrics.",
		func(l *wire.LaneSample) uint64 { return l.OutsideHeap }),
	gauge("goroutines", script.UnitNone,
		"Goroutines of the lane; read in the lane from runtime/metrics.",
		func(l *wire.LaneSample) uint64 { return l.Goroutines }),
	cpu,

	gauge("backlog", script.UnitNone,
		"Messages the lane has accepted and not yet written; counted in the lane.",
		func(l *wire.LaneSample) uint64 { return l.BacklogCount }),
	gauge("backlog_bytes", script.UnitBytes,
		"Bytes of these messages; counted in the lane.",
		func(l *wire.LaneSample) uint64 { return l.BacklogBytes }),
	gauge("backlog_age", script.UnitSeconds,
		"How long ago the oldest of these messages was produced; 0 without a backlog.",
		func(l *wire.LaneSample) uint64 { return l.OldestMicros }),
	gauge("stalled", script.UnitNone,
		"Readers whose write waits for room at the moment; seen in the lane.",
		func(l *wire.LaneSample) uint64 { return l.Stalled }),
	gauge("stall", script.UnitSeconds,
		"The longest of these waits so far; 0 while nobody waits.",
		func(l *wire.LaneSample) uint64 { return l.StallMicros }),
	seen("send_queue", script.UnitBytes,
		"Bytes in the lane's send queues: written, and not acknowledged by the readers' systems; the kernel tells, once a second.",
		func(l *wire.LaneSample) uint64 { return l.SendQueue }),
	seen("shut", script.UnitNone,
		"Readers whose window is shut: their system has no room for what waits; the lane's kernel tells, once a second.",
		func(l *wire.LaneSample) uint64 { return l.Shut }),

	counter("delivered", script.UnitNone,
		"Messages the lane has written to its readers; counted in the lane.",
		func(_ *wire.LaneSample, l *Lane) uint64 { return l.Delivered }),
	counter("delivered_bytes", script.UnitBytes,
		"Bytes of these messages; counted in the lane.",
		func(_ *wire.LaneSample, l *Lane) uint64 { return l.DeliveredBytes }),
	counter("dropped", script.UnitNone,
		"Messages the lane gave up, by a rule of its strategy or with a reader that left.",
		func(_ *wire.LaneSample, l *Lane) uint64 { return l.Dropped }),

	readers,
	readersCounter("received", script.UnitNone,
		"Messages that readers have received, repeats included; counted by the readers.",
		func(r *Readers) uint64 { return r.Messages }),
	readersCounter("received_bytes", script.UnitBytes,
		"Bytes that readers have received, framing included; counted by the readers.",
		func(r *Readers) uint64 { return r.Bytes }),
	readersCounter("gaps", script.UnitNone,
		"Messages that readers saw missing: passed over in the sequence.",
		func(r *Readers) uint64 { return r.Gaps }),
	readersCounter("repeats", script.UnitNone,
		"Messages that readers saw again.",
		func(r *Readers) uint64 { return r.Repeats }),
	readersCounter("disconnects", script.UnitNone,
		"Streams that ended though no reader had asked for it; counted by the readers.",
		func(r *Readers) uint64 { return r.Disconnects }),
	readersGauge("held_bytes", script.UnitBytes,
		"Bytes that have arrived at readers and that nobody has consumed: in the tab, no longer in the kernel; counted by the readers.",
		func(r *Readers) uint64 { return r.Held }),
	age,

	ofHop("hop_rss",
		"Memory of the process of the proxy in front of the lane, as the OS counts it (RSS); no value without one.",
		func(l *Lane) uint64 { return l.HopRSS }),
	ofHop("hop_bytes",
		"Bytes that lie in that proxy: in its queues in the kernel on both sides, and in its own memory; asked once a second.",
		func(l *Lane) uint64 { return l.HopBytes }),

	exitCode,
	counter("restarts", script.UnitNone,
		"How often the lane was started again, by a person, a step or its policy.",
		func(l *wire.LaneSample, _ *Lane) uint64 { return l.Restarts }),

	ofRun("broker_memory", script.Gauge, script.UnitBytes,
		"What the broker says it uses (used_memory of INFO): streams, queues, everything.",
		func(s *wire.Sample) (uint64, bool) { return s.BrokerUsed, true }),
	ofRun("broker_rss", script.Gauge, script.UnitBytes,
		"Memory of the broker's process as the OS counts it; no value where it is not ours.",
		func(s *wire.Sample) (uint64, bool) { return s.BrokerRSS, s.BrokerRSS > 0 }),
	ofRun("produced", script.Counter, script.UnitNone,
		"Messages of the producer, on all channels together.",
		func(s *wire.Sample) (uint64, bool) { return s.Produced, true }),
	ofRun("producer_stall", script.Gauge, script.UnitSeconds,
		"How long the producer has waited for the broker in its current wait; 0 while it does not.",
		func(s *wire.Sample) (uint64, bool) { return s.ProducerStall, true }),
}, account...)

// rss ends at the limit: there the lane is killed.
var rss = func() Definition {
	d := gauge("rss", script.UnitBytes,
		"Memory of the lane's process as the OS counts it (RSS); read from outside by the supervisor.",
		func(l *wire.LaneSample) uint64 { return l.RSS })
	d.Capped = true
	return d
}()

var cpu = Definition{
	Metric: script.Metric{Name: "cpu", Unit: script.UnitPercent, Lane: true,
		Help: "Processor time of the lane over the last second, in percent of one core; no value in its first half second."},
	read: func(p place) (float64, bool) {
		percent, ok := p.cpu.percent()
		return percent, ok && p.running()
	},
}

var readers = Definition{
	Metric: script.Metric{Name: "readers", Lane: true, Reader: true, Whole: true,
		Help: "Readers that are connected; of a lane as the lane counts them, of a group as its readers do."},
	read: func(p place) (float64, bool) {
		if p.readers != nil {
			return float64(p.readers.Connected), p.running()
		}
		return float64(p.lane.Readers), p.running()
	},
}

// age is a trend: as a value at one moment it is the median of the last second.
var age = Definition{
	Metric: script.Metric{Name: "age", Kind: script.Trend, Unit: script.UnitSeconds, Lane: true, Reader: true, Most: maxAgeSeconds,
		Help: "How old messages are when they are read, each one counted, within 3.2 %; in a wait the median of the last second."},
	read: func(p place) (float64, bool) {
		return inUnit(script.UnitSeconds, p.readers.AgeP50Micros), p.readers.AgeP50Micros > 0
	},
}

var exitCode = Definition{
	Metric: script.Metric{Name: "exit_code", Lane: true,
		Help: "Exit code of the lane's last end, 137 when it was killed over its limit; no value before."},
	read: func(p place) (float64, bool) { return float64(p.extra.LastExit), p.extra.LastExit >= 0 },
}

// Vocabulary is the part of All that the scenario language needs.
func Vocabulary() []script.Metric {
	out := make([]script.Metric, len(All))
	for i, d := range All {
		out[i] = d.Metric
	}
	return out
}

// Find returns the metric with this name.
func Find(name string) (Definition, bool) {
	for _, d := range All {
		if d.Name == name {
			return d, true
		}
	}
	return Definition{}, false
}
