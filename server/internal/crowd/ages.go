package crowd

import "spillway/wasm/reader"

// Ages is a [reader.Histogram] on its way, without its empty buckets: for slow
// readers some 50 of 432 are filled, 0.5 KB of JSON, and 8 KB are the most.
type Ages struct {
	Buckets []int    // as in reader.Histogram.Add, rising
	Counts  []uint64 // messages in each
}

func agesOf(h *reader.Histogram) *Ages {
	a := new(Ages)
	for bucket, n := range h.All {
		a.Buckets = append(a.Buckets, bucket)
		a.Counts = append(a.Counts, n)
	}
	return a
}

// AddTo adds everything counted to h. It does nothing where a is nil, so where a
// report carries no ages.
func (a *Ages) AddTo(h *reader.Histogram) {
	if a == nil {
		return
	}
	for i := range min(len(a.Buckets), len(a.Counts)) {
		h.Add(a.Buckets[i], a.Counts[i])
	}
}
