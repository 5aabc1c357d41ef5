package chart

import "math"

// What Window shows, in seconds.
const (
	windowSeconds     = 60  // the width of the usual window
	stepSeconds       = 10  // its edges lie on multiples of this, so that the axis does not crawl
	beforeDeath       = 40  // how much of what led to a death stays in view
	maxWindowSeconds  = 300 // how far the window stretches to keep a death in view
	maxSecondsOfRun   = 1e9 // later seconds are taken for this one
	limitHeadroom     = 1.12
	overshootHeadroom = 1.04
	leastTopBytes     = 16 * mib
)

const mib = 1 << 20

// Window returns the seconds of the run that a chart shows at now.
//
// The first minute stands still: 0 to 60. After it the window shows about the
// last minute; it moves on in steps of ten seconds, and the curve grows into the
// space between now and to. Once a lane died, the window reaches back to forty
// seconds before the first death and grows up to five minutes to keep it in
// view; from then on five minutes slide.
func Window(now float64, deaths []float64) (from, to float64) {
	if !(now > 0) {
		now = 0
	}
	now = min(now, maxSecondsOfRun)
	to = max(windowSeconds, math.Ceil(now/stepSeconds)*stepSeconds)
	from = to - windowSeconds
	for _, death := range deaths {
		if finite(death) {
			from = min(from, math.Floor((death-beforeDeath)/stepSeconds)*stepSeconds)
		}
	}
	return max(0, from, to-maxWindowSeconds), to
}

// Top returns the top of the y axis in bytes: 12 % above the limit, so that the
// limit's name and an overshoot have room, or more if more was seen. Without a
// limit (0) it follows the maximum seen in steps of a tick. It never falls as
// maxSeenBytes rises, and is at least 16 MiB if there is no limit.
func Top(limitBytes, maxSeenBytes float64) float64 {
	if !(maxSeenBytes > 0) {
		maxSeenBytes = 0
	}
	maxSeenBytes = min(maxSeenBytes, maxBytes)
	if !finite(limitBytes) || limitBytes <= 0 {
		want := max(leastTopBytes, maxSeenBytes*limitHeadroom)
		step := byteStep(want, 0, 4)
		return math.Ceil(want/step) * step
	}
	limitBytes = min(limitBytes, maxBytes)
	// An eighth of a tick is fine enough to stay near 12 % and coarse enough to
	// stand still while an overshoot grows.
	step := byteStep(limitBytes, limitBytes, 4) / 8
	want := max(limitBytes*limitHeadroom, maxSeenBytes*overshootHeadroom)
	return math.Ceil(want/step) * step
}

func finite(v float64) bool { return v-v == 0 }
