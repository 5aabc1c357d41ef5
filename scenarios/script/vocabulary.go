package script

// Vocabulary is what the program knows and the language does not: which parts
// there are, which metrics, and within which bounds numbers make sense.
type Vocabulary struct {
	Sources    []string
	Strategies []Strategy
	Transports []string
	Ways       []string // to read
	Workloads  []string
	Metrics    []Metric
	Bounds     Bounds
}

// Strategy is a strategy's name and its options.
type Strategy struct {
	Name    string
	Options []Option
}

// Option is a setting of a strategy.
type Option struct {
	Name    string
	Unit    Unit
	Default string
	Min     float64 // in Unit
	Max     float64
	Help    string
}

// Unit says what a number counts, and so how it is written.
type Unit uint8

// The units. A number with a unit is written with it everywhere.
const (
	UnitNone           Unit = iota // 3
	UnitBytes                      // 64KiB
	UnitBytesPerSecond             // 4KB/s
	UnitPerSecond                  // 10/s
	UnitSeconds                    // 250ms
	UnitPercent                    // 40%
)

// Kind says how a metric is measured, and so which aggregations make sense.
type Kind uint8

// The kinds of metrics.
const (
	Gauge   Kind = iota // a value at each sample, 10 a second: min, max, avg, med, p(N), count, value, last
	Counter             // grows: count, rate (per second of the run), value, last
	Trend               // one value for each message: min, max, avg, med, p(N), count
)

// Metric is what thresholds and waits may name.
type Metric struct {
	Name   string
	Kind   Kind
	Unit   Unit
	Lane   bool    // has a value for each lane
	Reader bool    // has a value for each group of readers
	Whole  bool    // with Reader: there is also a value of the lane itself, without a group
	Most   float64 // it never is above; 0 without such a bound. It is never below 0.
	Capped bool    // it never is above the limit of its lane, which is killed there
	Help   string  // one sentence: what it is, and where it is read
}

// Bounds are what the server allows. A bound of 0 is not held.
type Bounds struct {
	MaxLanes          int
	MaxReaders        int // of one group, in each lane
	MaxGroups         int
	MaxRate           float64 // messages a second of one channel
	MinSizeBytes      int64   // of a message
	MaxSizeBytes      int64
	MinLimitBytes     int64 // of a lane
	MaxMemoryBytes    int64 // of all lanes together; each gets the same share
	MaxBytesPerSecond int64 // produced by all channels together
	MaxThrottle       int64 // bytes a second
	MaxRetention      int64
	MaxBufferBytes    int64
	MaxSteps          int
	MaxRun            Duration // of all steps together, waits at their longest
}
