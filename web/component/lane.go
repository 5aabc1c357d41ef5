package component

import (
	"strconv"

	"spillway/wasm/throttle"
	"spillway/wasm/wire"
	"spillway/web/chart"
	"spillway/web/figure"
)

// Tones is how many lanes have a colour and a shape of their own; further ones
// start over.
const Tones = 4

// Lane is one card of the stage.
type Lane struct {
	Name     string   // unique in the run, part of ids: "push"
	Title    string   // "push-buffered"
	Hop      string   // what the proxy in front of it takes, in words; empty without one
	Way      []string // stations of the data in words: "Redis Pub/Sub", "a queue without a bound", "SSE"
	Place    int      // from 0, from left to right; decides colour and shape
	Status   Status
	Say      Say
	Sample   wire.LaneSample // the newest; the zero value before the first
	Limit    uint64          // bytes at which the lane is killed; 0 without a limit
	Throttle throttle.Rate   // of this lane's slow readers
	Chart    chart.Drawing   // series ghost, total, heap, rss; area rss
	Ghost    string          // what the measured series behind the curve is; empty without one
	Heap     string          // URL of its heap snapshots; empty shows no link
	Curl     string          // command that reads the lane's stream; empty while it has no port
	Accept   string          // where its certificate is accepted; empty for a lane without TLS
	Code     *Code           // nil where nobody looks into lanes
	Account  Account
}

// Status is the pill on a card: a mark and words, never a colour alone.
type Status struct {
	Lane  string
	State wire.State
	Text  string // "running", "killed, exit code 137"
}

// Say is the sentence on a card, with the way out where a lane is dead.
type Say struct {
	Lane  string
	State wire.State
	Text  string
}

// dead reports whether a lane in this state can be restarted.
func dead(s wire.State) bool { return s == wire.StateKilled || s == wire.StateCrashed }

// stateMark stands before the words of a pill, so that nobody needs its colour.
func stateMark(s wire.State) string {
	switch s {
	case wire.StateRunning:
		return "●"
	case wire.StateKilled, wire.StateCrashed:
		return "✕"
	case wire.StateStopped:
		return "■"
	case wire.StateStarting, wire.StateWaiting:
		return "◔"
	}
	return "○"
}

// Tone numbers the lane's colour and shape, from "1".
func (l Lane) Tone() string { return strconv.Itoa(l.Place%Tones + 1) }

func (l Lane) limitMiB() string {
	if l.Limit == 0 {
		return figure.None
	}
	return chart.MiB(float64(l.Limit))
}

func (l Lane) live(key string) string { return l.Name + "." + key }

// folded are the figures that a small screen hides behind "more figures".
func folded() []figure.Figure {
	var rest []figure.Figure
	for _, f := range figure.All {
		if !f.Main {
			rest = append(rest, f)
		}
	}
	return append(rest, figure.Memory...)
}

func shownAlways() []figure.Figure {
	var main []figure.Figure
	for _, f := range figure.All {
		if f.Main {
			main = append(main, f)
		}
	}
	return main
}

// viewBox is the drawing's own size: it is never scaled.
func viewBox(d chart.Drawing) string {
	return "0 0 " + strconv.FormatFloat(d.Width, 'f', -1, 64) + " " + strconv.FormatFloat(d.Height, 'f', -1, 64)
}

// part names a path for the client that moves it.
func part(p chart.Path) string {
	if p.Area {
		return "area"
	}
	return p.Key
}

func pathClass(p chart.Path) string {
	if p.Area {
		return "area " + p.Key
	}
	return p.Key
}
