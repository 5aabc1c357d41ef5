// Package lanehost is a lane process from the inside: its listener, its readers,
// and what it reports about itself.
//
//	broker → source → strategy → transport → kernel → reader
//	         └──── one Run for each reader ────┘
//
// For each connection the host opens the lane's source and transport, runs the
// lane's strategy between them, and settles the account when one of them ends.
// One goroutine belongs to a reader, the one that runs the strategy; strategies
// may add their own and wait for them. Who reads server-sent events is seen to
// leave by one for all, on Linux; over WebSocket, TLS and elsewhere each reader has
// a second one for that. None is net/http's: its stack, and the 8 KiB of buffers that live on it,
// are more than all else that an idle reader needs here. Streams of HTTP/2 are
// the exception, because net/http keeps their connection.
package lanehost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"spillway/server/internal/broker"
	"spillway/server/internal/lane"
	"spillway/server/internal/source"
	"spillway/server/internal/strategy"
	"spillway/server/internal/transport"
)

const (
	// headerTimeout ends connections that never finish their request.
	headerTimeout = 5 * time.Second
	// idleTimeout ends connections that ask for nothing more.
	idleTimeout = 30 * time.Second
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
	open      source.OpenFunc // of it, or of what readers share
	strategy  strategy.Strategy
	unordered bool // its messages may overtake each other
	transport transport.Definition
	health    source.Health
	readers   *registry

	sendBuffer atomic.Int64 // of connections that come, bytes; -1 leaves it to the OS

	mu       sync.Mutex
	channels map[string]int
}

// New checks the configuration: a name that does not exist, or an option of the
// strategy that makes no sense, is an error here and not at the first reader.
func New(cfg lane.Config, log *slog.Logger) (*Host, error) {
	cfg = cfg.WithDefaults()
	h := &Host{cfg: cfg, log: log, readers: newRegistry(), channels: cfg.Channels}
	h.sendBuffer.Store(int64(cfg.SendBufferBytes))
	var ok bool
	if h.source, ok = source.Find(cfg.Source); !ok {
		return nil, fmt.Errorf("unknown source %q", cfg.Source)
	}
	if h.open = h.source.Open; h.source.Shared != nil {
		h.open = h.source.Shared()
	}
	way, ok := strategy.Find(cfg.Strategy)
	if !ok {
		return nil, fmt.Errorf("unknown strategy %q", cfg.Strategy)
	}
	if h.transport, ok = transport.Find(cfg.Transport); !ok {
		return nil, fmt.Errorf("unknown transport %q", cfg.Transport)
	}
	var err error
	if h.strategy, err = way.Make(cfg.Options); err != nil {
		return nil, err
	}
	if way.Unordered != nil {
		options, err := way.Parse(cfg.Options)
		if err != nil {
			return nil, err
		}
		h.unordered = way.Unordered(options)
	}
	if h.broker, err = broker.ClientOptions(cfg.BrokerURL); err != nil {
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
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelDebug),
	}
	if h.cfg.TLS != nil {
		if err := h.secure(server, h.cfg.TLS); err != nil {
			return fmt.Errorf("serve lane %q: %w", h.cfg.Name, err)
		}
	}
	var heart sync.WaitGroup
	heart.Go(func() { h.beat(ctx) })
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()

	err := h.listen(server, l)
	cancel()
	if !h.readers.close(shutdownPatience) {
		h.log.Warn("readers still busy after closing their connections")
	}
	heart.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve lane %q: %w", h.cfg.Name, err)
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

// accept takes the connection over from net/http and starts the goroutine that
// serves it until the reader leaves, the lane stops, or something fails. A stream
// of HTTP/2 cannot be taken over: its own goroutine serves it.
func (h *Host) accept(w http.ResponseWriter, r *http.Request, ask ask) {
	c := &connection{channel: ask.channel, tab: ask.tab, id: ask.id, replayable: h.source.Replayable}
	if !h.readers.enter(c) {
		h.refuse(w, r, http.StatusServiceUnavailable, "this lane is stopping")
		return
	}
	sendBuffer := int(h.sendBuffer.Load())
	sink, ctx, err := ask.transport.Open(w, r, transport.Options{
		Stats:           &c.stats,
		SendBufferBytes: sendBuffer,
		Heartbeat:       h.cfg.Heartbeat,
		Origin:          ask.origin,
		Ready:           readyEvent(h.cfg, ask),
		Last:            ask.last,
		Unordered:       h.unordered,
	})
	if err != nil {
		h.readers.leave(c, time.Now())
		h.log.Info("reader not served", "reader", ask.channel, "err", err)
		return
	}
	h.opened(c, sink, sendBuffer)
	serve := func() {
		h.run(ctx, c, ask)
		h.readers.leave(c, time.Now())
	}
	if transport.Multiplexed(r) {
		serve()
		return
	}
	go serve()
}

// run serves a reader until ctx is done, which is when the reader has left or
// its sink is closed, or until something fails.
func (h *Host) run(ctx context.Context, c *connection, ask ask) {
	defer c.sink.Close()
	err := h.deliver(ctx, c, ask)
	// The reason stays one when the connection is gone by now: ending a Send that
	// waits for room cuts it.
	if reason, why := endedByReader(ctx); reason != "" {
		h.log.Info("reader's stream ended", "reader", ask.channel, "reason", reason, "err", why)
		c.sink.CloseWith(string(reason)) //nolint:errcheck // it was told already, or cannot be
		return
	}
	if reason, ok := closeReason(err); ok {
		h.log.Info("reader's stream ended", "reader", ask.channel, "reason", reason, "err", err)
		c.sink.CloseWith(string(reason)) //nolint:errcheck // nobody is left to be told
		return
	}
	if ctx.Err() == nil && !errors.Is(err, net.ErrClosed) { // else it simply left
		h.log.Info("reader's connection ended", "reader", ask.channel, "err", err)
	}
}

// endedByReader tells what the reader has said to end its stream: that it wants
// no more, or something it may not say. Empty: neither.
func endedByReader(ctx context.Context) (strategy.Reason, error) {
	cause := context.Cause(ctx)
	var misuse *transport.Misuse
	switch {
	case errors.As(cause, &misuse):
		return strategy.ReasonBadRequest, cause
	case errors.Is(cause, transport.ErrCancelled):
		return reasonCancelled, cause
	}
	return "", nil
}

// reasonCancelled is for the log only: a reader that has cancelled is told
// nothing more (Reactive Streams, rule 1.8).
const reasonCancelled strategy.Reason = "cancelled"

// closeReason tells why a stream ended that neither failed nor was left.
func closeReason(err error) (strategy.Reason, bool) {
	var closed *strategy.CloseError
	switch {
	case errors.As(err, &closed):
		return closed.Reason, true
	case errors.Is(err, io.EOF):
		return strategy.ReasonComplete, true
	}
	return "", false
}

func (h *Host) deliver(ctx context.Context, c *connection, ask ask) error {
	in, err := h.open(ctx, source.Options{
		Broker: h.broker,
		Key:    lane.Key(h.cfg.RunID, ask.channel),
		After:  ask.last,
		Resume: ask.resume,
		Stats:  &c.stats,
		Health: &h.health,
	})
	if err != nil {
		return err
	}
	defer in.Close()
	return h.strategy.Run(ctx, in, c.sink, &c.stats)
}
