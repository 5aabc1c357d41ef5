package metric

import (
	"spillway/scenarios/script"
	"spillway/wasm/wire"
)

// Definition is one metric: what it is called and means, and how it is read.
type Definition struct {
	script.Metric
	read func(place) (float64, bool) // false: it has no value now
}

// place is where a value is read: the run, one lane of it, or one group of
// readers on a lane.
type place struct {
	run     *wire.Sample
	lane    *wire.LaneSample // nil for a metric of the run
	extra   *Lane            // likewise
	readers *Readers         // nil but for a group
	cpu     *window          // of the lane
}

// running tells whether the lane has a process that is ready. The figures of a
// lane that has none are not measurements.
func (p place) running() bool {
	return p.lane.State == wire.StateRunning || p.lane.State == wire.StateWaiting
}

// sum is that of the group, or of all groups of the lane.
func (p place) sum(read func(*Readers) uint64) uint64 {
	if p.readers != nil {
		return read(p.readers)
	}
	var sum uint64
	for i := range p.extra.Readers {
		sum += read(&p.extra.Readers[i])
	}
	return sum
}

// gauge has a value for each lane that runs.
func gauge(name string, unit script.Unit, help string, read func(*wire.LaneSample) uint64) Definition {
	return Definition{
		Metric: script.Metric{Name: name, Unit: unit, Lane: true, Help: help},
		read: func(p place) (float64, bool) {
			return inUnit(unit, read(p.lane)), p.running()
		},
	}
}

// seen is a gauge that some systems do not tell: where all connections of a lane
// are of that kind it has no value.
func seen(name string, unit script.Unit, help string, read func(*wire.LaneSample) uint64) Definition {
	d := gauge(name, unit, help, read)
	d.read = func(p place) (float64, bool) {
		told := p.lane.Unseen == 0 || p.lane.Unseen < p.lane.Readers
		return inUnit(unit, read(p.lane)), p.running() && told
	}
	return d
}

// counter grows with each lane, over all processes it has had.
func counter(name string, unit script.Unit, help string, read func(*wire.LaneSample, *Lane) uint64) Definition {
	return Definition{
		Metric: script.Metric{Name: name, Kind: script.Counter, Unit: unit, Lane: true, Help: help},
		read:   func(p place) (float64, bool) { return inUnit(unit, read(p.lane, p.extra)), true },
	}
}

// readersCounter is a counter of each group of readers; of the whole lane it is
// their sum.
func readersCounter(name string, unit script.Unit, help string, read func(*Readers) uint64) Definition {
	return Definition{
		Metric: script.Metric{Name: name, Kind: script.Counter, Unit: unit, Lane: true, Reader: true, Whole: true, Help: help},
		read: func(p place) (float64, bool) {
			return inUnit(unit, p.sum(read)), true
		},
	}
}

// readersGauge is a gauge of each group of readers; of the whole lane it is their
// sum.
func readersGauge(name string, unit script.Unit, help string, read func(*Readers) uint64) Definition {
	d := readersCounter(name, unit, help, read)
	d.Kind = script.Gauge
	d.read = func(p place) (float64, bool) { return inUnit(unit, p.sum(read)), p.running() }
	return d
}

// ofHop is a gauge of the proxy in front of a lane. Without one, or while its
// process is not there, it has no value.
func ofHop(name, help string, read func(*Lane) uint64) Definition {
	return Definition{
		Metric: script.Metric{Name: name, Unit: script.UnitBytes, Lane: true, Help: help},
		read:   func(p place) (float64, bool) { return float64(read(p.extra)), p.extra.HopRSS > 0 },
	}
}

// ofRun has one value, whatever lanes there are.
func ofRun(name string, kind script.Kind, unit script.Unit, help string, read func(*wire.Sample) (uint64, bool)) Definition {
	return Definition{
		Metric: script.Metric{Name: name, Kind: kind, Unit: unit, Help: help},
		read: func(p place) (float64, bool) {
			v, ok := read(p.run)
			return inUnit(unit, v), ok
		},
	}
}

// inUnit converts what a sample counts. Its times are microseconds.
func inUnit(unit script.Unit, v uint64) float64 {
	if unit == script.UnitSeconds {
		return float64(v) / 1e6
	}
	return float64(v)
}
