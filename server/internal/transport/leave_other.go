//go:build !linux

package transport

// watchTogether has no source here: each reader has a goroutine of its own.
func watchTogether(*line) bool { return false }

func (*line) forget() {}
