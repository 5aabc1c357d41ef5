package site

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/server/internal/run"
)

func TestWhatAProxyTakesIsSaidOnItsLane(t *testing.T) {
	view := func(hop script.Hop, extra ...metric.Lane) run.View {
		return run.View{Lanes: []run.LaneView{{Name: "pull", Plan: script.Lane{Hop: hop}}}, Extra: extra}
	}
	require.Empty(t, hopOf(view("", metric.Lane{HopRSS: 1}), 0))
	require.Equal(t, "through a proxy, which does not run", hopOf(view(script.HopProxy), 0), "of a recording without such figures")
	require.Equal(t, "through a proxy, which does not run", hopOf(view(script.HopProxy, metric.Lane{}), 0))
	require.Equal(t, "through a proxy that buffers: 12.3 MiB RSS, 1.5 MiB on the way",
		hopOf(view(script.HopBuffering, metric.Lane{HopRSS: 12_900_000, HopBytes: 3 << 19}), 0))
}

// TestTheSendBufferIsAmongItsChoices, whatever a scenario has set.
func TestTheSendBufferIsAmongItsChoices(t *testing.T) {
	for now, want := range map[int]string{64 << 10: "64.0 KiB", -1: "OS", 8 << 10: "8.0 KiB"} {
		chosen := ""
		for _, c := range sendBufferChoices(now) {
			if c.Chosen {
				require.Empty(t, chosen)
				chosen = c.Label
			}
		}
		require.Equal(t, want, chosen)
	}
	require.Len(t, sendBufferChoices(64<<10), 6)
	require.Len(t, sendBufferChoices(8<<10), 7)
}
