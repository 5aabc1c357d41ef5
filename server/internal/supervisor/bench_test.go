package supervisor

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// One round of the sampler over five processes: broker, producer, two lanes,
// crowd. Twenty rounds a second.
func BenchmarkSampler(b *testing.B) {
	s := supervise(b)
	for range 5 {
		_, err := s.Start(b.Context(), spec("echo", childConfig{}))
		require.NoError(b, err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.sampler.sampleAll()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(samplePeriod)*100, "%core")
}

// How far over its limit of 256 MiB a growing process is killed.
func BenchmarkOvershoot(b *testing.B) {
	const limitBytes = 256 << 20
	for _, megabytesPerSecond := range []int{100, 300} {
		b.Run(fmt.Sprintf("%dMBps", megabytesPerSecond), func(b *testing.B) {
			var sum, worst int64
			n := 0
			for b.Loop() {
				s := spec("grow", childConfig{BytesPerSecond: megabytesPerSecond * 1e6})
				s.LimitBytes = limitBytes
				p := start(b, s)
				require.NoError(b, p.Send("go"))
				e := ended(b, p)
				require.Equal(b, ReasonLimit, e.Reason)
				sum += e.OvershootBytes
				worst = max(worst, e.OvershootBytes)
				n++
			}
			b.ReportMetric(float64(sum)/float64(n)/limitBytes*100, "mean%")
			b.ReportMetric(float64(worst)/limitBytes*100, "worst%")
		})
	}
}

func BenchmarkStart(b *testing.B) {
	s := supervise(b)
	for b.Loop() {
		p, err := s.Start(b.Context(), spec("echo", childConfig{}))
		require.NoError(b, err)
		b.StopTimer()
		require.NoError(b, p.Stop(b.Context()))
		b.StartTimer()
	}
}
