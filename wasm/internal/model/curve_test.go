package model_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/internal/model"
	"spillway/wasm/wire"
	"spillway/web/chart"
)

const mib = 1 << 20

// rssOf are the points that the chart shows.
func rssOf(c *model.Curve) []chart.Point {
	m := c.Chart(model.Frame{From: 0, To: 60}, 0, 400, 200)
	for _, s := range m.Series {
		if s.Key == "rss" {
			return s.Points
		}
	}
	return nil
}

func TestCurveTakesEveryMomentOnce(t *testing.T) {
	var c model.Curve
	c.Add(100_000, 10*mib, 5*mib, 7*mib)
	c.Add(200_000, 11*mib, 5*mib, 7*mib)
	c.Add(200_000, 99*mib, 5*mib, 7*mib) // again, after a history
	c.Add(150_000, 99*mib, 5*mib, 7*mib) // late
	c.Add(300_000, 0, 0, 0)              // the lane is not there
	require.Equal(t, []chart.Point{{T: 0.1, V: 10 * mib}, {T: 0.2, V: 11 * mib}}, rssOf(&c))
	require.Equal(t, 11.0*mib, c.PeakBytes())
}

func TestCurveBeginsAnewWhenTimeGoesBack(t *testing.T) {
	var c model.Curve
	c.Add(50_000_000, 200*mib, 0, 0)
	c.Add(100_000, 10*mib, 0, 0)
	require.Equal(t, []chart.Point{{T: 0.1, V: 10 * mib}}, rssOf(&c))
	require.Equal(t, 10.0*mib, c.PeakBytes())
}

func TestCurveKeepsFiveMinutes(t *testing.T) {
	var c model.Curve
	for i := range uint64(20_000) {
		c.Add((i+1)*100_000, (i+1)*1024, 0, 0)
	}
	points := rssOf(&c)
	require.Len(t, points, 3_000)
	require.Equal(t, 2_000.0, points[len(points)-1].T)
	require.InDelta(t, 1_700.1, points[0].T, 1e-6)
	require.Equal(t, 20_000.0*1024, c.PeakBytes(), "of the whole run")
}

func TestHistoryReplacesTheCurve(t *testing.T) {
	var c model.Curve
	c.Add(5_000_000, 99*mib, 0, 0)
	c.Replace(wire.LaneHistory{
		Points: []wire.HistoryPoint{{ElapsedMicros: 1_000_000, RSS: 10 * mib}, {ElapsedMicros: 2_000_000, RSS: 20 * mib}},
		Marks:  []wire.HistoryMark{{ElapsedMicros: 1_500_000, Kind: uint8(chart.MarkNote), Label: "slowed"}, {ElapsedMicros: 2_000_000, Kind: uint8(chart.MarkKill)}},
	})
	require.Len(t, rssOf(&c), 2)
	require.Equal(t, 20.0*mib, c.PeakBytes())
	require.Equal(t, []float64{2}, c.Deaths(nil))
	c.Add(2_100_000, 30*mib, 0, 0)
	require.Len(t, rssOf(&c), 3, "samples go on behind it")
	require.Equal(t, []float64{2}, c.Deaths(nil))
}

func TestAGhostStaysWithItsRun(t *testing.T) {
	var c model.Curve
	c.Replace(wire.LaneHistory{
		Points: []wire.HistoryPoint{{ElapsedMicros: 50_000_000, RSS: 10 * mib}},
		Ghost:  []wire.GhostPoint{{ElapsedMicros: 1_000_000, Bytes: 30 * mib}, {ElapsedMicros: 2_000_000, Bytes: 40 * mib}},
	})
	ghost := func() chart.Series { return c.Chart(model.Frame{To: 60}, 0, 400, 200).Series[0] }
	want := chart.Series{Key: "ghost", Ghost: true, Points: []chart.Point{{T: 1, V: 30 * mib}, {T: 2, V: 40 * mib}}}
	require.Equal(t, want, ghost())
	require.Equal(t, 40.0*mib, c.PeakBytes(), "the axis has room for it")
	c.Add(1_000_000, 20*mib, 0, 0) // somebody went back in a recording
	require.Equal(t, want, ghost())
	c.Replace(wire.LaneHistory{})
	require.Empty(t, ghost().Points)
	require.Zero(t, c.PeakBytes())
}

func TestAllChartsShareOneFrame(t *testing.T) {
	var push, pull model.Curve
	push.Add(100_000, 300*mib, 0, 0)
	pull.Add(100_000, 20*mib, 0, 0)
	push.Replace(wire.LaneHistory{
		Points: []wire.HistoryPoint{{ElapsedMicros: 100_000, RSS: 300 * mib}},
		Marks:  []wire.HistoryMark{{ElapsedMicros: 70_000_000, Kind: uint8(chart.MarkKill)}},
	})
	got := model.FrameOf([]*model.Curve{&push, &pull}, []uint64{256 * mib, 128 * mib}, 95)
	from, to := chart.Window(95, []float64{70})
	require.Equal(t, model.Frame{From: from, To: to, TopBytes: chart.Top(256*mib, 300*mib)}, got)
}
