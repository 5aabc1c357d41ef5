package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/comparison"
)

// Without flags the command plays what the page plays whose server has none.
func TestTheComparisonOfThePageIsThatOfTheCommand(t *testing.T) {
	f, err := parseFlags(nil, io.Discard)
	require.NoError(t, err)
	c, err := parseComparison(nil)
	require.NoError(t, err)
	require.Equal(t, comparison.Default(f.maxMemory).Text(), c.Text())
	require.Equal(t, comparison.Default(f.maxMemory).Command("spillway"), c.Command("spillway"))
}
