package component

import (
	"strconv"
	"time"

	"spillway/web/chart"
)

// Replay stands where the controls are when the page shows a recording.
type Replay struct {
	API    string // URL that takes PATCH {"playing":bool,"atSeconds":n,"speed":n}
	Title  string // of the lesson that was recorded
	Made   string // when: "22 November 2026, 18:36"
	Length time.Duration
	Marks  []ReplayMark // by rising time
	State  ReplayState
}

// ReplayMark is a moment to jump to.
type ReplayMark struct {
	At    time.Duration
	Label string // "✕ push killed"
}

// ReplayState is where a replay is; the server sends it anew as it moves.
type ReplayState struct {
	At      time.Duration
	Playing bool
	Speed   float64 // 1 is as it was
}

// speeds are those that can be chosen.
var speeds = []float64{0.5, 1, 2, 4, 8}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) }

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// step is that of the slider, and the time between two moments of a recording.
const step = 100 * time.Millisecond

// up rounds to whole steps, so that nothing that had happened is undone.
func up(d time.Duration) time.Duration { return (d + step - 1).Truncate(step) }

// end is where the slider ends: not before the last moment.
func (r Replay) end() string { return seconds(up(r.Length)) }

// at is where a jump leads: to the first moment that shows what happened, which
// comes up to a step later.
func (m ReplayMark) at() string { return seconds(up(m.At) + step) }

// place is "00:27 of 02:10", for people who do not see the slider.
func (r Replay) place() string {
	return chart.Clock(r.State.At.Seconds()) + " of " + chart.Clock(r.Length.Seconds())
}
