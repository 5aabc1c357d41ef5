package strategy

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"spillway/server/internal/lane"
)

var parallel = Definition{
	Name:  "parallel",
	Title: "several workers for one reader",
	Explain: "Each message costs some work before it can be sent, as a call to another system does, and several workers do it at the same time. " +
		"Every worker holds one message; when all are busy the receiver waits, so memory is bounded, nothing is lost, and the rest stays in the source. " +
		"With the order kept a finished message waits for those before it, and one slow call holds up the rest; " +
		"with the order given up each goes when it is done, and a reader that comes back with its last id gets some of them again. " +
		"More workers help against slow work and not against a slow reader: there is one connection. " +
		"This is flatMapSequential and flatMap in Reactor, mapAsync and mapAsyncUnordered in Akka.",
	Slow:     "Fills its workers, then waits.",
	Source:   "redis-stream",
	Overflow: Waits,
	Options: []Option{
		{Name: "workers", Kind: Number, Default: "8", Min: 1, Max: 64, Help: "How many messages are worked on at the same time, for each reader."},
		{Name: "work", Kind: Duration, Default: "10ms", Min: 0, Max: 60, Help: "What the work on one message takes on average: from half of it to one and a half times, by its sequence number, the same in every run."},
		{Name: "keep_order", Kind: Number, Default: "1", Min: 0, Max: 1, Help: "With 1 messages arrive in their order, with 0 as their work is done."},
	},
	Bound:     func(o Options) int { return int(o.Number("workers")) + inSend + atDoor },
	Delay:     func(o Options) time.Duration { return longestWork(o.Duration("work")) },
	Unordered: func(o Options) bool { return o.Number("keep_order") == 0 },
	New: func(o Options) (Strategy, error) {
		return parallelStrategy{int(o.Number("workers")), o.Duration("work"), o.Number("keep_order") == 1}, nil
	},
}

// parallelStrategy has a receiver, the workers, and a sender. With the order
// kept every worker has its own way in and out, and both ends go round in turn;
// with the order given up all share one. No way has a buffer.
type parallelStrategy struct {
	workers int
	work    time.Duration
	ordered bool
}

func (p parallelStrategy) Run(ctx context.Context, in Source, out Sink, st *lane.Stats) error {
	ways := 1
	if p.ordered {
		ways = p.workers
	}
	r := parallelRun{
		rule: p, ways: make([]way, ways),
		flight: flight{st: st, list: make([]lane.Message, 0, p.workers+inSend+atDoor)},
	}
	for i := range r.ways {
		r.ways[i] = way{in: make(chan lane.Message), out: make(chan lane.Message)}
		r.ways[i].workers.Store(int64(p.workers / ways))
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return r.receive(ctx, in) })
	for i := range p.workers {
		group.Go(func() error { return r.ways[i%ways].carry(ctx, p.work) })
	}
	group.Go(func() error { return r.send(ctx, out) })
	return group.Wait()
}

// parallelRun is one reader's run.
type parallelRun struct {
	rule   parallelStrategy
	ways   []way
	flight flight
	ended  error // set before the ways in are closed
}

// receive blocks in the source, and until the next worker has nothing to do.
func (r *parallelRun) receive(ctx context.Context, in Source) error {
	for i := 0; ; i = (i + 1) % len(r.ways) {
		m, err := in.Next(ctx)
		if errors.Is(err, io.EOF) {
			r.ended = err
			for i := range r.ways {
				close(r.ways[i].in)
			}
			return nil
		}
		if err != nil {
			return err
		}
		r.flight.add(m)
		select {
		case r.ways[i].in <- m:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// send blocks for work that is done, for demand, and in the sink.
func (r *parallelRun) send(ctx context.Context, out Sink) error {
	asked := credit{requests: out.Requests()}
	for i := 0; ; i = (i + 1) % len(r.ways) {
		select {
		case m, ok := <-r.ways[i].out:
			if !ok { // and so nothing comes from the ways behind it
				return r.ended
			}
			if err := asked.take(ctx); err != nil {
				return err
			}
			if err := out.Send(ctx, m); err != nil {
				return err
			}
			r.flight.done(m)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// way is how messages get to workers and from them.
type way struct {
	in, out chan lane.Message
	workers atomic.Int64 // that have not ended; the last one closes out
}

// carry is a worker. It blocks for a message, for its work, and until the sender
// takes it.
func (w *way) carry(ctx context.Context, work time.Duration) error {
	busy := time.NewTimer(0)
	defer busy.Stop()
	<-busy.C
	for {
		var m lane.Message
		var ok bool
		select {
		case m, ok = <-w.in:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !ok {
			if w.workers.Add(-1) == 0 {
				close(w.out)
			}
			return nil
		}
		if work > 0 {
			busy.Reset(workOn(m.Seq, work))
			select {
			case <-busy.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		select {
		case w.out <- m:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// workOn is what the work on one message takes, between half and one and a half
// times the average. Work that always took the same would keep the order by
// itself.
func workOn(seq uint64, average time.Duration) time.Duration {
	const steps = 1 << 10
	mixed := seq * 0x9e3779b97f4a7c15 >> 54 // Fibonacci hashing, Knuth 6.4: 10 bits
	return average/2 + average*time.Duration(mixed)/steps
}

func longestWork(average time.Duration) time.Duration { return average/2 + average }
