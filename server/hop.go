package main

import (
	"context"

	"spillway/server/internal/child"
	"spillway/server/internal/hop"
)

// runHop is the proxy in front of one lane.
func runHop(ctx context.Context, cfg hop.Config, link *child.Link, log childLog) error {
	return hop.Main(ctx, cfg, link, log)
}
