package chart

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		what     string
		now      float64
		deaths   []float64
		from, to float64
	}{
		{"start", 0, nil, 0, 60},
		{"the first minute stands still", 59.9, nil, 0, 60},
		{"its last moment", 60, nil, 0, 60},
		{"then ten-second steps", 60.1, nil, 10, 70},
		{"stand within a step", 69.9, nil, 10, 70},
		{"a death in the first minute", 33, []float64{27.2}, 0, 60},
		{"stays in view", 100, []float64{27.2}, 0, 100},
		{"forty seconds before a death", 133, []float64{107.2}, 60, 140},
		{"the first of several", 200, []float64{190, 107.2}, 60, 200},
		{"five minutes at most", 401, []float64{27.2}, 110, 410},
		{"a death just now changes nothing", 134, []float64{133}, 80, 140},
		{"no number", math.NaN(), []float64{math.NaN(), math.Inf(-1)}, 0, 60},
	} {
		from, to := Window(c.now, c.deaths)
		require.Equal(t, [2]float64{c.from, c.to}, [2]float64{from, to}, c.what)
	}
}

func TestTop(t *testing.T) {
	require.Equal(t, 288.0*mib, Top(256*mib, 0))
	require.Equal(t, 288.0*mib, Top(256*mib, 262*mib), "an overshoot fits")
	require.Greater(t, Top(256*mib, 300*mib), 300.0*mib)
	require.Equal(t, 16.0*mib, Top(0, 0))
	require.Equal(t, Top(0, 0), Top(math.Inf(1), math.NaN()))
	for _, top := range []float64{Top(0, math.MaxFloat64), Top(math.MaxFloat64, 0), Top(256*mib, math.Inf(1))} {
		require.True(t, finite(top))
	}
	for _, limit := range []float64{0, 64, 100, 256, 300, 333, 1000, 5000} {
		last := 0.0
		for seen := 0.0; seen < 6000; seen += 7 {
			top := Top(limit*mib, seen*mib)
			require.GreaterOrEqual(t, top, last)
			require.GreaterOrEqual(t, top, seen*mib)
			last = top
		}
		require.InDelta(t, 1.14, Top(limit*mib, 0)/max(16*mib, limit*mib), 0.15)
	}
}

func TestByteStep(t *testing.T) {
	for _, c := range []struct{ limit, step float64 }{{64, 16}, {100, 25}, {128, 32}, {256, 64}, {300, 100}, {500, 250}, {512, 128}, {1000, 250}, {1024, 256}, {2048, 512}} {
		require.Equal(t, c.step*mib, byteStep(c.limit*1.12*mib, c.limit*mib, 5), "limit %v MiB", c.limit)
	}
	require.Equal(t, 64.0*mib, byteStep(290*mib, 257*mib, 5), "no step hits the limit")
}

func TestDecimate(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		pixels := 1 + r.IntN(300)
		points := make([]Point, 1+r.IntN(4000))
		at := 0.0
		for i := range points {
			at += r.Float64() * 0.2
			points[i] = Point{at, math.Round(r.NormFloat64() * 100)}
		}
		from, to := at*r.Float64()*0.3, at*(0.5+r.Float64())
		buffer := make([]Point, 0, 16)
		got := Decimate(buffer, points, from, to, pixels)
		require.LessOrEqual(t, len(got), 2*pixels+4)
		require.True(t, slices.IsSortedFunc(got, func(a, b Point) int { return compare(a.T, b.T) }))

		within := func(points []Point) (in []Point) {
			for _, p := range points {
				if p.T >= from && p.T <= to {
					in = append(in, p)
				}
			}
			return in
		}
		want, in := within(points), within(got)
		if len(want) == 0 {
			require.Empty(t, in)
			continue
		}
		byValue := func(a, b Point) int { return compare(a.V, b.V) }
		require.Equal(t, slices.MinFunc(want, byValue).V, slices.MinFunc(in, byValue).V)
		require.Equal(t, slices.MaxFunc(want, byValue).V, slices.MaxFunc(in, byValue).V)
		require.Equal(t, want[0], in[0])
		require.Equal(t, want[len(want)-1], in[len(in)-1])
		given := map[Point]bool{}
		for _, p := range points {
			given[p] = true
		}
		for _, p := range got {
			require.True(t, given[p])
		}
	}
}

func TestDecimateLeavesFewPointsAlone(t *testing.T) {
	points := samples(0, 10, flat)
	require.Equal(t, points, Decimate(nil, points, 0, 10, 700))
	require.Equal(t, points[9:32], Decimate(nil, points, 1, 3, 700), "and one on either side")
	require.Empty(t, Decimate(nil, points, 3, 3, 700))
	require.Empty(t, Decimate(nil, nil, 0, 3, 0))
}

