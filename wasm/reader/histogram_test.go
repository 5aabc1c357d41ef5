package reader_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
)

func TestHistogramIsPreciseOverItsWholeRange(t *testing.T) {
	for v := int64(1); v <= 600_000_000; v += 1 + v/37 {
		var h reader.Histogram
		h.Record(v)
		require.InEpsilon(t, v, h.Quantile(0.5), 0.032, "%d µs", v)
	}
}

func TestHistogramBounds(t *testing.T) {
	var h reader.Histogram
	require.Zero(t, h.Quantile(0.5))
	h.Record(-5)
	require.Zero(t, h.Quantile(1))
	h.Record(1 << 62)
	require.InEpsilon(t, 600_000_000, h.Quantile(1), 0.032)
	require.Equal(t, uint64(2), h.Count())
}

func TestHistogramQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h, half reader.Histogram
	var all []int64
	for i := range 10_000 {
		v := int64(1_000 * (1 + random.ExpFloat64()*50))
		all = append(all, v)
		if i%2 == 0 {
			h.Record(v)
		} else {
			half.Record(v)
		}
	}
	half.MoveTo(&h)
	require.Zero(t, half.Count())
	require.Zero(t, half.Quantile(0.99))
	slices.Sort(all)
	for _, q := range []float64{0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		exact := all[max(int(q*float64(len(all)))-1, 0)]
		require.InEpsilon(t, exact, h.Quantile(q), 0.035, "q %v", q)
	}
	h.Reset()
	require.Equal(t, reader.Histogram{}, h)
}

func TestHistogramMinMaxMean(t *testing.T) {
	var h reader.Histogram
	require.Zero(t, h.Min())
	require.Zero(t, h.Max())
	require.Zero(t, h.Mean())
	sum := 0.0
	for v := int64(100); v <= 2_000_000; v += 1 + v/10 {
		h.Record(v)
		sum += float64(v)
	}
	require.InEpsilon(t, 100, h.Min(), 0.032)
	require.InEpsilon(t, 2_000_000, h.Max(), 0.1)
	require.InEpsilon(t, sum/float64(h.Count()), h.Mean(), 0.032)
}

func TestHistogramTakenApartAndBuiltAgain(t *testing.T) {
	var h, again reader.Histogram
	for v := int64(1); v < 1<<32; v += 1 + v/3 {
		h.Record(v)
		h.Record(v)
	}
	last := -1
	for bucket, n := range h.All {
		require.Greater(t, bucket, last)
		require.NotZero(t, n)
		last = bucket
		again.Add(bucket, n)
	}
	require.Equal(t, h, again)
	seen := 0
	for range h.All {
		if seen++; seen == 3 {
			break
		}
	}
	require.Equal(t, 3, seen)

	var odd reader.Histogram
	odd.Add(-1, 2)
	odd.Add(1<<40, 3)
	require.Equal(t, uint64(5), odd.Count())
	require.Zero(t, odd.Min())
	require.InEpsilon(t, 600_000_000, odd.Max(), 0.032)
}

// A run of days: more in one bucket than 32 bits hold, and means that are right.
func TestHistogramOfALongRun(t *testing.T) {
	var one, h reader.Histogram
	one.Record(10_000_000)
	for bucket := range one.All {
		h.Add(bucket, 1<<40)
	}
	h.Merge(&h)
	require.Equal(t, uint64(1<<41), h.Count())
	h.Record(1)
	require.Equal(t, one.Max(), h.Quantile(0.5))
	require.Equal(t, one.Max(), h.Max())
	require.Equal(t, uint64(1), h.Min())
	require.InEpsilon(t, 10_000_000, h.Mean(), 0.032)
}

func BenchmarkRecord(b *testing.B) {
	var h reader.Histogram
	for i := int64(0); b.Loop(); i++ {
		h.Record(i & 0xfffff)
	}
}
