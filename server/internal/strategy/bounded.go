package strategy

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"spillway/server/internal/lane"
)

// policy is what happens to a message that comes when there is neither demand
// for it nor room to wait.
type policy uint8

const (
	blockSource     policy = iota // the receiver waits with it, and takes no other
	dropIncoming                  // it is given up
	dropOldest                    // what has waited longest is given up for it
	endAtOnce                     // the stream ends; what waits is not delivered
	endAfterBacklog               // it is given up, nothing more is taken; the stream ends after what waits
)

// bounded is the engine of all strategies with a bounded queue. One goroutine
// takes from the source, one gives to the sink, and where the transport carries
// demand a third one listens to it. Between the first two is the queue.
//
// A message for which there is demand passes; the others wait up to the
// capacity; then the policy decides. What demand is depends on the transport.
// Where the reader asks for n, it is what was asked for and not yet given; while
// a message that was asked for is on its way the receiver waits for it, as a
// call of onNext does in Reactive Streams, so nothing that was asked for is ever
// lost or counted as waiting. Everywhere else a sender without work is demand
// for one, and a Send that has not returned is none. The message in such a Send
// is not in the queue.
//
// When the source ends what was accepted is delivered, as far as there is
// demand; Run returns then.
type bounded struct {
	capacity      int           // messages that may wait
	capacityBytes int64         // and their payloads together; 0 is no bound
	full          policy        // what happens then
	cut           bool          // endAtOnce does not wait for a Send that the reader has asked for
	deadline      time.Duration // that a Send may take; 0 is no bound
	replenish     int           // with it at most capacity are taken and not sent; after this many more
}

// Bounds of how many messages an engine holds beside those that wait.
const (
	inSend = 1 // the one that is being written
	atDoor = 1 // the one that has come and whose fate is being decided
)

// Run starts the goroutines and waits for them.
func (b bounded) Run(ctx context.Context, in Source, out Sink, st *lane.Stats) error {
	requests := out.Requests()
	w := newWaiting(b, requests != nil, st)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.receive(ctx, in) })
	group.Go(func() error { return w.send(ctx, out) })
	if requests != nil {
		group.Go(func() error { return w.listen(ctx, requests) })
	}
	return group.Wait()
}
