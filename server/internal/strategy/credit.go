package strategy

import (
	"context"
	"fmt"
	"math"
)

// credit is what a reader has asked for and not yet been given, for a strategy
// that has nothing else to do while it waits for more. Where the transport
// carries no demand there is always enough: the blocking Send says the rest. One
// goroutine uses it.
type credit struct {
	requests <-chan int
	asked    uint64
}

// take blocks until the reader has asked for a message, and counts it as given.
func (c *credit) take(ctx context.Context) error {
	_, err := c.takeSome(ctx, 1)
	return err
}

// takeSome blocks until the reader has asked for a message, and takes what it
// has asked for by then, at most most.
func (c *credit) takeSome(ctx context.Context, most int) (int, error) {
	if c.requests == nil {
		return most, nil
	}
	for more := true; more && c.asked < uint64(most); {
		var err error
		if c.asked == 0 {
			select {
			case n, ok := <-c.requests:
				err = c.add(n, ok)
			case <-ctx.Done():
				err = ctx.Err()
			}
		} else {
			select {
			case n, ok := <-c.requests:
				err = c.add(n, ok)
			default:
				more = false
			}
		}
		if err != nil {
			return 0, err
		}
	}
	got := int(min(uint64(most), c.asked))
	c.asked -= uint64(got)
	return got, nil
}

// giveBack returns what takeSome took and nobody used.
func (c *credit) giveBack(n int) { c.asked += uint64(n) }

func (c *credit) add(n int, ok bool) error {
	if !ok {
		c.requests = make(chan int) // nothing more will come
		return nil
	}
	return add(&c.asked, n)
}

// add adds n to a demand. Fewer than one is the reader's mistake (Reactive
// Streams, rule 3.9), and what does not fit is as good as without end (3.17).
func add(asked *uint64, n int) error {
	if n < 1 {
		return &CloseError{ReasonBadRequest, fmt.Sprintf("asked for %d messages; want at least 1", n)}
	}
	*asked = min(*asked+uint64(n), math.MaxInt64)
	return nil
}
