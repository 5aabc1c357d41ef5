package crowd

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
)

func TestAgesOnTheirWay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, fill := range map[string]func(h *reader.Histogram){
		"empty": func(*reader.Histogram) {},
		"slow": func(h *reader.Histogram) {
			for range 10_000 {
				h.Record(int64(5e6 * (1 + random.ExpFloat64())))
			}
		},
		"every bucket, for ever": func(h *reader.Histogram) {
			for bucket := range 1000 {
				h.Add(bucket, 1<<40)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var h, arrived reader.Histogram
			fill(&h)
			text, err := json.Marshal(agesOf(&h))
			require.NoError(t, err)
			t.Logf("%d bytes", len(text))
			require.Less(t, len(text), 8<<10)
			var a *Ages
			require.NoError(t, json.Unmarshal(text, &a))
			a.AddTo(&arrived)
			require.Equal(t, h, arrived)
			a.AddTo(&arrived)
			require.Equal(t, 2*h.Count(), arrived.Count(), "it adds")
		})
	}
	var none *Ages
	var h reader.Histogram
	none.AddTo(&h)
	(&Ages{Buckets: []int{1, 2}, Counts: []uint64{3}}).AddTo(&h)
	require.EqualValues(t, 3, h.Count())
}
