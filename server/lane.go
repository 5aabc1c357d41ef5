package main

import (
	"context"
	"fmt"
	"net"
	"runtime"

	"golang.org/x/sync/errgroup"

	"spillway/server/internal/child"
	"spillway/server/internal/heap"
	"spillway/server/internal/lane"
	"spillway/server/internal/lanehost"
)

// runLane is one lane.
func runLane(ctx context.Context, cfg lane.Config, link *child.Link, log childLog) error {
	runtime.MemProfileRate = heap.SampleEvery // before there is anything worth noting
	host, err := lanehost.New(cfg, log)
	if err != nil {
		return fmt.Errorf("set up lane %q: %w", cfg.Name, err)
	}
	l, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for lane %q: %w", cfg.Name, err)
	}
	if err := link.Ready(lane.Ready{Addr: l.Addr().String()}); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return host.Serve(ctx, l) })
	group.Go(func() error { return host.Talk(ctx, link) })
	return group.Wait()
}
