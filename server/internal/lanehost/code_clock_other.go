//go:build !linux

package lanehost

import "time"

var began = time.Now()

// threadTime is the clock on the wall where no thread has its own: what it costs
// to look looks more there on a machine that is busy.
func threadTime() time.Duration { return time.Since(began) }
