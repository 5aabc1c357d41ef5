package script

import "time"

// small is a vocabulary for tests.
var small = Vocabulary{
	Sources: []string{"redis-pubsub", "redis-stream"},
	Strategies: []Strategy{
		{Name: "push-buffered"},
		{Name: "pull-drain", Options: []Option{
			{Name: "high_water", Unit: UnitBytes, Default: "64KiB", Min: 1 << 10, Max: 1 << 20},
			{Name: "prefetch", Unit: UnitNone, Default: "16", Min: 1, Max: 1000},
			{Name: "patience", Unit: UnitSeconds, Default: "5s", Max: 60},
			{Name: "low_water", Unit: UnitPercent, Default: "75%", Min: 1, Max: 100},
		}},
	},
	Transports: []string{"sse", "websocket", "sse-http2"},
	Ways:       []string{"fetch", "eventsource", "websocket"},
	Workloads:  []string{"fixed", "llm"},
	Metrics: []Metric{
		{Name: "rss", Unit: UnitBytes, Lane: true, Capped: true},
		{Name: "exit_code", Lane: true, Most: 255},
		{Name: "restarts", Kind: Counter, Lane: true},
		{Name: "backlog_age", Unit: UnitSeconds, Lane: true},
		{Name: "readers", Lane: true, Reader: true},
		{Name: "gaps", Kind: Counter, Lane: true, Reader: true, Whole: true},
		{Name: "repeats", Kind: Counter, Lane: true, Reader: true, Whole: true},
		{Name: "age", Kind: Trend, Unit: UnitSeconds, Lane: true, Reader: true},
		{Name: "produced", Kind: Counter},
	},
	Bounds: Bounds{
		MaxLanes: 4, MaxReaders: 500, MaxGroups: 8, MaxRate: 1000,
		MinSizeBytes: 64, MaxSizeBytes: 256 << 10,
		MinLimitBytes: 32 << 20, MaxMemoryBytes: 1 << 30, MaxBytesPerSecond: 200 << 20,
		MaxThrottle: 1 << 30, MaxRetention: 1_000_000, MaxBufferBytes: 8 << 20,
		MaxSteps: 200, MaxRun: Duration(30 * time.Minute),
	},
}
