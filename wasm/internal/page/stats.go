//go:build js && wasm

package page

import (
	"slices"
	"syscall/js"

	"spillway/wasm/internal/clock"
	"spillway/wasm/internal/post"
	"spillway/wasm/reader"
)

// stats is what the page knows about itself, for tests and for whoever opens the
// console: spillway.stats(). The browser asks when the Go program is idle, so the
// loop, which writes it, is not in the middle of anything.
type stats struct {
	frames      durations // between animation frames
	delays      durations // from taking a sample to drawing it
	longTasks   durations
	malformed   uint64 // frames of the hub that could not be read
	lanes       []laneStats
	firstMillis float64 // from navigation to the first sample drawn
}

type laneStats struct {
	name           string
	report         post.Report
	bytesPerSecond float64
}

// durations are counted in microseconds.
type durations struct {
	histogram reader.Histogram
	max       int64
}

func (d *durations) add(micros int64) {
	d.histogram.Record(micros)
	d.max = max(d.max, micros)
}

// js tells count, p95 and max in milliseconds under these names.
func (d *durations) js(p95, most string) map[string]any {
	return map[string]any{
		"count": float64(d.histogram.Count()),
		p95:     float64(d.histogram.Quantile(0.95)) / 1e3,
		most:    float64(d.max) / 1e3,
	}
}

// sample notes that a sample was drawn this long after it was taken.
func (s *stats) sample(micros int64) {
	if s.firstMillis == 0 {
		s.firstMillis = clock.Millis()
	}
	s.delays.add(micros)
}

func (s *stats) reader(lane string, r post.Report, bytesPerSecond float64) {
	i := slices.IndexFunc(s.lanes, func(l laneStats) bool { return l.name == lane })
	if i < 0 {
		s.lanes = append(s.lanes, laneStats{name: lane})
		i = len(s.lanes) - 1
	}
	s.lanes[i].report, s.lanes[i].bytesPerSecond = r, bytesPerSecond
}

// publish sets spillway.stats and watches for tasks of 50 ms and longer. What
// comes before the first sample is drawn is the start and does not count.
func (s *stats) publish(written func(lane string) uint64) (release func()) {
	ask := js.FuncOf(func(js.Value, []js.Value) any { return s.js(written) })
	js.Global().Set("spillway", map[string]any{"stats": ask})

	observed := js.FuncOf(func(_ js.Value, args []js.Value) any {
		entries := args[0].Call("getEntries")
		for i := range entries.Length() {
			if e := entries.Index(i); s.firstMillis > 0 && e.Get("startTime").Float() >= s.firstMillis {
				s.longTasks.add(int64(e.Get("duration").Float() * 1e3))
			}
		}
		return nil
	})
	observer := js.Global().Get("PerformanceObserver").New(observed)
	observer.Call("observe", map[string]any{"type": "longtask"}) // ignored where unknown
	return func() {
		observer.Call("disconnect")
		js.Global().Delete("spillway")
		observed.Release()
		ask.Release()
	}
}

// js is the whole as an object. written is what a lane has written to this tab.
func (s *stats) js(written func(lane string) uint64) map[string]any {
	lanes := map[string]any{}
	for _, l := range s.lanes {
		a := l.report.Account
		lanes[l.name] = map[string]any{
			"bytes": float64(a.Bytes), "messages": float64(a.Messages),
			"gaps": float64(a.Gaps), "repeats": float64(a.Repeats),
			"malformed": float64(a.Malformed), "lastSeq": float64(a.LastSeq),
			"way": string(l.report.Way), "state": string(l.report.State),
			"tab": float64(l.report.Tab), "tabBytes": float64(l.report.TabBytes), "held": float64(l.report.Held),
			"written":        float64(written(l.name)),
			"bytesPerSecond": l.bytesPerSecond,
		}
	}
	return map[string]any{
		"frames":            s.frames.js("p95", "max"),
		"longTasks":         s.longTasks.js("p95", "max"),
		"samples":           s.delays.js("delayP95", "delayMax"),
		"malformed":         float64(s.malformed),
		"lanes":             lanes,
		"firstSampleMillis": s.firstMillis,
	}
}
