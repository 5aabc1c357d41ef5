package run

import (
	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/server/internal/producer"
	"spillway/server/internal/source"
	"spillway/server/internal/strategy"
	"spillway/server/internal/transport"
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
		v.Strategies = append(v.Strategies, script.Strategy{Name: d.Name})
	}
	for _, d := range transport.All {
		v.Transports = append(v.Transports, d.Name)
	}
	return v
}
