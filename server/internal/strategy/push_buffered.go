package strategy

import (
	"context"

	"golang.org/x/sync/errgroup"

	"spillway/server/internal/lane"
)

var pushBuffered = Definition{
	Name:  "push-buffered",
	Title: "a queue without a bound",
	Explain: "Takes every message the moment it comes and keeps it in a queue until the reader has room. " +
		"Nobody ever waits for the reader, so nobody notices that it is slow: the queue grows for as long as it is, " +
		"in the memory of the server. This is what an Observable behind an SSE route does, and Flux.create without a strategy.",
	Slow:   "Takes everything, delivers little.",
	Source: "redis-pubsub",
	New:    func(Options) (Strategy, error) { return pushBufferedStrategy{}, nil },
}

// pushBufferedStrategy has two goroutines and an unbounded queue between them.
// Only the second one ever waits for the reader.
type pushBufferedStrategy struct{}

func (pushBufferedStrategy) Run(ctx context.Context, in Source, out Sink, st *lane.Stats) error {
	waiting := newQueue()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		for {
			m, err := in.Next(ctx)
			if err != nil {
				return err
			}
			waiting.push(m)
		}
	})
	group.Go(func() error {
		for {
			m, ok := waiting.pop()
			if !ok {
				select {
				case <-waiting.ready:
					continue
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			st.Oldest(m)
			if err := out.Send(ctx, m); err != nil {
				return err
			}
		}
	})
	return group.Wait()
}
