package main

import (
	"context"

	"spillway/server/internal/child"
	"spillway/server/internal/crowd"
)

// runCrowd is the synthetic readers of all lanes.
func runCrowd(ctx context.Context, cfg crowd.Config, link *child.Link, log childLog) error {
	return crowd.Main(ctx, cfg, link, log)
}
