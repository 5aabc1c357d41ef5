package bench

import (
	"context"
	"fmt"

	"spillway/server/internal/bench/inmemory"
)

// strategies is the work that needs no sockets.
const (
	strategies      = "strategies"
	strategiesTitle = "every strategy in memory, 256 B, always a message and always room"
	// strategyMessages takes each contestant some tenths of a second.
	strategyMessages     = 1_000_000
	strategyWarmMessages = 50_000
)

// measureStrategies runs in this process, which does nothing else meanwhile.
func (o Options) measureStrategies(ctx context.Context) (Work, error) {
	w := Work{
		Name: strategies, Title: strategiesTitle, Baseline: inmemory.Baseline,
		Measures: []Measure{{Name: perCPUSecond, Ratio: true}, {Name: allocations, Digits: 3}},
	}
	all, err := inmemory.Contestants()
	if err != nil {
		return w, err
	}
	for _, c := range all {
		w.Peers = append(w.Peers, Peer{Name: c.Name, Runs: make(map[string][]float64)})
	}
	runs := ShortRuns
	if o.Runs > 0 {
		runs = o.Runs
	}
	for n := range runs {
		fmt.Fprintf(o.Progress, "%s, run %d of %d\n", strategies, n+1, runs)
		for i, c := range all {
			if err := ctx.Err(); err != nil {
				return w, err
			}
			figures, err := c.Measure(strategyWarmMessages, strategyMessages)
			if err != nil {
				return w, err
			}
			r := w.Peers[i].Runs
			r[perCPUSecond] = append(r[perCPUSecond], figures.PerCPUSecond)
			r[allocations] = append(r[allocations], figures.Allocations)
		}
	}
	return w, nil
}
