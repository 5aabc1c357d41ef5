package lanehost

// rushReaders is how many readers must have come for memory to be given back once
// no more do.
const rushReaders = 100

// rush notices the end of a rush of readers. What their requests took while
// net/http had them, buffers and stacks, is as much as what thousands of idle
// readers take afterwards, and free.
type rush struct {
	last    uint64 // readers when it was asked last
	settled uint64 // readers for whom memory was given back
}

// over is asked once a second.
func (r *rush) over(readers uint64) bool {
	came := readers - min(readers, r.last)
	r.last = readers
	r.settled = min(r.settled, readers)
	if unsettled := readers - r.settled; unsettled < rushReaders || came > unsettled/10 {
		return false
	}
	r.settled = readers
	return true
}
