package transport

import "math"

// demand is what a reader asks for, on its way from the goroutine that reads the
// connection to the strategy. The first never waits for the second: what the
// strategy has not taken yet is added up.
type demand struct {
	requests chan int
	over     bool // the reader has cancelled
}

// requestsKept is how many requests wait apart from each other before they are
// added up. While the oldest is taken back to be added to, another one must
// stay: a strategy that looks whether there is demand would see none.
const requestsKept = 2

func newDemand() *demand { return &demand{requests: make(chan int, requestsKept)} }

// add adds n, at least 1, and does not block. What does not fit is as good as
// without end (Reactive Streams, rule 3.17). After a cancel it does nothing
// (rule 3.6). One goroutine calls it.
func (d *demand) add(n uint32) {
	if d.over {
		return
	}
	sum := int(min(uint64(n), math.MaxInt))
	for {
		select {
		case d.requests <- sum:
			return
		default:
		}
		select {
		case before := <-d.requests:
			sum += min(before, math.MaxInt-sum)
		default: // the strategy was faster
		}
	}
}

// cancel says that nothing more is asked for. A second one does nothing (rule
// 3.7).
func (d *demand) cancel() {
	if !d.over {
		d.over = true
		close(d.requests)
	}
}
