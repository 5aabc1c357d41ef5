package strategy

import (
	"context"
	"errors"
	"io"

	"golang.org/x/sync/errgroup"

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
	waiting := newQueue()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		for {
			m, err := in.Next(ctx)
			if errors.Is(err, io.EOF) {
				waiting.end(err)
				return nil
			}
			if err != nil {
				return err
			}
			waiting.push(m)
		}
	})
	group.Go(func() error {
		asked := credit{requests: out.Requests()}
		for {
			m, err := waiting.next(ctx)
			if err != nil {
				return err
			}
			st.Oldest(m)
			if err := asked.take(ctx); err != nil {
				return err
			}
			if err := out.Send(ctx, m); err != nil {
				return err
			}
		}
	})
	return group.Wait()
}
