package strategytest

import (
	"errors"
	"fmt"
	"time"

	"spillway/server/internal/lane"
	"spillway/server/internal/strategy"
)

// check holds what must be so whenever nothing moves.
func (p play) check() error {
	c, err := p.counts()
	if err != nil {
		return err
	}
	for _, property := range []func(lane.Counts) error{p.sequence, p.bound, p.losses, p.progress, p.age} {
		if err := property(c); err != nil {
			return err
		}
	}
	if p.Ended() && !p.closed() && p.err == nil {
		return errors.New("Run returned without an error")
	}
	return nil
}

// sequence: messages come once and, unless that is given up, in order; nobody
// sends twice at once, or what was not asked for.
func (p play) sequence(lane.Counts) error {
	unordered := p.d.Unordered != nil && p.d.Unordered(p.o)
	seen := make(map[uint64]bool)
	last := uint64(0)
	for _, seq := range p.Sink.Received() {
		switch {
		case seen[seq]:
			return fmt.Errorf("message %d came twice", seq)
		case seq < last && !unordered:
			return fmt.Errorf("message %d came after %d", seq, last)
		case seq == 0 || seq > p.Source.Taken.Load():
			return fmt.Errorf("message %d came from nowhere", seq)
		}
		seen[seq] = true
		last = seq
	}
	switch {
	case p.Sink.Overlapped():
		return errors.New("two Sends at once")
	case p.Sink.Unasked():
		return errors.New("sent what nobody asked for")
	}
	return nil
}

// bound: at no instant were there more than was declared.
func (p play) bound(lane.Counts) error {
	if p.d.Bound == nil {
		return nil
	}
	if peak, most := p.Source.Peak.Load(), uint64(p.d.Bound(p.o)); peak > most {
		return fmt.Errorf("%d messages at once; the bound is %d", peak, most)
	}
	return nil
}

// losses: only who loses by its rule drops, and only who waits leaves anything
// in the source.
func (p play) losses(c lane.Counts) error {
	waits := p.d.Overflow == strategy.Waits
	asked := p.Sink.requests != nil
	switch {
	case c.Dropped > 0 && p.d.Overflow != strategy.Loses && !p.closed() && p.d.Overflow != strategy.Ends:
		return fmt.Errorf("%d dropped", c.Dropped)
	case c.Dropped > 1 && p.d.Overflow == strategy.Ends:
		return fmt.Errorf("%d dropped; the first should be the end", c.Dropped)
	case !waits && !asked && p.d.Overflow != strategy.Ends && !p.Ended() && c.Accepted != p.Given():
		return fmt.Errorf("%d taken of %d; nobody should wait", c.Accepted, p.Given())
	case waits && !p.Ended() && c.Accepted != p.Given() && c.BacklogCount == 0 && (!asked || p.wanted() > 0):
		return fmt.Errorf("%d taken of %d, and nothing waits here", c.Accepted, p.Given())
	}
	return nil
}

// wanted is what was asked for and has not come.
func (p play) wanted() uint64 {
	p.Sink.mu.Lock()
	defer p.Sink.mu.Unlock()
	return p.Sink.asked - uint64(len(p.Sink.received))
}

// progress: a strategy without a delay of its own lets nothing wait while there
// is room and demand.
func (p play) progress(c lane.Counts) error {
	if c.BacklogCount == 0 || p.Ended() || len(p.Sink.served) == 0 || p.d.Delay != nil && p.d.Delay(p.o) > 0 {
		return nil
	}
	if p.Sink.requests != nil && p.wanted() == 0 {
		return nil
	}
	return fmt.Errorf("%d messages wait while there is room", c.BacklogCount)
}

// age: the age of the oldest is told, as far as the test can know which it is.
func (p play) age(c lane.Counts) error {
	oldest := uint64(0)
	p.Sink.mu.Lock()
	sending := p.Sink.sending
	p.Sink.mu.Unlock()
	unordered := p.d.Unordered != nil && p.d.Unordered(p.o)
	switch {
	case p.Ended():
		return nil
	case c.BacklogCount == 0:
	case sending != 0 && !unordered:
		oldest = sending
	case c.Dropped > 0: // the test does not know which
		return nil
	default:
		came := make(map[uint64]bool)
		for _, seq := range p.Sink.Received() {
			came[seq] = true
		}
		for oldest = 1; came[oldest]; oldest++ {
		}
	}
	want := time.Duration(0)
	if oldest > 0 {
		want = time.Since(time.UnixMicro(p.given[oldest-1].AtMicros))
	}
	if c.Oldest != want {
		return fmt.Errorf("the oldest is said to be %s old; it is message %d, %s old", c.Oldest, oldest, want)
	}
	return nil
}

// closedRightly: an end by rule comes from who ends by rule, for a reason.
func (p play) closedRightly() error {
	var closed *strategy.CloseError
	errors.As(p.err, &closed)
	switch {
	case p.d.Overflow != strategy.Ends:
		return fmt.Errorf("it ended by itself: %w", p.err)
	case closed.Reason == "" || closed.Detail == "":
		return fmt.Errorf("it ended without a reason: %w", p.err)
	}
	for i, seq := range p.Sink.Received() {
		if seq != uint64(i+1) {
			return fmt.Errorf("message %d came as number %d of an unbroken run", seq, i+1)
		}
	}
	return nil
}
