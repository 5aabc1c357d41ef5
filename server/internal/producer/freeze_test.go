//go:build unix

package producer

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A broker that is there and does not answer is waited for like one that is
// full, and does not keep the producer from leaving.
func TestFrozenBroker(t *testing.T) {
	s := startRedis(t)
	link, stop := s.startMain(s.config(Group{Name: "g", Count: 5, RatePerSecond: 100, SizeBytes: 96}))
	waitFor(t, func() bool { return link.report().Produced > 100 }, "messages")
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGSTOP))
	waitFor(t, func() bool { return link.report().StallMicros > 200_000 }, "a wait")
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGCONT))
	waitFor(t, func() bool { return link.report().StallMicros == 0 }, "its end")
	held := link.report().Produced
	waitFor(t, func() bool { return link.report().Produced > held+100 }, "more messages")
	s.entries("g-0") // without a hole
	require.Zero(t, link.report().Lost)

	require.NoError(t, s.cmd.Process.Signal(syscall.SIGSTOP))
	waitFor(t, func() bool { return link.report().StallMicros > 200_000 }, "a wait")
	asked := time.Now()
	stop()
	require.Less(t, time.Since(asked), 2*time.Second) // go-redis by itself: 3 s
}
