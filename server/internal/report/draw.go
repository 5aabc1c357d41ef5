package report

import (
	"time"

	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
	"spillway/web/chart"
	"spillway/web/page"
)

// layout is a chart's size in CSS pixels and where it is seen. report.css shows
// the one that fits.
type layout struct {
	where         string
	width, height float64
}

// The widths are those of a chart within its card: on a desk beside each other,
// on a phone, and on A4 and Letter with the margins of the style sheet.
var (
	whole  = []layout{{"on-wide", 1130, 300}, {"on-phone", 330, 220}, {"on-paper", 660, 230}}
	halves = []layout{{"on-wide", 560, 250}, {"on-phone on-paper", 330, 220}}
	thirds = []layout{{"on-wide", 370, 230}, {"on-phone on-paper", 330, 220}}
)

func layoutsOf(lanes int) []layout {
	switch lanes {
	case 1:
		return whole
	case 3:
		return thirds
	}
	return halves
}

// drawingsOf are the memory of each lane over the whole run, all on the same
// axes.
func drawingsOf(rec *record.Recording, lanes int) [][]page.ReportDrawing {
	out := make([][]page.ReportDrawing, lanes)
	models := make([]chart.Model, lanes)
	limit, seen := 0.0, 0.0
	for i := range models {
		models[i] = modelOf(rec, i)
		limit = max(limit, models[i].LimitBytes)
		for _, s := range models[i].Series {
			for _, p := range s.Points {
				seen = max(seen, p.V)
			}
		}
	}
	top := chart.Top(limit, seen)
	for i, m := range models {
		m.TopBytes = top
		out[i] = lay(m, layoutsOf(lanes))
	}
	return out
}

func lay(m chart.Model, layouts []layout) []page.ReportDrawing {
	var out []page.ReportDrawing
	for _, l := range layouts {
		m.Width, m.Height = l.width, l.height
		out = append(out, page.ReportDrawing{For: l.where, Drawing: chart.Lay(m)})
	}
	return out
}

func modelOf(rec *record.Recording, i int) chart.Model {
	m := chart.Model{To: lengthOf(rec), Area: "rss", EmptyLabel: "nothing was measured"}
	if i < len(rec.Marks) {
		for _, k := range rec.Marks[i].Marks {
			m.Marks = append(m.Marks, chart.Mark{T: seconds(k.ElapsedMicros), Kind: chart.MarkKind(k.Kind), Label: k.Label})
		}
	}
	rss := chart.Series{Key: "rss", Label: "RSS"}
	heap := chart.Series{Key: "heap", Label: "heap in use"}
	total := chart.Series{Key: "total", Label: "heap total"}
	before := wire.StateRest
	for _, v := range rec.Moments {
		if i >= len(v.Sample.Lanes) {
			continue
		}
		s, t := v.Sample.Lanes[i], v.Elapsed.Seconds()
		if s.Limit > 0 {
			m.LimitBytes = float64(s.Limit)
		}
		ended := dead(s.State)
		if ended && !dead(before) {
			// The RSS that decided was read when the mark was made, not when this
			// moment was.
			t = deathBefore(m.Marks, t)
		}
		if s.RSS > 0 && (!ended || !dead(before)) {
			rss.Points = append(rss.Points, chart.Point{T: t, V: float64(s.RSS)})
		}
		if s.HeapInUse > 0 && !ended {
			heap.Points = append(heap.Points, chart.Point{T: t, V: float64(s.HeapInUse)})
			total.Points = append(total.Points, chart.Point{T: t, V: float64(s.HeapTotal)})
		}
		before = s.State
	}
	m.Series = []chart.Series{total, heap, rss}
	if i < len(rec.Marks) && len(rec.Marks[i].Ghost) > 0 {
		ghost := chart.Series{Key: "ghost", Ghost: true}
		for _, p := range rec.Marks[i].Ghost {
			ghost.Points = append(ghost.Points, chart.Point{T: seconds(p.ElapsedMicros), V: float64(p.Bytes)})
		}
		m.Series = append(m.Series, ghost)
	}
	return m
}

// deathBefore is the time of the kill that a moment at t is the first to show.
func deathBefore(marks []chart.Mark, t float64) float64 {
	at := t
	for _, k := range marks {
		if k.Kind == chart.MarkKill && k.T <= t {
			at = k.T
		}
	}
	return at
}

func dead(s wire.State) bool { return s == wire.StateKilled || s == wire.StateCrashed }

// lengthOf is where the time axis ends.
func lengthOf(rec *record.Recording) float64 {
	if n := len(rec.Moments); n > 0 {
		return rec.Moments[n-1].Elapsed.Seconds()
	}
	return 0
}

// ghostOf is the caption of the series behind a lane's curve.
func ghostOf(rec *record.Recording, lane string) string {
	for _, g := range rec.Moments[len(rec.Moments)-1].Scenario.Ghosts {
		if g.Lane == lane {
			return g.Caption
		}
	}
	return ""
}

// brokerMoved is the least change of the broker's memory that is worth a chart.
const brokerMoved = 4 << 20

// brokerOf is the memory of the broker, where it moved.
func brokerOf(rec *record.Recording) []page.ReportDrawing {
	used := chart.Series{Key: "broker", Label: "used_memory"}
	var low, high, limit uint64
	for _, v := range rec.Moments {
		u := v.Sample.BrokerUsed
		if u == 0 {
			continue
		}
		if len(used.Points) == 0 || u < low {
			low = u
		}
		high, limit = max(high, u), v.Sample.BrokerLimit
		used.Points = append(used.Points, chart.Point{T: v.Elapsed.Seconds(), V: float64(u)})
	}
	if high-low < brokerMoved {
		return nil
	}
	m := chart.Model{To: lengthOf(rec), Area: used.Key, Series: []chart.Series{used}}
	if high > limit/2 { // a limit far above would press the curve flat
		m.LimitBytes = float64(limit)
	}
	return lay(m, []layout{{"on-wide", 1130, 200}, {"on-phone", 330, 190}, {"on-paper", 660, 180}})
}

// eventsOf is the whole log. What a step said, what it did, what was seen and
// what a person did are told apart by a word and a shape.
func eventsOf(rec *record.Recording) []page.ReportEvent {
	var out []page.ReportEvent
	for _, e := range rec.Log {
		event := page.ReportEvent{Clock: clock(e.At), Kind: "seen", Word: "seen", Text: e.Text}
		switch {
		case e.Kind == run.Said:
			event.Kind, event.Word = "said", "said"
		case e.Kind == run.Scripted:
			event.Kind, event.Word = "step", "step"
		case e.Kind == run.ByHand:
			event.Kind, event.Word = "hand", "by hand"
		}
		if e.Grave {
			event.Kind = "grave"
		}
		out = append(out, event)
	}
	return out
}

// clock is a moment of the run to the tenth of a second.
func clock(at time.Duration) string {
	tenths := at / (100 * time.Millisecond)
	return chart.Clock(at.Seconds()) + "." + string(rune('0'+tenths%10))
}

func seconds(micros uint64) float64 { return (time.Duration(micros) * time.Microsecond).Seconds() }
