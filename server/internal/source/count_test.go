package source

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever keeps up gets as much as fits, and whoever is slow little.
func TestHowMuchIsAskedFor(t *testing.T) {
	const fit = 15 // of 1 KB
	var p pace
	require.EqualValues(t, fit, p.next(4, false, fit))
	require.EqualValues(t, fit, p.next(1, false, fit), "as much as comes one by one")
	require.EqualValues(t, 7, p.next(15, true, fit))
	require.EqualValues(t, firstCount, p.next(7, true, fit))
	require.EqualValues(t, firstCount, p.next(2, true, fit))
	for want := int64(firstCount + 1); want <= fit; want++ {
		require.Equal(t, want, p.next(4, false, fit), "little by little")
	}
	require.EqualValues(t, 1, p.next(1, true, 0), "larger than a window")
	for range windowMessages {
		p.next(64, false, 1000)
	}
	require.EqualValues(t, windowMessages, p.next(64, false, 1000))
}
