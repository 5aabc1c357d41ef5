package metric

const (
	// windowMicros is how far processor time is looked back: a second, as long
	// as the other rates.
	windowMicros = 1_000_000
	// leastMicros is the shortest time that says anything: the OS counts
	// processor time in steps of up to 10 ms.
	leastMicros = 500_000
	// staleMicros is how old a reading may be. After it nobody has looked for a
	// while, and a mean over the pause would hide what happens now.
	staleMicros = 2_000_000
)

// window holds the processor time of the last second, oldest first.
type window struct {
	points []cpuPoint
}

type cpuPoint struct{ at, cpu uint64 } // microseconds

// add takes a reading. A clock or a counter that goes back begins anew.
func (w *window) add(at, cpu uint64) {
	if n := len(w.points); n > 0 {
		last := w.points[n-1]
		switch {
		case at == last.at:
			return
		case at < last.at || cpu < last.cpu:
			w.points = w.points[:0]
		}
	}
	w.points = append(w.points, cpuPoint{at, cpu})
	old := 0
	for old < len(w.points)-1 && (at-w.points[old].at > staleMicros || at-w.points[old+1].at >= windowMicros) {
		old++
	}
	w.points = append(w.points[:0], w.points[old:]...)
}

// percent is the share of one core, or false while there is too little to tell.
func (w *window) percent() (float64, bool) {
	if len(w.points) == 0 {
		return 0, false
	}
	first, last := w.points[0], w.points[len(w.points)-1]
	if last.at-first.at < leastMicros {
		return 0, false
	}
	return 100 * float64(last.cpu-first.cpu) / float64(last.at-first.at), true
}
