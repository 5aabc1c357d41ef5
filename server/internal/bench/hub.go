package bench

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"spillway/server/internal/broker"
	"spillway/server/internal/lane"
	"spillway/server/internal/source"
)

// hubs are the channels of a server that have had readers. Each takes its
// messages from a subscription of its own, makes an event of each once, and
// offers it to every reader; it waits for none.
type hubs struct {
	log    *slog.Logger
	open   func(ctx context.Context, channel string) (source.Source, error)
	blocks bool // hands out blocks of events, not single ones
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu  sync.Mutex
	all map[string]*hub
}

// hub is one channel.
type hub struct {
	mu      sync.Mutex
	readers map[chan []byte]struct{}
	ended   bool
}

func newHubs(cfg ServerConfig, blocks bool, log *slog.Logger) (*hubs, error) {
	in, ok := source.Find("redis-pubsub")
	if !ok {
		return nil, fmt.Errorf("there is no source %q", "redis-pubsub")
	}
	client, err := broker.ClientOptions(cfg.BrokerURL)
	if err != nil {
		return nil, fmt.Errorf("parse broker URL: %w", err)
	}
	h := &hubs{log: log, blocks: blocks, all: make(map[string]*hub)}
	h.open = func(ctx context.Context, channel string) (source.Source, error) {
		return in.Open(ctx, source.Options{Broker: client, Key: lane.Key(cfg.RunID, channel), Stats: new(lane.Stats)})
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h, nil
}

// join returns what the reader gets from now on, and how it leaves. The channel
// is closed when there is nothing more.
func (h *hubs) join(channel string, capacity int) (<-chan []byte, func()) {
	h.mu.Lock()
	to := h.all[channel]
	if to == nil {
		to = &hub{readers: make(map[chan []byte]struct{})}
		h.all[channel] = to
		h.work.Go(func() {
			if err := h.run(channel, to); h.ctx.Err() == nil {
				h.log.Error("channel ended", "channel", channel, "err", err)
			}
			to.end()
		})
	}
	h.mu.Unlock()
	events := make(chan []byte, capacity)
	to.mu.Lock()
	defer to.mu.Unlock()
	if to.ended {
		close(events)
		return events, func() {}
	}
	to.readers[events] = struct{}{}
	return events, func() {
		to.mu.Lock()
		defer to.mu.Unlock()
		delete(to.readers, events)
	}
}

// run hands out until the source ends.
func (h *hubs) run(channel string, to *hub) error {
	in, err := h.open(h.ctx, channel)
	if err != nil {
		return err
	}
	defer in.Close()
	if h.blocks {
		return h.runBlocks(in, to)
	}
	for {
		m, err := in.Next(h.ctx)
		if err != nil {
			return err
		}
		to.offer(appendEvent(nil, m))
	}
}

// runBlocks hands out blocks of events.
func (h *hubs) runBlocks(in source.Source, to *hub) error {
	ctx, cancel := context.WithCancel(h.ctx)
	messages, ended := make(chan lane.Message, blockEvents), make(chan error, 1)
	go func() {
		defer close(messages)
		for {
			m, err := in.Next(ctx)
			if err != nil {
				ended <- err
				return
			}
			select {
			case messages <- m:
			case <-ctx.Done():
				ended <- ctx.Err()
				return
			}
		}
	}()
	defer cancel()
	alarm := time.NewTimer(blockWait)
	defer alarm.Stop()
	for m := range messages {
		block := appendEvent(make([]byte, 0, blockEvents*(len(m.Data)+64)), m)
		alarm.Reset(blockWait)
		for n, more := 1, true; more && n < blockEvents; {
			select {
			case m, ok := <-messages:
				if more = ok; ok {
					block = appendEvent(block, m)
					n++
				}
			case <-alarm.C:
				more = false
			}
		}
		to.offer(block)
	}
	return <-ended
}

// offer gives every reader that has room the bytes, which nobody may change.
func (h *hub) offer(event []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for reader := range h.readers {
		select {
		case reader <- event:
		default: // the load finds the hole
		}
	}
}

func (h *hub) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	for reader := range h.readers {
		close(reader)
	}
	clear(h.readers)
}

// close ends all channels and waits for them.
func (h *hubs) close() {
	h.cancel()
	h.work.Wait()
}

// appendEvent writes the event that a lane writes for the same message.
func appendEvent(b []byte, m lane.Message) []byte {
	b = append(b, "id: "...)
	b = strconv.AppendUint(b, m.Seq, 10)
	b = append(b, "\ndata: "...)
	b = append(b, m.Data...)
	return append(b, "\n\n"...)
}
