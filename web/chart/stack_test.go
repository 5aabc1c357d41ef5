package chart_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/web/chart"
)

func stacked() chart.StackModel {
	return chart.StackModel{
		Width: 600, Height: 200, To: 60, TopBytes: 64 << 20, Keys: []string{"broker", "backlog", "lost"},
		Times: []float64{1, 2, 3, 20, 21},
		Parts: [][]float64{{1 << 20, 0, 0}, {2 << 20, 8 << 20, 0}, {2 << 20, 16 << 20, 0}, {0, 30 << 20, 0}, {0, 32 << 20, 0}},
	}
}

func TestAreasStandOnEachOther(t *testing.T) {
	s := chart.LayStack(stacked())
	require.Len(t, s.Areas, 3)
	require.Equal(t, 1, strings.Count(s.Areas[0].D, "Z"), "in the second piece it is empty")
	require.Equal(t, 2, strings.Count(s.Areas[1].D, "Z"), "no line leads over the seconds that nobody has seen")
	require.Empty(t, s.Areas[2].D)
	require.True(t, strings.HasPrefix(s.Areas[0].D, "M"))
	require.Contains(t, s.Frame, ">MiB<")
	require.Contains(t, s.Frame, ">60<")

	// The bottom of the upper area is the top of the lower one.
	top := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(s.Areas[0].D, "M"), "Z"))[:2]
	require.Contains(t, s.Areas[1].D, strings.Join(top, " "))

	require.Len(t, s.Ends, 1)
	require.Equal(t, "backlog", s.Ends[0].Key)
}

func TestAStackOfNothing(t *testing.T) {
	s := chart.LayStack(chart.StackModel{Keys: []string{"broker"}})
	require.Equal(t, []chart.Path{{Key: "broker", Area: true}}, s.Areas)
	require.Empty(t, s.Ends)
	require.NotEmpty(t, s.Frame)
}

// What is outside of the window is not drawn.
func TestAStackIsCutAtItsWindow(t *testing.T) {
	m := stacked()
	m.From, m.To = 60, 120
	for _, a := range chart.LayStack(m).Areas {
		require.Empty(t, a.D)
	}
}
