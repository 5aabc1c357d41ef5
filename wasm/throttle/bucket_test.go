package throttle_test

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/throttle"
)

const (
	start  = int64(1_763_822_400_000_000)
	second = int64(1_000_000)
)

func TestBucketBoundsTheBurstAfterSilence(t *testing.T) {
	b := throttle.NewBucket(100_000, start)
	now := start + 60*second
	read := 0
	for {
		n := b.ReadBytes()
		read += n
		if wait, _ := b.Spend(n, now); wait > 0 {
			break
		}
	}
	require.InDelta(t, 25_000, read, float64(2*b.ReadBytes()), "a quarter of a second's worth")
}

func TestBucketForgivesDebtWhenReleased(t *testing.T) {
	b := throttle.NewBucket(1_000, start)
	wait, _ := b.Spend(10_000, start)
	require.Equal(t, 10*second, wait)

	b.SetRate(100_000, start)
	wait, _ = b.Spend(0, start)
	require.Equal(t, second/10, wait, "the same bytes at the new rate")

	b.SetRate(throttle.Unlimited, start)
	wait, paused := b.Spend(1<<20, start)
	require.Zero(t, wait)
	require.False(t, paused)
	b.SetRate(100_000, start)
	wait, _ = b.Spend(0, start)
	require.Zero(t, wait, "what was read without a limit is no debt")
}

func TestBucketDoesNotChargeFastBytesAtTheSlowRate(t *testing.T) {
	b := throttle.NewBucket(16_000_000, start)
	fast, _ := b.Spend(throttle.MaxReadBytes, start)
	b.SetRate(1_000, start)
	slow, _ := b.Spend(0, start)
	require.Equal(t, fast, slow)
}

func TestBucketKeepsItsDebtOverAStop(t *testing.T) {
	b := throttle.NewBucket(1_000, start)
	b.Spend(2_000, start)
	b.SetRate(throttle.Stopped, start)
	_, paused := b.Spend(0, start)
	require.True(t, paused)
	b.SetRate(1_000, start+second/2)
	wait, paused := b.Spend(0, start+second/2)
	require.False(t, paused)
	require.Equal(t, 3*second/2, wait, "stopping and going on again gains nothing")
}

func TestBucketSurvivesHugeReads(t *testing.T) {
	b := throttle.NewBucket(1, start)
	for range 100 {
		wait, _ := b.Spend(1<<40, start)
		require.Equal(t, 3600*second, wait)
	}
}

func TestReadBytes(t *testing.T) {
	for rate, want := range map[throttle.Rate]int{
		throttle.Stopped: 256, throttle.Unlimited: 256 << 10, 1: 256, 1_000: 512, 2_000: 1 << 10,
		4_096: 4 << 10, 10_000: 4 << 10, 40_000: 4 << 10, 100_000: 8 << 10, 1_000_000: 64 << 10,
		16_000_000: 256 << 10,
	} {
		require.Equal(t, want, throttle.NewBucket(rate, start).ReadBytes(), "%v", rate)
	}
	for pos := range throttle.Positions + 1 {
		n := throttle.NewBucket(throttle.FromPosition(pos), start).ReadBytes()
		require.Equal(t, 1, bits.OnesCount(uint(n)), "position %d: %d", pos, n)
	}
}
