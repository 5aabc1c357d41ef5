package chart

import "math"

// state is a chart as a person meets it.
type state struct {
	name  string
	model Model
}

// samples returns values at 10 Hz from one moment to another.
func samples(from, to float64, value func(t float64) float64) []Point {
	var points []Point
	for i := 0; ; i++ {
		t := from + float64(i)/10
		if t > to {
			return points
		}
		points = append(points, Point{t, value(t) * mib})
	}
}

func calm(t float64) float64 { return 17 + math.Sin(t*3)*0.8 }

func rising(t float64) float64 {
	if t < 8 {
		return calm(t)
	}
	return 17 + (t-8)*12.6 + math.Sin(t*2.1)*3
}

func flat(t float64) float64 {
	return 17 + min(9, max(0, t-8)*1.1) + math.Sin(t*2.7)*0.9
}

// memory returns the three series of a lane whose RSS is given.
func memory(rss func(t float64) float64, spans ...[2]float64) []Series {
	series := []Series{{Key: "rss", Label: "RSS"}, {Key: "heap", Label: "heap in use"}, {Key: "total", Label: "heap total"}}
	for i, share := range []float64{1, 0.62, 0.8} {
		for _, s := range spans {
			series[i].Points = append(series[i].Points, samples(s[0], s[1], func(t float64) float64 { return rss(t) * share })...)
		}
	}
	return series
}

// lane returns a chart of a lane under 256 MiB at now.
func lane(width, height, now float64, deaths []float64, series []Series, marks ...Mark) Model {
	from, to := Window(now, deaths)
	const limit = 256 * mib
	return Model{
		Width: width, Height: height, From: from, To: to,
		TopBytes: Top(limit, 0), LimitBytes: limit, LimitLabel: "limit 256 MiB",
		Area: "rss", Series: series, Marks: marks, EmptyLabel: "waiting for the first sample",
	}
}

func states() []state {
	slowed := Mark{T: 8, Kind: MarkNote, Label: "readers slowed"}
	released := Mark{T: 41, Kind: MarkNote, Label: "readers released"}
	kill := Mark{T: 27.2, Kind: MarkKill}
	restart := Mark{T: 31.5, Kind: MarkRestart}
	again := func(t float64) float64 {
		if t > 30 {
			return calm(t)
		}
		return rising(t)
	}
	// Measured elsewhere, longer and higher than what is drawn above it.
	ghost := func(to float64) Series {
		return Series{Key: "ghost", Ghost: true, Points: samples(0, to, func(t float64) float64 { return 60 + t*8 })}
	}
	lateKill := Mark{T: 107.2, Kind: MarkKill}
	late := func(t float64) float64 { return rising(t - 80) }
	return []state{
		{"calm", lane(644, 270, 6, nil, memory(calm, [2]float64{0, 6}))},
		{"rising", lane(644, 270, 21, nil, memory(rising, [2]float64{0, 21}), slowed)},
		{"flat", lane(644, 270, 33, nil, memory(flat, [2]float64{0, 33}), slowed)},
		{"dead", lane(644, 270, 48, []float64{27.2}, memory(rising, [2]float64{0, 27.5}), slowed, kill, released)},
		{"dead-late", lane(644, 270, 133, []float64{107.2}, memory(late, [2]float64{0, 107.2}), Mark{T: 88, Label: "readers slowed"}, lateKill)},
		{"restarted", lane(644, 270, 52, []float64{27.2}, memory(again, [2]float64{0, 27.2}, [2]float64{31.6, 52}), slowed, kill, restart)},
		{"sliding", lane(644, 270, 134, nil, memory(flat, [2]float64{0, 134}), Mark{T: 88, Label: "readers slowed"})},
		{"empty", lane(644, 270, 0, nil, memory(calm))},
		{"no-limit", Model{Width: 644, Height: 270, From: 0, To: 60, Area: "rss", Series: memory(rising, [2]float64{0, 21}), Marks: []Mark{slowed}}},
		{"ghost", lane(644, 270, 33, []float64{27.2}, append([]Series{ghost(30)}, memory(rising, [2]float64{0, 27.5})...), slowed, kill)},
		{"ghost-alone", lane(644, 270, 0, nil, append([]Series{ghost(90)}, memory(calm)...))},
		{"phone-ghost", lane(340, 220, 21, nil, append([]Series{ghost(90)}, memory(rising, [2]float64{0, 21})...), slowed)},
		{"phone-rising", lane(340, 220, 21, nil, memory(rising, [2]float64{0, 21}), slowed)},
		{"phone-dead", lane(340, 220, 33, []float64{27.2}, memory(rising, [2]float64{0, 27.2}), slowed, kill)},
		{"phone-sliding", lane(340, 220, 134, nil, memory(flat, [2]float64{0, 134}), Mark{T: 88, Label: "readers slowed"})},
		{"phone-empty", lane(340, 220, 0, nil, memory(calm))},
		{"projector-dead", lane(930, 380, 33, []float64{27.2}, memory(rising, [2]float64{0, 27.2}), slowed, kill)},
		{"projector-flat", lane(930, 380, 33, nil, memory(flat, [2]float64{0, 33}), slowed)},
	}
}
