package strategy

import (
	"context"
	"errors"
	"io"

	"spillway/server/internal/lane"
)

var pushBuffered = Definition{
	Name:  "push-buffered",
	Title: "a queue without a bound",
	Explain: "Takes every message the moment it comes and keeps it in a queue until the reader has room. " +
		"Nobody ever waits for the reader, so nobody notices that it is slow: the queue grows for as long as it is, " +
		"in the memory of the server. This is what an Observable behind an SSE route does, and Flux.create without a strategy.",
	Slow:     "Takes everything, delivers little.",
	Source:   "redis-pubsub",
	Overflow: Grows,
	New:      func(Options) (Strategy, error) { return pushBufferedStrategy{}, nil },
}

// pushBufferedStrategy has two goroutines and an unbounded queue between them.
// Only the second one ever waits for the reader: for its demand, where the
// transport carries some, and for room.
type pushBufferedStrategy struct{}

func (pushBufferedStrategy) Run(ctx context.Context, in Source, out Sink, st *lane.Stats) error {
	passBy(in, out)
	waiting := newQueue()
	receive := func(ctx context.Context) error {
		var came together
		for {
			err := came.from(ctx, in, togetherMessages)
			if errors.Is(err, io.EOF) {
				waiting.end(err)
				return nil
			}
			if err != nil {
				return err
			}
			waiting.push(came.messages...)
		}
	}
	deliver := func(ctx context.Context) error {
		asked := credit{requests: out.Requests()}
		var next together
		for {
			if err := waiting.next(ctx, &next); err != nil {
				return err
			}
			for rest := next.messages; len(rest) > 0; {
				st.Oldest(rest[0])
				n, err := asked.takeSome(ctx, len(rest))
				if err != nil {
					return err
				}
				if err := out.SendAll(ctx, rest[:n]); err != nil {
					return err
				}
				rest = rest[n:]
			}
		}
	}
	return both(ctx, deliver, receive)
}
