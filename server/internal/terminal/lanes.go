package terminal

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"spillway/server/internal/run"
	"spillway/wasm/wire"
	"spillway/web/chart"
)

// column is one figure of every lane.
type column struct {
	title string
	width int
	right bool
	rank  int // the highest goes first where there is too little room
	cell  func(laneRow) string
	color func(laneRow) string
}

const (
	gap      = 2 // between columns
	minBar   = 8
	maxBar   = 30
	maxName  = 16
	almost   = 0.7 // of the limit: the bar turns yellow
	critical = 0.9
	none     = "–"
)

// laneRow is what is known of a lane.
type laneRow struct {
	lane      run.LaneView
	m         wire.LaneSample
	delivered uint64
	bar       int // its width
}

func (r laneRow) full() float64 { return part(float64(r.m.RSS), float64(r.m.Limit)) }

// columns are all there are, in the order in which they stand.
func columns(name int) []column {
	return []column{
		{"", name, false, 0, func(r laneRow) string { return r.lane.Name }, func(laneRow) string { return bold }},
		{"", 10, false, 1, state, stateColor},
		{"RSS", minBar, false, 3, func(r laneRow) string { return bar(r.full(), r.bar) }, memoryColor},
		{"of its limit", 16, true, 2, memory, memoryColor},
		{"backlog", 9, true, 4, alive(func(r laneRow) string { return chart.Bytes(float64(r.m.BacklogBytes)) }), nil},
		{"delivered", 9, true, 7, func(r laneRow) string { return chart.Short(float64(r.delivered)) }, nil},
		{"now", 7, true, 8, alive(func(r laneRow) string { return chart.Short(float64(r.m.PerSecond)) + "/s" }), nil},
		{"healthy p99", 11, true, 6, alive(age), nil},
		{"lost", 6, true, 5, func(r laneRow) string { return chart.Short(float64(r.m.Gaps)) }, lostColor},
	}
}

// lanes draws a head and a line for each lane.
func lanes(v run.View, l Look) []string {
	name := 4
	for _, lane := range v.Lanes {
		name = max(name, utf8.RuneCountInString(lane.Name))
	}
	shown, barWidth := fit(columns(min(name, maxName)), l.Width)
	head := make([]string, 0, len(shown))
	for _, c := range shown {
		head = append(head, pad(c.title, c.width, c.right))
	}
	out := []string{l.paint(dim, cut(strings.TrimRight(strings.Join(head, "  "), " "), l.Width))}
	for i, lane := range v.Lanes {
		row := laneRow{lane: lane, bar: barWidth}
		if i < len(v.Sample.Lanes) {
			row.m = v.Sample.Lanes[i]
			row.delivered = row.m.Delivered
		}
		if i < len(v.Extra) {
			row.delivered = v.Extra[i].Delivered
		}
		out = append(out, row.draw(shown, l))
	}
	return out
}

// fit leaves away what there is no room for, and gives what is left to the bar.
func fit(all []column, width int) (shown []column, barWidth int) {
	shown = all
	for {
		free := width + gap
		last := 0
		for i, c := range shown {
			free -= c.width + gap
			if c.rank > shown[last].rank {
				last = i
			}
		}
		if free >= 0 || len(shown) == 1 {
			for i := range shown {
				if shown[i].title == "RSS" {
					shown[i].width = min(maxBar, minBar+max(0, free))
					barWidth = shown[i].width
				}
			}
			return shown, barWidth
		}
		shown = append(shown[:last:last], shown[last+1:]...)
	}
}

func (r laneRow) draw(shown []column, l Look) string {
	var out strings.Builder
	room := l.Width
	for i, c := range shown {
		text := pad(c.cell(r), min(c.width, room), c.right)
		room -= utf8.RuneCountInString(text)
		code := ""
		if c.color != nil {
			code = c.color(r)
		}
		out.WriteString(l.paint(code, text))
		if i+1 < len(shown) {
			out.WriteString("  ")
			room -= gap
		}
	}
	return out.String()
}

func state(r laneRow) string {
	switch s := r.m.State; s {
	case wire.StateKilled, wire.StateCrashed:
		if r.lane.Exit == nil && s == wire.StateCrashed {
			return "no start"
		}
		return fmt.Sprintf("%s %d", s, r.m.ExitCode)
	default:
		return s.String()
	}
}

func stateColor(r laneRow) string {
	switch r.m.State {
	case wire.StateKilled, wire.StateCrashed:
		return red
	case wire.StateRunning:
		return green
	}
	return yellow
}

func memory(r laneRow) string {
	rss := none
	if r.m.RSS > 0 {
		rss = chart.MiB(float64(r.m.RSS))
	}
	if r.m.Limit == 0 {
		return rss + " MiB"
	}
	return rss + " of " + strings.TrimSuffix(chart.MiB(float64(r.m.Limit)), ".0") + " MiB"
}

func memoryColor(r laneRow) string {
	switch full := r.full(); {
	case full >= critical || r.m.State == wire.StateKilled:
		return red
	case full >= almost:
		return yellow
	}
	return green
}

func lostColor(r laneRow) string {
	if r.m.Gaps > 0 {
		return red
	}
	return ""
}

func age(r laneRow) string {
	if r.m.HealthyP99 == 0 {
		return none
	}
	return chart.Age(int64(r.m.HealthyP99))
}

// alive shows a figure that only a lane that lives has.
func alive(cell func(laneRow) string) func(laneRow) string {
	return func(r laneRow) string {
		if r.m.State != wire.StateRunning {
			return none
		}
		return cell(r)
	}
}
