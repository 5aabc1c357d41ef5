package lanehost

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARushIsOverOnce(t *testing.T) {
	var r rush
	for i, step := range []struct {
		readers uint64
		over    bool
	}{
		{0, false}, {50, false}, {99, false},
		{1000, false}, {2000, false}, {2100, true}, // hardly anybody comes any more
		{2100, false}, {2150, false}, // nobody, a few
		{100, false}, {100, false}, // most have left
		{250, false}, {250, true},
		{0, false}, {0, false},
	} {
		require.Equal(t, step.over, r.over(step.readers), "second %d", i)
	}
}
