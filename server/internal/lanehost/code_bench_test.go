package lanehost

import (
	"context"
	"fmt"
	"math"
	"runtime/metrics"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/strategy"
)

// stuck is a source with a message and a sink without room.
type stuck struct{ sending *sync.WaitGroup }

func (stuck) Next(context.Context) (lane.Message, error) { return lane.Message{Data: "{}"}, nil }

func (s stuck) Send(ctx context.Context, _ lane.Message) error {
	s.sending.Done()
	return s.wait(ctx, 12) // calls between the strategy and the kernel, as over TCP
}

func (s stuck) SendAll(ctx context.Context, _ []lane.Message) error {
	return s.Send(ctx, lane.Message{})
}

func (stuck) Requests() <-chan int { return nil }

//go:noinline
func (s stuck) wait(ctx context.Context, calls int) error {
	if calls > 0 {
		err := s.wait(ctx, calls-1)
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// BenchmarkLook measures what a look costs with so many goroutines, and how long
// the world stands still for it.
func BenchmarkLook(b *testing.B) {
	way, _ := strategy.Find("pull-drain")
	pull, err := way.Make(nil)
	require.NoError(b, err)
	for _, n := range []int{10, 210, 1000, 5000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ctx, cancel := context.WithCancel(b.Context())
			var running, sending sync.WaitGroup
			sending.Add(n)
			for range n {
				running.Go(func() { _ = pull.Run(ctx, stuck{&sending}, stuck{&sending}, new(lane.Stats)) })
			}
			sending.Wait()
			l := lookout{on: true, anyway: true}
			seen := uint64(0)
			for _, p := range l.look().Parked {
				seen += p.Count
			}
			require.Equal(b, uint64(n), seen)
			before := pauses()
			b.ReportAllocs()
			for b.Loop() {
				l.look()
			}
			half, all := pauses().since(before)
			b.ReportMetric(half*1e6, "pause-p50-µs")
			b.ReportMetric(all*1e6, "pause-p99-µs")
			cancel()
			running.Wait()
		})
	}
}

// pause is how often the world has stood still for how long, collections not
// among it.
type pause struct {
	counts  []uint64
	buckets []float64
}

func pauses() pause {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/other:seconds"}}
	metrics.Read(sample)
	h := sample[0].Value.Float64Histogram()
	return pause{append([]uint64(nil), h.Counts...), h.Buckets}
}

// since are the 50th and the 99th percentile since before, in seconds.
func (p pause) since(before pause) (half, most float64) {
	var all uint64
	for i := range p.counts {
		p.counts[i] -= before.counts[i]
		all += p.counts[i]
	}
	at := func(share float64) float64 {
		left := uint64(math.Ceil(share * float64(all)))
		for i, n := range p.counts {
			if n >= left && left > 0 {
				return p.buckets[i+1]
			}
			left -= n
		}
		return 0
	}
	return at(0.5), at(0.99)
}
