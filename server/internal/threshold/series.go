package threshold

import (
	"math"
	"slices"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/wasm/reader"
)

// maxValues bounds what a gauge keeps for percentiles: 30 minutes at 10 a second,
// 288 KB with the sorted copy. After that every second value goes and from then
// on only every second one is taken, and so again each time it is full: what is
// kept stays evenly spread over the whole time, and no part of it counts more
// than another. min, max, avg, count and last always know every value.
const maxValues = 30 * 60 * 10

// series is what one metric of one lane or group has been.
type series struct {
	of    script.Selector
	probe metric.Probe
	found bool // the selector names something
	keep  bool // a rule asks for percentiles
	at    time.Duration

	// Of a gauge.
	n              uint64
	least, most    float64
	sum            float64
	values, sorted []float64 // the same, by time and by size
	stride         uint64    // every how many values one is kept

	// Of a counter, and the last value of a gauge.
	known       bool
	first, last float64

	// Of a trend. A histogram that was put into a snapshot does not change.
	before, ages *reader.Histogram
}

// observe takes in the value of one snapshot, if it has one.
func (s *series) observe(now metric.Snapshot, elapsed time.Duration, first bool) {
	if !s.found {
		return
	}
	if s.probe.Kind == script.Trend {
		ages := s.probe.Ages(now)
		if first {
			s.before = ages
		}
		if ages != nil {
			s.ages, s.at = ages, elapsed
		}
		return
	}
	v, ok := s.probe.Value(now)
	if !ok {
		return
	}
	switch {
	case first:
		s.first = v
	case v < s.last:
		s.first = 0 // it began anew
	}
	s.known, s.last, s.at = true, v, elapsed
	if s.probe.Kind == script.Gauge {
		s.gauge(v)
	}
}

func (s *series) gauge(v float64) {
	if s.n == 0 {
		s.least, s.most = v, v
	}
	s.least, s.most = min(s.least, v), max(s.most, v)
	s.sum += v
	if s.keep && s.n%s.stride == 0 {
		if len(s.values) == maxValues {
			s.thin()
		}
		if s.n%s.stride == 0 {
			s.values = append(s.values, v)
			i, _ := slices.BinarySearch(s.sorted, v)
			s.sorted = slices.Insert(s.sorted, i, v)
		}
	}
	s.n++
}

// thin keeps every second value.
func (s *series) thin() {
	s.stride *= 2
	for i := range len(s.values) / 2 {
		s.values[i] = s.values[2*i]
	}
	s.values = s.values[:len(s.values)/2]
	s.sorted = append(s.sorted[:0], s.values...)
	slices.Sort(s.sorted)
}

// aggregate makes one number of all that was seen in the time that has passed.
// It is false where there was nothing.
func (s *series) aggregate(a script.Aggregation, passed time.Duration) (float64, bool) {
	switch {
	case s.probe.Kind == script.Trend:
		return s.trend(a)
	case !s.known && s.probe.Kind == script.Gauge && a.Name == "count":
		return 0, passed > 0 // that it never had a value can be wanted: a lane that never ended
	case !s.known:
		return 0, false
	case a.Name == "value" || a.Name == "last":
		return s.last, true
	case s.probe.Kind == script.Counter && a.Name == "rate":
		return (s.last - s.first) / passed.Seconds(), passed > 0
	case s.probe.Kind == script.Counter:
		return s.last - s.first, true
	}
	switch a.Name {
	case "min":
		return s.least, true
	case "max":
		return s.most, true
	case "avg":
		return s.sum / float64(s.n), true
	case "med":
		return quantile(s.sorted, 50)
	case "p":
		return quantile(s.sorted, a.N)
	}
	return float64(s.n), true
}

// quantile is the smallest value that n percent of all do not exceed (nearest
// rank), as in reader.Histogram.
func quantile(sorted []float64, n float64) (float64, bool) {
	if len(sorted) == 0 {
		return 0, false
	}
	rank := int(math.Ceil(n * float64(len(sorted)) / 100))
	return sorted[min(max(rank, 1), len(sorted))-1], true
}

// trend aggregates ages, in seconds. They come from a histogram, so each is
// within 3.2 % of what was measured; count is exact.
func (s *series) trend(a script.Aggregation) (float64, bool) {
	if s.ages == nil {
		return 0, false
	}
	h := since(s.ages, s.before)
	if a.Name == "count" {
		return float64(h.Count()), true
	}
	if h.Count() == 0 {
		return 0, false
	}
	var micros float64
	switch a.Name {
	case "min":
		micros = float64(h.Min())
	case "max":
		micros = float64(h.Max())
	case "avg":
		micros = h.Mean()
	case "med":
		micros = float64(h.Quantile(0.5))
	default:
		// A hair less, so that rounding does not lift a whole rank to the next.
		micros = float64(h.Quantile(a.N / 100 * (1 - 1e-12)))
	}
	return micros / 1e6, true
}

// since is what now counts more than before, which was the same histogram
// earlier. If now has less anywhere it is another one, and all of it is new.
func since(now, before *reader.Histogram) *reader.Histogram {
	if before == nil || before.Count() == 0 {
		return now
	}
	then := make(map[int]uint64)
	for bucket, n := range before.All {
		then[bucket] = n
	}
	out := new(reader.Histogram)
	for bucket, n := range now.All {
		if n < then[bucket] {
			return now
		}
		out.Add(bucket, n-then[bucket])
		delete(then, bucket)
	}
	if len(then) > 0 {
		return now
	}
	return out
}
