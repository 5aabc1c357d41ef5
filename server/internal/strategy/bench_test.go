package strategy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/bench/inmemory"
)

// BenchmarkStrategies reports how many messages a processor carries in a second
// of its time to a reader that has room, beside a plain Go channel.
func BenchmarkStrategies(b *testing.B) {
	all, err := inmemory.Contestants()
	require.NoError(b, err)
	for _, c := range all {
		b.Run(c.Name, func(b *testing.B) {
			figures, err := c.Measure(0, b.N)
			require.NoError(b, err)
			b.ReportMetric(figures.PerCPUSecond/1e6, "M-messages/cpu-s")
			b.ReportMetric(figures.Allocations, "allocs/message")
		})
	}
}

// The steady path does not allocate; a queue without a bound does so once for
// every chunk.
func TestSteadyPathDoesNotAllocate(t *testing.T) {
	all, err := inmemory.Contestants()
	require.NoError(t, err)
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			figures, err := c.Measure(1000, 100_000)
			require.NoError(t, err)
			if c.Name == "push-buffered" {
				require.Less(t, figures.Allocations, 0.05)
			} else {
				require.Less(t, figures.Allocations, 0.005, "allocations for a message")
			}
		})
	}
}
