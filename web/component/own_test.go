package component

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
)

func TestAVisitorMayChooseEveryWay(t *testing.T) {
	var ways []reader.Way
	for _, w := range ownWays {
		ways = append(ways, w.Way)
		require.NotEmpty(t, w.Title)
		if w.Way.PushesBack() {
			require.Regexp(t, `^Pushes back.*\.$`, w.Says)
		} else {
			require.Regexp(t, `^Does not push back.*\.$`, w.Says)
		}
	}
	require.Equal(t, reader.Ways, ways)
}

func TestEveryFigureOfAReaderSaysWhereItIsRead(t *testing.T) {
	for _, f := range ownFigures {
		require.Regexp(t, `\b(Counted|Read|From)\b.*\.$`, f.Help, f.Key)
	}
}
