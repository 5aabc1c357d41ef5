package run

import (
	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/server/internal/producer"
	"spillway/server/internal/source"
	"spillway/server/internal/strategy"
	"spillway/server/internal/transport"
	"spillway/wasm/reader"
)

// Vocabulary is what scenarios may name here, and how much they may ask for
// under a ceiling for all lanes together.
func Vocabulary(maxMemoryBytes int64) script.Vocabulary {
	v := script.Vocabulary{
		Metrics: metric.Vocabulary(),
		Bounds: script.Bounds{
			MaxLanes:          maxLanes,
			MaxReaders:        MaxReaders,
			MaxGroups:         maxGroups,
			MaxRate:           MaxRate,
			MinSizeBytes:      MinSizeBytes,
			MaxSizeBytes:      MaxSizeBytes,
			MinLimitBytes:     MinLimitBytes,
			MaxMemoryBytes:    maxMemoryBytes,
			MaxBytesPerSecond: maxBytesASecond,
			MaxThrottle:       maxThrottleBytes,
			MaxRetention:      maxRetention,
			MaxBufferBytes:    maxBufferBytes,
			MaxSteps:          maxSteps,
			MaxRun:            script.Duration(maxScript),
		},
	}
	for _, d := range producer.Workloads {
		v.Workloads = append(v.Workloads, d.Name)
	}
	for _, d := range source.All {
		v.Sources = append(v.Sources, d.Name)
	}
	for _, d := range strategy.All {
		options := make([]script.Option, 0, len(d.Options))
		for _, o := range d.Options {
			options = append(options, script.Option{
				Name: o.Name, Unit: optionUnits[o.Kind], Default: o.Default, Min: o.Min, Max: o.Max, Help: o.Help,
			})
		}
		v.Strategies = append(v.Strategies, script.Strategy{Name: d.Name, Options: options})
	}
	for _, d := range transport.All {
		v.Transports = append(v.Transports, d.Name)
	}
	for _, way := range reader.Ways {
		v.Ways = append(v.Ways, string(way))
	}
	return v
}

// optionUnits say how options of strategies are written in a scenario.
var optionUnits = map[strategy.Kind]script.Unit{
	strategy.Number:   script.UnitNone,
	strategy.Bytes:    script.UnitBytes,
	strategy.Duration: script.UnitSeconds,
}
