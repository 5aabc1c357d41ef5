package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"

	"spillway/server/internal/broker"
	"spillway/server/internal/child"
	"spillway/server/internal/run"
)

// childLog is the log of a child's process.
type childLog = *slog.Logger

// runBroker is the embedded broker.
func runBroker(ctx context.Context, cfg run.BrokerChild, link *child.Link, log childLog) error {
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for the broker: %w", err)
	}
	if err := link.Ready(run.BrokerReady{Addr: l.Addr().String()}); err != nil {
		return err
	}
	// Streams grow large and shrink again; half of the usual headroom of the
	// collector keeps RSS near what the broker says it uses.
	debug.SetGCPercent(brokerGCPercent)
	server := broker.New(broker.Options{MaxMemoryBytes: cfg.MaxMemoryBytes, Log: log})
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Serve(ctx, l) })
	group.Go(func() error { return giveBack(ctx, server) })
	return group.Wait()
}

const (
	brokerGCPercent = 50
	giveBackEvery   = time.Second
	giveBackBytes   = 1 << 20 // what must have gone for a collection to be worth it
)

// giveBack returns memory to the OS while the broker's content shrinks, as the
// lanes do while a backlog shrinks.
func giveBack(ctx context.Context, server *broker.Server) error {
	tick := time.NewTicker(giveBackEvery)
	defer tick.Stop()
	var before int64
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			used := server.Stats().UsedMemoryBytes
			if before > used+giveBackBytes {
				debug.FreeOSMemory()
			}
			before = used
		}
	}
}
