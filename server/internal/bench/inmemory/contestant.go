package inmemory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"spillway/server/internal/lane"
	"spillway/server/internal/strategy"
)

// Contestant is something to be measured.
type Contestant struct {
	Name   string
	run    strategy.Strategy
	demand bool // its messages need one that was sent
}

// Baseline is the name of the contestant that the others are compared with: a Go
// channel with room for what is under way.
const Baseline = "Go channel of 256"

// queueless strategies take one message after another only if it was asked for.
var queueless = map[string]bool{"drop": true, "latest": true, "error": true}

// quick are the options with which a strategy does nothing but move messages.
var quick = map[string]map[string]string{"parallel": {"work": "0s"}, "batch": {"wait": "0s"}}

// Contestants are two Go channels, the baseline first, and every strategy.
func Contestants() ([]Contestant, error) {
	all := []Contestant{{Baseline, channel(256), false}, {"Go channel of 0", channel(0), true}}
	for _, d := range strategy.All {
		s, err := d.Make(quick[d.Name])
		if err != nil {
			return nil, fmt.Errorf("make strategy %q: %w", d.Name, err)
		}
		all = append(all, Contestant{d.Name, s, queueless[d.Name]})
	}
	return all, nil
}

// Carry moves n messages. It blocks until the last one has arrived.
func (c Contestant) Carry(n int) error {
	f := newFlow(n, c.demand)
	if err := c.run.Run(context.Background(), f, f, f.st); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s ended: %w", c.Name, err)
	}
	if f.arrived != n {
		return fmt.Errorf("%s carried %d of %d messages", c.Name, f.arrived, n)
	}
	return nil
}

// Figures are what carrying costs.
type Figures struct {
	PerCPUSecond float64 // messages for each second of processor time
	Allocations  float64 // for each message
}

// Measure carries n messages and looks at this process before and after it:
// nothing else should be going on in it. warm messages go ahead.
func (c Contestant) Measure(warm, n int) (Figures, error) {
	if err := c.Carry(warm); err != nil {
		return Figures{}, err
	}
	runtime.GC() // what others left is not this one's to collect
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin, err := cpu()
	if err != nil {
		return Figures{}, err
	}
	if err := c.Carry(n); err != nil {
		return Figures{}, err
	}
	end, err := cpu()
	if err != nil {
		return Figures{}, err
	}
	runtime.ReadMemStats(&after)
	return Figures{
		PerCPUSecond: float64(n) / max(end-begin, 1e-9),
		Allocations:  float64(after.Mallocs-before.Mallocs) / float64(n),
	}, nil
}

// channel is a Go channel in the place of a strategy.
type channel int

func (capacity channel) Run(ctx context.Context, in strategy.Source, out strategy.Sink, st *lane.Stats) error {
	between := make(chan lane.Message, capacity)
	var work sync.WaitGroup
	work.Go(func() {
		defer close(between)
		for {
			m, err := in.Next(ctx)
			if err != nil {
				return
			}
			select {
			case between <- m:
			case <-ctx.Done():
				return
			}
		}
	})
	for m := range between {
		st.Oldest(m)
		if err := out.Send(ctx, m); err != nil {
			return err
		}
	}
	work.Wait()
	return io.EOF
}
