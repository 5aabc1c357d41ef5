package strategy

import (
	"context"

	"spillway/server/internal/lane"
)

var pullDrain = Definition{
	Name:  "pull-drain",
	Title: "read only when there is room",
	Explain: "Writes what it has, waits until the reader's connection has taken it, and only then reads on. " +
		"A slow reader holds up its own loop and nothing else; what it has not asked for stays in the stream, " +
		"where it waits without costing this server any memory. This is write and drain in Node, and how Kafka consumers pull.",
	Slow:     "Waits for room. The rest stays in Redis.",
	Source:   "redis-stream",
	Overflow: Waits,
	Bound:    func(Options) int { return togetherMessages },
	New:      func(Options) (Strategy, error) { return pullDrainStrategy{}, nil },
}

// pullDrainStrategy is the whole idea in one loop: while Send blocks, or the
// reader has asked for nothing, Next is not called.
type pullDrainStrategy struct{}

func (pullDrainStrategy) Run(ctx context.Context, in Source, out Sink, st *lane.Stats) error {
	passBy(in, out)
	asked := credit{requests: out.Requests()}
	var next together
	for {
		room, err := asked.takeSome(ctx, togetherMessages)
		if err != nil {
			return err
		}
		if err := next.from(ctx, in, room); err != nil {
			return err
		}
		asked.giveBack(room - len(next.messages))
		st.Oldest(next.messages[0])
		if err := out.SendAll(ctx, next.messages); err != nil {
			return err
		}
	}
}
