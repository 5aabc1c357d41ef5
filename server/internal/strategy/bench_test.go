//go:build unix

package strategy_test

import (
	"context"
	"io"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/strategy"
)

const (
	// blockMessages and blocks say how many messages may be under way in a benchmark: few
	// enough for the smallest queue of a default, 256.
	blockMessages = 64
	blocks        = 2
)

// flow is a source that has a message whenever fewer than blocks × blockMessages
// are under way, and a sink with room at all times. Unless it carries a demand
// without end, a message for the queue finds room there.
type flow struct {
	st       *lane.Stats
	left     int // to be given
	data     string
	seq      uint64
	open     int           // of the present block
	may      chan struct{} // a token for each block
	arrived  int
	requests chan int
}

func newFlow(n int, demand bool) *flow {
	f := &flow{st: new(lane.Stats), left: n, data: strings.Repeat("x", 256), may: make(chan struct{}, blocks)}
	for range blocks {
		f.may <- struct{}{}
	}
	if demand {
		f.requests = make(chan int, 1)
		f.requests <- 1 << 62
	}
	return f
}

func (f *flow) Next(ctx context.Context) (lane.Message, error) {
	if f.left == 0 {
		return lane.Message{}, io.EOF
	}
	if f.open == 0 {
		select {
		case <-f.may:
			f.open = blockMessages
		case <-ctx.Done():
			return lane.Message{}, ctx.Err()
		}
	}
	f.open--
	f.left--
	f.seq++
	m := lane.Message{Seq: f.seq, AtMicros: 1, Data: f.data}
	f.st.Accept(m)
	return m, nil
}

func (f *flow) Send(_ context.Context, m lane.Message) error {
	f.st.Deliver(m)
	if f.arrived++; f.arrived%blockMessages == 0 {
		f.may <- struct{}{}
	}
	return nil
}

func (f *flow) SendAll(ctx context.Context, ms []lane.Message) error {
	for _, m := range ms {
		if err := f.Send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (f *flow) Requests() <-chan int {
	if f.requests == nil {
		return nil
	}
	return f.requests
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

// queueless strategies take one message after another only if it was asked for.
var queueless = map[string]bool{"drop": true, "latest": true, "error": true}

// quick are the options with which a strategy does nothing but move messages.
var quick = map[string]map[string]string{"parallel": {"work": "0s"}, "batch": {"wait": "0s"}}

// contestant is something to be measured.
type contestant struct {
	name   string
	run    strategy.Strategy
	demand bool
}

func contestants(t testing.TB) []contestant {
	all := []contestant{{"Go channel of 256", channel(256), false}, {"Go channel of 0", channel(0), true}}
	for _, d := range strategy.All {
		s, err := d.Make(quick[d.Name])
		require.NoError(t, err)
		all = append(all, contestant{d.Name, s, queueless[d.Name]})
	}
	return all
}

// carry moves n messages.
func (c contestant) carry(t testing.TB, n int) {
	f := newFlow(n, c.demand)
	if err := c.run.Run(context.Background(), f, f, f.st); err != io.EOF {
		require.ErrorIs(t, err, io.EOF)
	}
	if f.arrived != n {
		require.Equal(t, n, f.arrived)
	}
}

// BenchmarkStrategies reports how many messages a processor carries in a second
// of its time to a reader that has room, beside a plain Go channel.
func BenchmarkStrategies(b *testing.B) {
	for _, c := range contestants(b) {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			begin := cpu(b)
			c.carry(b, b.N)
			b.ReportMetric(float64(b.N)/(cpu(b)-begin).Seconds()/1e6, "M-messages/cpu-s")
		})
	}
}

func cpu(t testing.TB) time.Duration {
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// The steady path does not allocate; a queue without a bound does so once for
// every chunk.
func TestSteadyPathDoesNotAllocate(t *testing.T) {
	const n = 100_000
	for _, c := range contestants(t) {
		t.Run(c.name, func(t *testing.T) {
			c.carry(t, 1000)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			c.carry(t, n)
			runtime.ReadMemStats(&after)
			each := float64(after.Mallocs-before.Mallocs) / n
			if c.name == "push-buffered" {
				require.Less(t, each, 0.05)
			} else {
				require.Less(t, each, 0.005, "allocations for a message")
			}
		})
	}
}
