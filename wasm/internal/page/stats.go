//go:build js && wasm

package page

import (
	"slices"
	"sync"
	"syscall/js"

	"spillway/wasm/reader"
)

// stats is what the page knows about itself, for tests and for whoever opens the
// console: spillway.stats(). Its lock is never held during a call into the
// browser.
type stats struct {
	mu          sync.Mutex
	frames      durations // between animation frames
	delays      durations // from taking a sample to drawing it
	longTasks   durations
	bad         uint64 // frames of the hub that could not be read
	lanes       []laneStats
	firstMillis float64 // from navigation to the first sample drawn
}

type laneStats struct {
	name           string
	account        reader.Account
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

func newStats() *stats { return &stats{} }

func (s *stats) frame(millis float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames.add(int64(millis * 1e3))
}

// sample notes that a sample was drawn this long after it was taken.
func (s *stats) sample(micros int64) {
	now := js.Global().Get("performance").Call("now").Float()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.firstMillis == 0 {
		s.firstMillis = now
	}
	s.delays.add(micros)
}

func (s *stats) malformed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad++
}

func (s *stats) reader(lane string, a reader.Account, bytesPerSecond float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.lanes, func(l laneStats) bool { return l.name == lane })
	if i < 0 {
		s.lanes = append(s.lanes, laneStats{name: lane})
		i = len(s.lanes) - 1
	}
	s.lanes[i].account, s.lanes[i].bytesPerSecond = a, bytesPerSecond
}

// publish sets spillway.stats and watches for tasks of 50 ms and longer.
func (s *stats) publish() (release func()) {
	ask := js.FuncOf(func(js.Value, []js.Value) any { return s.js() })
	js.Global().Set("spillway", map[string]any{"stats": ask})

	began := js.Global().Get("performance").Call("now").Float()
	observed := js.FuncOf(func(_ js.Value, args []js.Value) any {
		entries := args[0].Call("getEntries")
		for i := range entries.Length() {
			if e := entries.Index(i); e.Get("startTime").Float() >= began {
				s.longTask(e.Get("duration").Float())
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

func (s *stats) longTask(millis float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.longTasks.add(int64(millis * 1e3))
}

// js is the whole as an object.
func (s *stats) js() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	lanes := map[string]any{}
	for _, l := range s.lanes {
		lanes[l.name] = map[string]any{
			"bytes": float64(l.account.Bytes), "messages": float64(l.account.Messages),
			"gaps": float64(l.account.Gaps), "repeats": float64(l.account.Repeats),
			"malformed": float64(l.account.Malformed), "lastSeq": float64(l.account.LastSeq),
			"bytesPerSecond": l.bytesPerSecond,
		}
	}
	return map[string]any{
		"frames":            s.frames.js("p95", "max"),
		"longTasks":         s.longTasks.js("p95", "max"),
		"samples":           s.delays.js("delayP95", "delayMax"),
		"malformed":         float64(s.bad),
		"lanes":             lanes,
		"firstSampleMillis": s.firstMillis,
	}
}
