package throttle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/throttle"
)

func TestFromPositionEnds(t *testing.T) {
	for pos, want := range map[int]throttle.Rate{
		-1: throttle.Stopped, 0: throttle.Stopped, 1: 1_000, 999: 16_000_000,
		1000: throttle.Unlimited, 1001: throttle.Unlimited,
	} {
		require.Equal(t, want, throttle.FromPosition(pos), "position %d", pos)
	}
}

func TestEveryPositionIsStableAndRising(t *testing.T) {
	before := throttle.Rate(0)
	for pos := 1; pos < throttle.Positions; pos++ {
		rate := throttle.FromPosition(pos)
		require.GreaterOrEqual(t, rate, before, "position %d", pos)
		before = rate
		back := throttle.Position(rate)
		require.Equal(t, rate, throttle.FromPosition(back), "position %d → %d → %d", pos, rate, back)
		require.Equal(t, back, throttle.Position(throttle.FromPosition(back)))
	}
}

func TestEveryRateHasTwoDigits(t *testing.T) {
	for pos := 1; pos < throttle.Positions; pos++ {
		rate := throttle.FromPosition(pos)
		for rate >= 100 {
			require.Zero(t, rate%10, "position %d", pos)
			rate /= 10
		}
	}
}

func TestPositionOfRatesBeyondTheSlider(t *testing.T) {
	require.Equal(t, 1, throttle.Position(1))
	require.Equal(t, throttle.Positions-1, throttle.Position(1_000_000_000))
	require.Equal(t, throttle.Positions, throttle.Position(-7))
}

func TestString(t *testing.T) {
	for rate, want := range map[throttle.Rate]string{
		throttle.Stopped: "stopped", throttle.Unlimited: "unlimited", -9: "unlimited",
		1: "1 B/s", 999: "999 B/s", 1_000: "1 KB/s", 1_500: "1.5 KB/s", 4_000: "4 KB/s",
		9_949: "9.9 KB/s", 9_960: "10 KB/s", 10_400: "10 KB/s", 999_499: "999 KB/s",
		999_500: "1 MB/s", 1_500_000: "1.5 MB/s", 16_000_000: "16 MB/s",
		2_000_000_000: "2 GB/s",
	} {
		require.Equal(t, want, rate.String(), "%d", int64(rate))
	}
}
