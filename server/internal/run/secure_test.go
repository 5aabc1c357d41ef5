package run

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
)

// Naming the transport is what makes a lane listen with TLS, and no other does.
func TestALaneOverHTTP2HasACertificate(t *testing.T) {
	scenario := lesson()
	scenario.Lanes[1].Transport = "sse-http2"
	s := newTestSession(t, scenario)
	tls := func(i int) *lane.Certificate { return s.laneSpec(s.lanes[i]).Config.(lane.Config).TLS }
	require.Nil(t, tls(0))
	first := tls(1)
	require.NotEmpty(t, first.Key)
	require.Equal(t, first, tls(1), "a lane that is started again shows the same")
	require.Equal(t, first.Chain, s.trusted())

	views := s.c.View().Lanes
	require.False(t, views[0].Secure)
	require.True(t, views[1].Secure)
	views[0].ReadPort, views[1].ReadPort = 4001, 4002
	require.Equal(t, "http://127.0.0.1:4001/stream", views[0].StreamURL("127.0.0.1"))
	require.Equal(t, "https://[::1]:4002/stream", views[1].StreamURL("::1"))

	require.Empty(t, newTestSession(t, lesson()).trusted())
}
