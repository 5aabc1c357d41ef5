package chart

import (
	"math"
	"strconv"
)

// none is shown for a number that is not one (NaN): not measured, not visible.
const none = "–"

// figure writes v with three digits: one decimal below 100, none from there on.
func figure(v float64) string {
	if math.Abs(v) < 99.95 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

// scaled divides v by base until it is written with fewer digits than base has,
// and returns how often.
func scaled(v, base float64, most int) (float64, int) {
	n := 0
	for n < most && math.Abs(v) >= base-0.5 {
		v /= base
		n++
	}
	return v, n
}

// Bytes formats a number of bytes in binary units: "0 B", "17.4 MiB", "181 MiB",
// "1.2 GiB". NaN is "–".
func Bytes(v float64) string {
	if !finite(v) {
		return none
	}
	v, n := scaled(v, 1024, len(byteUnits)-1)
	if n == 0 {
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64) + " B"
	}
	return figure(v) + " " + byteUnits[n]
}

// MiB formats a number of bytes as a number of MiB, for the big figure whose
// unit stands beside it: "17.4", "181", "256". NaN is "–".
func MiB(v float64) string {
	if !finite(v) {
		return none
	}
	return figure(v / mib)
}

// Count formats a count in full with groups of three digits: "218,304".
func Count(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	out := make([]byte, 0, len(digits)+len(digits)/3)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out = append(out, ',')
		}
		out = append(out, digits[i])
	}
	return string(out)
}

// Short formats a count or a rate in little room, decimal: "7", "0.5", "950",
// "1.1k", "10.5k", "218k", "3.4M". NaN is "–".
func Short(n float64) string {
	if !finite(n) {
		return none
	}
	n, times := scaled(n, 1000, 4)
	if times == 0 {
		return plain(n)
	}
	return figure(n) + [...]string{"", "k", "M", "G", "T"}[times]
}

// plain writes one decimal below ten, unless it is zero, and none from there on.
func plain(v float64) string {
	if tenths := math.Round(v * 10); math.Abs(tenths) < 100 && math.Mod(tenths, 10) != 0 {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(math.Round(v)+0, 'f', 0, 64)
}

// ByteRate formats bytes per second in decimal units, as network rates are
// given: "512 B/s", "4 KB/s", "1.5 MB/s". +Inf is "unlimited", NaN is "–".
func ByteRate(bytesPerSecond float64) string {
	if math.IsInf(bytesPerSecond, 1) {
		return "unlimited"
	}
	if !finite(bytesPerSecond) {
		return none
	}
	v, n := scaled(bytesPerSecond, 1000, 4)
	return plain(v) + " " + [...]string{"B", "KB", "MB", "GB", "TB"}[n] + "/s"
}

// Age formats how old something of this many microseconds is: "<1 ms", "6 ms",
// "0.1 s", "12.9 s", "2 min 5 s", "1 h 2 min". A negative age (clocks differ) is
// "0 ms". It takes no time.Duration because the package time, whatever is used of
// it, is 54 KB of the client's compressed size.
func Age(micros int64) string {
	const milli, second, minute = 1_000, 1_000_000, 60_000_000
	micros = min(micros, math.MaxInt64-minute) // room to round
	ms := (micros + milli/2) / milli
	tenths := (micros + 50*milli) / (100 * milli)
	seconds := (micros + second/2) / second
	switch {
	case micros <= 0:
		return "0 ms"
	case micros < milli:
		return "<1 ms"
	case ms < 100:
		return strconv.FormatInt(ms, 10) + " ms"
	case tenths < 600:
		return strconv.FormatInt(tenths/10, 10) + "." + strconv.FormatInt(tenths%10, 10) + " s"
	case seconds < 3600:
		return strconv.FormatInt(seconds/60, 10) + " min " + strconv.FormatInt(seconds%60, 10) + " s"
	}
	minutes := (seconds + 30) / 60
	return strconv.FormatInt(minutes/60, 10) + " h " + strconv.FormatInt(minutes%60, 10) + " min"
}

// Clock formats a moment of the run, whole seconds passed: "00:21", "1:02:07".
func Clock(seconds float64) string {
	if !(seconds > 0) {
		seconds = 0
	}
	return string(appendClock(nil, int64(min(seconds, maxSecondsOfRun)), true))
}

// appendClock writes minutes and seconds, and hours if there are any. padded
// writes two digits of minutes always.
func appendClock(dst []byte, seconds int64, padded bool) []byte {
	hours, minutes := seconds/3600, seconds/60%60
	if hours > 0 {
		dst = strconv.AppendInt(dst, hours, 10)
		dst = append(dst, ':')
	}
	if minutes < 10 && (padded || hours > 0) {
		dst = append(dst, '0')
	}
	dst = strconv.AppendInt(dst, minutes, 10)
	dst = append(dst, ':', byte('0'+seconds%60/10), byte('0'+seconds%10))
	return dst
}
