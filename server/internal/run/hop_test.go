package run

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/hop"
	"spillway/wasm/wire"
)

// TestReadersConnectToTheProxyOfALane, and the proxy to the lane.
func TestReadersConnectToTheProxyOfALane(t *testing.T) {
	scenario := lesson()
	scenario.Lanes[1].Hop = script.HopProxy
	s := newTestSession(t, scenario)
	direct, through := s.lanes[0], s.lanes[1]
	direct.port, through.port = 4001, 4002
	require.Equal(t, 4001, direct.readPort())
	require.Zero(t, through.readPort(), "the proxy has not listened yet")
	require.Equal(t, "a proxy", through.way[3])

	through.hop.port = 4003
	require.Equal(t, 4003, through.readPort())
	views := s.c.View().Lanes
	require.Equal(t, 4002, views[1].Port, "what is for the lane itself goes there")
	require.Equal(t, "http://127.0.0.1:4003/stream", views[1].StreamURL("127.0.0.1"))
	require.Equal(t, "http://127.0.0.1:4001/stream", views[0].StreamURL("127.0.0.1"))
	require.Empty(t, s.crowdURL(through), "nobody is at the door")

	config := s.hopSpec(through).Config.(hop.Config)
	require.Equal(t, "127.0.0.1:4002", config.Target)
	require.Equal(t, hop.Passing, config.Mode)
	require.Equal(t, int64(256<<20), s.hopSpec(through).LimitBytes, "one that buffers without a bound ends there")
}

// TestWithoutAProcessAProxyHasNoFigures: neither has a lane without one.
func TestWithoutAProcessAProxyHasNoFigures(t *testing.T) {
	s := newTestSession(t, lesson())
	s.lanes[0].hop.report = hop.Report{HeldBytes: 5}
	rss, bytes := s.lanes[0].hopFigures()
	require.Zero(t, rss)
	require.Zero(t, bytes)
	require.Equal(t, wire.StateRunning, s.lanes[0].state)
}

// TestEveryHopHasATitle, and every mode is one of the process.
func TestEveryHopHasATitle(t *testing.T) {
	for _, h := range []script.Hop{script.HopProxy, script.HopBuffering} {
		require.NotEmpty(t, hopTitles[h])
		_, err := hop.New(hop.Config{Mode: hop.Mode(h)}, newTestSession(t, lesson()).log)
		require.NoError(t, err)
	}
}
