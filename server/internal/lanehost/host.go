// Package lanehost is a lane process from the inside: its listener, its readers,
// and what it reports about itself.
//
//	broker → source → strategy → transport → kernel → reader
//	         └──── one Run for each reader ────┘
//
// For each connection the host opens the lane's source and transport, runs the
// lane's strategy between them, and settles the account when one of them ends.
// Two goroutines belong to a reader: the one that runs the strategy and the one
// that notices when the reader leaves; strategies and sources may add their own
// and wait for them.
package lanehost

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"spillway/server/internal/lane"
	"spillway/server/internal/source"
	"spillway/server/internal/strategy"
	"spillway/server/internal/transport"
)

const (
	// headerTimeout ends connections that never finish their request.
	headerTimeout = 5 * time.Second
	// maxHeaderBytes is plenty for a GET; more is answered with 431.
	maxHeaderBytes = 8 << 10
	// shutdownPatience is how long a stopping lane waits for its readers'
	// goroutines. Closing their connections makes it a matter of milliseconds.
	shutdownPatience = 2 * time.Second
)

// Host is one lane. Create it with New.
type Host struct {
	cfg       lane.Config
	broker    *redis.Options
	log       *slog.Logger
	source    source.Definition
	strategy  strategy.Definition
	transport transport.Definition
	health    source.Health
	readers   *registry
	handlers  sync.WaitGroup

	mu       sync.Mutex
	channels map[string]int
}

// New checks the configuration: a name that does not exist is an error here and
// not at the first reader.
func New(cfg lane.Config, log *slog.Logger) (*Host, error) {
	cfg = cfg.WithDefaults()
	h := &Host{cfg: cfg, log: log, readers: newRegistry(), channels: cfg.Channels}
	var ok bool
	if h.source, ok = source.Find(cfg.Source); !ok {
		return nil, fmt.Errorf("unknown source %q", cfg.Source)
	}
	if h.strategy, ok = strategy.Find(cfg.Strategy); !ok {
		return nil, fmt.Errorf("unknown strategy %q", cfg.Strategy)
	}
	if h.transport, ok = transport.Find(cfg.Transport); !ok {
		return nil, fmt.Errorf("unknown transport %q", cfg.Transport)
	}
	var err error
	if h.broker, err = redis.ParseURL(cfg.BrokerURL); err != nil {
		return nil, fmt.Errorf("parse broker URL: %w", err)
	}
	return h, nil
}

// SetChannels replaces the channels that readers may ask for.
func (h *Host) SetChannels(channels map[string]int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.channels = channels
}

// Serve accepts readers on l until ctx is done. It returns after every reader's
// goroutines have ended.
func (h *Host) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler:           h.routes(),
		ReadHeaderTimeout: headerTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelDebug),
	}
	var heart sync.WaitGroup
	heart.Go(func() { h.beat(ctx) })
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()

	err := server.Serve(l)
	cancel()
	h.readers.closeAll()
	heart.Wait()
	if !h.waitForHandlers() {
		h.log.Warn("readers still busy after closing their connections")
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve lane %q: %w", h.cfg.Name, err)
}

func (h *Host) waitForHandlers() bool {
	done := make(chan struct{})
	go func() { h.handlers.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-time.After(shutdownPatience):
		return false
	}
}

// beat looks several times within a heartbeat, so that one is never late by
// more than a quarter.
func (h *Host) beat(ctx context.Context) {
	tick := time.NewTicker(h.cfg.Heartbeat / 4)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			h.readers.heartbeat(now)
		case <-ctx.Done():
			return
		}
	}
}

// run serves one reader until it leaves, the lane stops, or something fails.
func (h *Host) run(w http.ResponseWriter, r *http.Request, ask ask) {
	h.handlers.Add(1)
	defer h.handlers.Done()
	c := &connection{channel: ask.channel, replayable: h.source.Replayable}
	h.readers.enter(c)
	defer func() { h.readers.leave(c, time.Now()) }()

	sink, ctx, err := h.transport.Open(w, r, transport.Options{
		Stats:           &c.stats,
		SendBufferBytes: h.cfg.SendBufferBytes,
		Heartbeat:       h.cfg.Heartbeat,
		Origin:          ask.origin,
		Ready:           readyEvent(h.cfg, ask),
		Last:            ask.last,
	})
	if err != nil {
		h.log.Info("reader not served", "reader", ask.channel, "err", err)
		return
	}
	defer sink.Close()
	// The lane's end and the reader's both end this connection.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(r.Context(), cancel)
	defer stop()
	h.readers.opened(c, sink)

	in, err := h.source.Open(ctx, source.Options{
		Broker: h.broker,
		Key:    source.Key(h.cfg.RunID, ask.channel),
		After:  ask.last,
		Resume: ask.resume,
		Stats:  &c.stats,
		Health: &h.health,
	})
	if err != nil {
		h.ended(ctx, ask, err)
		return
	}
	defer in.Close()
	h.ended(ctx, ask, h.strategy.New().Run(ctx, in, sink, &c.stats))
}

// ended logs why a reader's connection ended, unless it simply left.
func (h *Host) ended(ctx context.Context, ask ask, err error) {
	if err == nil || ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
		return
	}
	h.log.Info("reader's connection ended", "reader", ask.channel, "err", err)
}
