package strategy

import (
	"context"
	"errors"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"spillway/server/internal/lane"
)

var batch = Definition{
	Name:  "batch",
	Title: "several messages in one write",
	Explain: "Collects messages until there are enough of them, or until the first has waited long enough, and writes them all at once. " +
		"One write costs this server nearly the same for one message as for fifty, so it does far more with the same processor; the price is that each message is a little late. " +
		"While a write waits for room the next batch is collected, and then the receiver waits: memory is bounded, nothing is lost, and the rest stays in the source. " +
		"Push gateways, metrics agents and database drivers do this, and it is what Nagle's algorithm does below all of them.",
	Slow:     "Collects one batch more, then waits.",
	Source:   "redis-stream",
	Overflow: Waits,
	Options: []Option{
		{Name: "messages", Kind: Number, Default: "64", Min: 1, Max: 10_000, Help: "How many messages go into one write at most."},
		{Name: "bytes", Kind: Bytes, Default: "64KiB", Min: 1, Max: 16 << 20, Help: "A batch that has reached this size is written; its last message may pass it."},
		{Name: "wait", Kind: Duration, Default: "10ms", Min: 0, Max: 60, Help: "How long the first message of a batch waits for others; with 0 only those that are there go with it."},
	},
	Bound: func(o Options) int { return 2*int(o.Number("messages")) + atDoor },
	Delay: func(o Options) time.Duration { return o.Duration("wait") },
	New: func(o Options) (Strategy, error) {
		return batchStrategy{int(o.Number("messages")), o.Bytes("bytes"), o.Duration("wait")}, nil
	},
}

// batchStrategy has a receiver and a sender. Between them is a channel that
// holds as much as one batch: it is collected there while another is written.
type batchStrategy struct {
	messages int
	bytes    int64
	wait     time.Duration
}

func (b batchStrategy) Run(ctx context.Context, in Source, out Sink, st *lane.Stats) error {
	c := collector{rule: b, st: st, next: make(chan lane.Message, b.messages)}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.receive(ctx, in) })
	group.Go(func() error { return c.send(ctx, out) })
	return group.Wait()
}

// collector is one reader's run.
type collector struct {
	rule  batchStrategy
	st    *lane.Stats
	next  chan lane.Message
	ended error // set before next is closed
}

// receive blocks in the source, and while next is full.
func (c *collector) receive(ctx context.Context, in Source) error {
	for {
		m, err := in.Next(ctx)
		if errors.Is(err, io.EOF) {
			c.ended = err
			close(c.next)
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case c.next <- m:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *collector) send(ctx context.Context, out Sink) error {
	asked := credit{requests: out.Requests()}
	alarm := time.NewTimer(c.rule.wait)
	defer alarm.Stop()
	var all []lane.Message
	for {
		var err error
		if all, err = c.collect(ctx, all[:0], alarm); err != nil {
			return err
		}
		for rest := all; len(rest) > 0; {
			c.st.Oldest(rest[0])
			n, err := asked.takeSome(ctx, len(rest))
			if err != nil {
				return err
			}
			if err := out.SendAll(ctx, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		clear(all) // the payloads must not outlive their delivery
	}
}

// collect appends a batch to all. It blocks until there is a first message, and
// then for as long as the rule lets that wait.
func (c *collector) collect(ctx context.Context, all []lane.Message, alarm *time.Timer) ([]lane.Message, error) {
	var bytes int64
	late := false
	for len(all) < c.rule.messages && (len(all) == 0 || bytes < c.rule.bytes) {
		var m lane.Message
		ok, got := true, true
		switch {
		case len(all) == 0:
			select {
			case m, ok = <-c.next:
				c.st.Oldest(m)
				alarm.Reset(c.rule.wait)
				late = c.rule.wait == 0
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		case late: // only what is there
			select {
			case m, ok = <-c.next:
			default:
				got = false
			}
		default:
			select {
			case m, ok = <-c.next:
			case <-alarm.C:
				late = true
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if !ok && len(all) == 0 {
			return nil, c.ended
		}
		if !ok || !got {
			break
		}
		all = append(all, m)
		bytes += int64(m.Bytes())
	}
	return all, nil
}
