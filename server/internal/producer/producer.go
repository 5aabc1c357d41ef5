package producer

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"spillway/server/internal/broker"
	"spillway/wasm/wire"
)

// Link is the connection to the server that started this process. The package
// child has one.
type Link interface {
	Ready(v any) error
	Report(v any) error
	Commands() <-chan json.RawMessage
}

// Main produces until ctx is done, then removes the streams of the run. It
// blocks for all of that time and leaves no goroutine behind. The error is
// ctx's, that of a configuration that makes no sense, or says that somebody
// else writes into the run. A broker that is away is no error: Main waits.
func Main(ctx context.Context, cfg Config, link Link, log *slog.Logger) error {
	o, err := broker.ClientOptions(cfg.BrokerURL)
	if err != nil {
		return fmt.Errorf("parse broker URL: %w", err)
	}
	store := newRedisStore(o)
	stop := context.AfterFunc(ctx, func() { store.Close() })
	defer store.Close()
	defer stop()
	return run(ctx, cfg, store, link, log)
}

// producer is the state of one run.
type producer struct {
	cfg       Config
	workload  Workload
	schedule  schedule
	round     round
	writer    writer
	journal   journal
	retention retention
	looked    int // streams whose beginning was asked for last; see look
	log       *slog.Logger

	mu      sync.Mutex
	wanted  settings
	changed chan struct{} // capacity 1: "look at wanted again"
}

func run(ctx context.Context, cfg Config, store store, link Link, log *slog.Logger) error {
	definition, ok := Find(cfg.Workload)
	if !ok {
		return fmt.Errorf("there is no workload %q", cfg.Workload)
	}
	wanted, err := newSettings(cfg)
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	p := &producer{
		cfg:      cfg,
		workload: definition.New(),
		log:      log,
		wanted:   wanted,
		changed:  make(chan struct{}, 1),
	}
	p.writer = writer{store: store, journal: &p.journal, log: log}
	p.retention = retention{store: store, journal: &p.journal, log: log, watched: make(map[string]*watch)}
	if err := link.Ready(Ready{Workload: definition.Name}); err != nil {
		return fmt.Errorf("report ready: %w", err)
	}
	defer p.remove(context.WithoutCancel(ctx), store)
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return p.produce(ctx) })
	all.Go(func() error { return p.retention.run(ctx) })
	all.Go(func() error { return p.look(ctx) })
	all.Go(func() error { return p.obey(ctx, link.Commands()) })
	all.Go(func() error { return p.tell(ctx, link) })
	return all.Wait()
}

// produce makes what is due, tick by tick, until ctx is done.
func (p *producer) produce(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	deadline := time.Now()
	for {
		if p.schedule.moving() {
			select {
			case <-timer.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		now := time.Now()
		p.schedule.advance(now)
		if err := p.adopt(ctx); err != nil {
			return err
		}
		if !p.schedule.moving() {
			p.schedule.rest()
			p.journal.pace(0, p.schedule.forgone)
			select {
			case <-p.changed:
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		}
		p.journal.pace(p.schedule.behind, p.schedule.forgone)
		if err := p.makeDue(ctx); err != nil {
			return err
		}
		// The next tick is a whole number of ticks after the first, however
		// long this one took.
		now = time.Now()
		deadline = deadline.Add(now.Sub(deadline).Truncate(Tick) + Tick)
		timer.Reset(deadline.Sub(now))
	}
}

// makeDue makes and writes everything that is due, a message of each channel
// after the other.
func (p *producer) makeDue(ctx context.Context) error {
	for {
		p.round.clear()
		for _, g := range p.schedule.groups {
			clock := p.schedule.clock(g)
			for _, c := range g.channels[:g.active] {
				if c.dueAt > clock {
					continue
				}
				p.make(g, c)
				if !p.round.full() {
					continue
				}
				if err := p.writer.write(ctx, &p.round); err != nil {
					return err
				}
				p.round.clear()
			}
		}
		if len(p.round.messages) == 0 {
			return nil
		}
		if err := p.writer.write(ctx, &p.round); err != nil {
			return err
		}
	}
}

// make appends the next message of c to the round.
func (p *producer) make(g *group, c *channel) {
	r := &p.round
	c.seq++
	start := len(r.buffer)
	h := wire.Header{Seq: c.seq, AtMicros: time.Now().UnixMicro(), Pos: c.pos}
	r.buffer = c.stream.Append(r.buffer, h, g.SizeBytes)
	c.pos += wire.EventBytes(c.seq, len(r.buffer)-start)
	// If the buffer had to grow, earlier messages keep their place in the old
	// one; nothing there is written again.
	r.messages = append(r.messages, message{
		channel: c,
		tail:    tail{seq: c.seq, pos: h.Pos, end: c.pos},
		payload: r.buffer[start:len(r.buffer):len(r.buffer)],
	})
	c.dueAt += c.stream.Gap()
}
