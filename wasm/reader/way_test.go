package reader_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
)

func TestWays(t *testing.T) {
	for _, way := range reader.Ways {
		require.True(t, way.Known(), way)
		require.True(t, reader.WayFor(way.Transport()).PushesBack(), "%s: the lane feels whoever did not choose", way)
		require.Equal(t, way.Transport(), reader.WayFor(way.Transport()).Transport(), way)
	}
	require.False(t, reader.Way("").Known())
	require.Equal(t, reader.Fetch, reader.WayFor("something new"))
}
