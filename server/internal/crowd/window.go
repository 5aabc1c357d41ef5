package crowd

import (
	"time"

	"spillway/wasm/reader"
)

// windowSlots reports, one every reportEvery, are a second.
const windowSlots = int(time.Second / reportEvery)

// window remembers the last second of a cell, a slot for each report.
type window struct {
	ages  [windowSlots]reader.Histogram
	marks [windowSlots]windowMark
	next  int // slot that is open; its mark is still the one of a second ago
	total reader.Histogram
}

type windowMark struct {
	at              time.Time
	bytes, messages uint64
}

// open is the slot for the ages since the last report.
func (w *window) open() *reader.Histogram { return &w.ages[w.next] }

// close ends the slot with the counters as they are now, and fills in what the
// report says about the last second.
func (w *window) close(now time.Time, sum reader.Account, r *CellReport) {
	oldest := w.marks[w.next]
	if passed := now.Sub(oldest.at).Seconds(); !oldest.at.IsZero() && passed > 0 {
		r.BytesPerSecond = uint64(float64(sum.Bytes-oldest.bytes) / passed)
		r.PerSecond = uint64(float64(sum.Messages-oldest.messages) / passed)
	}
	w.marks[w.next] = windowMark{now, sum.Bytes, sum.Messages}

	w.total.Reset()
	for i := range w.ages {
		w.total.Merge(&w.ages[i])
	}
	r.AgeCount = w.total.Count()
	r.AgeP50Micros, r.AgeP99Micros = w.total.Quantile(0.5), w.total.Quantile(0.99)

	w.next = (w.next + 1) % windowSlots
	w.ages[w.next].Reset()
}
