package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"

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
	return broker.New(broker.Options{MaxMemoryBytes: cfg.MaxMemoryBytes, Log: log}).Serve(ctx, l)
}
