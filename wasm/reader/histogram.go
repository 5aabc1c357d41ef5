package reader

import (
	"math"
	"math/bits"
)

// Layout of the histogram: values below subBuckets have a bucket of their own,
// above that each power of two is cut into subBuckets equal parts. A bucket is
// then at most 1/16 of its value wide, so its middle is within 3.2 % of
// everything in it.
const (
	subBits    = 4
	subBuckets = 1 << subBits
	// maxMicros is the largest age told apart, ten minutes.
	maxMicros = 600_000_000
	buckets   = (30-subBits)*subBuckets + subBuckets // 30 = bit length of maxMicros
)

// Histogram counts ages from 0 to 10 minutes in microseconds, within 3.2 %, in a
// fixed 3.4 KiB. Anything older counts as 10 minutes, anything below zero (two
// clocks that disagree) as zero. The zero value is empty and ready. It is not
// safe for concurrent use.
//
// The counts have 64 bits because a sum over many readers lives as long as its
// run: 32 bits are full after six hours at 200,000 messages a second.
type Histogram struct {
	counts [buckets]uint64
	total  uint64
}

// Record counts one age in microseconds.
func (h *Histogram) Record(micros int64) {
	h.counts[bucketOf(uint64(min(max(micros, 0), maxMicros)))]++
	h.total++
}

// Count is the number of recorded ages.
func (h *Histogram) Count() uint64 { return h.total }

// Merge adds everything that other has counted.
func (h *Histogram) Merge(other *Histogram) {
	if other.total == 0 {
		return
	}
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
}

// Reset forgets everything.
func (h *Histogram) Reset() {
	if h.total != 0 {
		*h = Histogram{}
	}
}

// MoveTo adds everything counted to sum and starts anew: the end of a window.
func (h *Histogram) MoveTo(sum *Histogram) {
	sum.Merge(h)
	h.Reset()
}

// Quantile is the age in microseconds that a share q of all recorded ages does
// not exceed: 0.5 is the median, 0.99 p99. It is 0 for an empty histogram; ask
// Count.
func (h *Histogram) Quantile(q float64) uint64 {
	if h.total == 0 {
		return 0
	}
	rank := uint64(math.Ceil(min(max(q, 0), 1) * float64(h.total)))
	rank = max(rank, 1)
	var seen uint64
	for i, n := range h.counts {
		seen += n
		if seen >= rank {
			return middleOf(i)
		}
	}
	return maxMicros // not reached: the counts add up to total
}

// Min is the smallest recorded age in microseconds, 0 for an empty histogram.
func (h *Histogram) Min() uint64 { return h.Quantile(0) }

// Max is the largest recorded age in microseconds, 0 for an empty histogram.
func (h *Histogram) Max() uint64 { return h.Quantile(1) }

// Mean is the average of the recorded ages in microseconds, 0 for an empty
// histogram.
func (h *Histogram) Mean() float64 {
	if h.total == 0 {
		return 0
	}
	sum := 0.0
	for i, n := range h.counts {
		sum += float64(n) * float64(middleOf(i))
	}
	return sum / float64(h.total)
}

// All calls yield with each bucket that is not empty, by rising age, until it
// returns false: what [Histogram.Add] takes to build the same histogram again.
func (h *Histogram) All(yield func(bucket int, n uint64) bool) {
	for i, n := range h.counts {
		if n > 0 && !yield(i, n) {
			return
		}
	}
}

// Add counts n ages in a bucket. One that is out of range counts as the nearest.
func (h *Histogram) Add(bucket int, n uint64) {
	h.counts[min(max(bucket, 0), buckets-1)] += n
	h.total += n
}

func bucketOf(v uint64) int {
	if v < subBuckets {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return shift<<subBits + int(v>>shift)
}

// middleOf is the value in the middle of a bucket.
func middleOf(i int) uint64 {
	if i < 2*subBuckets {
		return uint64(i)
	}
	shift := i>>subBits - 1
	low := uint64(i-shift<<subBits) << shift
	return min(low+1<<shift/2, maxMicros)
}
