package main

import (
	"context"

	"spillway/server/internal/child"
	"spillway/server/internal/producer"
)

// runProducer is the one workload.
func runProducer(ctx context.Context, cfg producer.Config, link *child.Link, log childLog) error {
	return producer.Main(ctx, cfg, link, log)
}