// drawn returns the d attribute of RSS for points and marks in a plain frame.
func drawn(points []Point, marks ...Mark) (d string, p plot, summary string) {
	m := lane(644, 270, 60, nil, []Series{{Key: "rss", Label: "RSS", Points: points}}, marks...)
	out := Lay(m)
	return out.Paths[1].D, newPlot(&m), out.Summary
}

func lastX(t *testing.T, d string) float64 {
	t.Helper()
	numbers := strings.Fields(strings.NewReplacer("M", " ", "L", " ", "h0", "").Replace(d))
	return number(t, numbers[len(numbers)-2])
}

func TestCurveBreaksAtAGap(t *testing.T) {
	points := append(samples(0, 10, rising), samples(12.5, 20, rising)...)
	d, _, _ := drawn(points)
	require.Equal(t, 2, strings.Count(d, "M"))
	d, _, _ = drawn(append(samples(0, 10, rising), samples(11.9, 20, rising)...))
	require.Equal(t, 1, strings.Count(d, "M"))
}

func TestDeadCurveEndsAtTheDeath(t *testing.T) {
	kill := Mark{T: 15, Kind: MarkKill}
	d, p, summary := drawn(samples(0, 16, rising), kill)
	require.InDelta(t, p.x(15), lastX(t, d), 0.1)
	require.Equal(t, "RSS rose from 17 to 105 MiB of a 256 MiB limit in 15 s and was killed.", summary)

	d, p, summary = drawn(samples(0, 20, rising), kill, Mark{T: 15.3, Kind: MarkRestart})
	require.Equal(t, 2, strings.Count(d, "M"), "a restart begins a new piece, however soon")
	require.InDelta(t, p.x(20), lastX(t, d), 0.1)
	require.Contains(t, summary, "and was killed; since the restart it rose from")

	late := append(samples(0, 15.2, rising), samples(19, 25, flat)...)
	d, p, _ = drawn(late, kill)
	require.Equal(t, 2, strings.Count(d, "M"), "samples after a gap are of a new process")
	require.NotContains(t, d, "h0", "the late sample is not drawn")
	require.InDelta(t, p.x(25), lastX(t, d), 0.1)
}

func TestAGhostIsNobodysSubject(t *testing.T) {
	plain := lane(644, 270, 33, []float64{27.2}, memory(rising, [2]float64{0, 27.5}), Mark{T: 27.2, Kind: MarkKill})
	plain.TopBytes = 0
	haunted := plain
	haunted.Series = append([]Series{{Key: "ghost", Label: "never said", Ghost: true, Points: samples(0, 60, rising)}}, plain.Series...)
	haunted.Series[0].Points[5].V = math.NaN()
	without, with := Lay(plain), Lay(haunted)
	require.Equal(t, without.Summary, with.Summary)
	require.NotContains(t, with.Over+with.Frame, "never said")
	require.Equal(t, "ghost", with.Paths[0].Key, "behind everything")
	require.Equal(t, len(without.Paths)+1, len(with.Paths))
	p := newPlot(&haunted)
	require.InDelta(t, p.x(60), lastX(t, with.Paths[0].D), 0.1, "no death cuts it")
	require.Greater(t, p.topBytes, newPlot(&plain).topBytes, "it counts for the top of the axis")
	haunted.Area = ""
	require.Equal(t, without.Summary, Lay(haunted).Summary)
	require.Equal(t, "Nothing has been measured yet.", Lay(Model{Series: haunted.Series[:1]}).Summary)
}

func TestLonePointIsADot(t *testing.T) {
	d, _, _ := drawn([]Point{{3, 17 * mib}})
	require.True(t, strings.HasSuffix(d, "h0"), d)
}

func TestUnsortedPointsAreSortedInACopy(t *testing.T) {
	sorted := samples(0, 20, rising)
	shuffled := slices.Clone(sorted)
	rand.New(rand.NewPCG(7, 8)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	before := slices.Clone(shuffled)
	want, _, _ := drawn(sorted)
	got, _, _ := drawn(shuffled)
	require.Equal(t, want, got)
	require.Equal(t, before, shuffled)
}

func TestLineReachesTheEdgeOfTheWindow(t *testing.T) {
	m := lane(644, 270, 134, nil, memory(flat, [2]float64{0, 200}))
	m.From, m.To = 80.05, 139.95
	p := newPlot(&m)
	d := Lay(m).Paths[1].D
	require.True(t, strings.HasPrefix(d, "M"+string(appendTenths(nil, tenth(p.left)))+" "), d[:20])
	require.InDelta(t, p.right, lastX(t, d), 0.05)
}
