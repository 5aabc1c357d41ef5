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

func BenchmarkRecord(b *testing.B) {
	var h reader.Histogram
	for i := int64(0); b.Loop(); i++ {
		h.Record(i & 0xfffff)
	}
}
