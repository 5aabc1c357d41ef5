// Package throttle slows a reader down for real: it decides how much the next
// read asks for and when it may happen.
//
//	transport → kernel → browser → reader → throttle → consumed
//
// A reader that does not read lets its connection fill, and a full connection
// is the backpressure its lane feels. Nothing is queued here: the bytes that a
// throttled reader has not read wait in the kernel, in the browser or in the
// lane, and which of them it is, is what the lanes show.
//
// The server, the crowd and the WASM client share it, so it imports a few
// packages of the standard library only and never fmt.
package throttle

import (
	"math"
	"strconv"
)

// Rate is how fast a reader may read, in bytes per second. Kilobytes and
// megabytes are decimal, as everywhere where a rate is shown.
type Rate int64

// The two rates that are not a number of bytes.
const (
	Stopped   Rate = 0  // does not read at all
	Unlimited Rate = -1 // reads as fast as it can; every negative rate means it
)

// Positions is the last position of a throttle slider; the first is 0.
const Positions = 1000

// The slider's logarithmic part runs from position 1 to Positions-1. One step
// is a little less than 1 %, finer than the two digits a rate is rounded to.
const (
	slowest Rate = 1_000
	fastest Rate = 16_000_000
	steps        = Positions - 2
)

var stepLog = math.Log(float64(fastest)/float64(slowest)) / steps

// FromPosition is the rate of a slider position: 0 is stopped, 1 to 999 go
// logarithmically from 1 KB/s to 16 MB/s, rounded to two significant digits,
// and 1000 is unlimited. Positions outside are taken as the nearest end.
func FromPosition(pos int) Rate {
	switch {
	case pos <= 0:
		return Stopped
	case pos >= Positions:
		return Unlimited
	}
	return twoDigits(float64(slowest) * math.Exp(float64(pos-1)*stepLog))
}

// Position is the slider position closest to r. The way back is stable: for
// every position p, FromPosition(Position(FromPosition(p))) is FromPosition(p).
// Rates beyond the slider's ends are shown at the end, never as stopped or
// unlimited, which they are not.
func Position(r Rate) int {
	switch {
	case r == Stopped:
		return 0
	case r < 0:
		return Positions
	}
	r = min(max(r, slowest), fastest)
	return 1 + int(math.Round(math.Log(float64(r)/float64(slowest))/stepLog))
}

// twoDigits rounds to two significant decimal digits.
func twoDigits(v float64) Rate {
	unit := 1.0
	for v/unit >= 99.5 {
		unit *= 10
	}
	return Rate(math.Round(v/unit) * unit)
}

// String is the rate as a person reads it: "stopped", "500 B/s", "4 KB/s",
// "1.5 MB/s", "unlimited". Below ten of a unit it has one decimal, where that
// is not zero.
func (r Rate) String() string {
	switch {
	case r == Stopped:
		return "stopped"
	case r < 0:
		return "unlimited"
	case r < 1_000:
		return strconv.FormatInt(int64(r), 10) + " B/s"
	}
	unit, name := 1_000.0, " KB/s"
	for _, larger := range []string{" MB/s", " GB/s", " TB/s"} {
		// What would round up to 1,000 of a unit is written in the next one.
		if float64(r)/unit < 999.5 {
			break
		}
		unit, name = unit*1_000, larger
	}
	tenths := math.Round(float64(r) / unit * 10)
	if tenths < 100 && math.Mod(tenths, 10) != 0 {
		return strconv.FormatFloat(tenths/10, 'f', 1, 64) + name
	}
	return strconv.FormatInt(int64(math.Round(float64(r)/unit)), 10) + name
}
