package script

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxSeconds bounds durations: no run lasts longer, and up to here a duration
// is exact in a float64.
const maxSeconds = 24 * 60 * 60

// unitWords say what each unit is, with an example.
var unitWords = map[Unit]struct{ name, want, example string }{
	UnitNone:           {"plain numbers", "a plain number", "100"},
	UnitBytes:          {"bytes", "bytes with their unit", "64KiB or 200MiB"},
	UnitBytesPerSecond: {"bytes a second", "bytes per second", "4KB/s"},
	UnitPerSecond:      {"messages a second", "a number per second", "10/s"},
	UnitSeconds:        {"time", "a duration", "250ms or 1m30s"},
	UnitPercent:        {"percent", "percent", "40%"},
}

// suffixes are all units there are. A space may stand before them.
var suffixes = []string{
	"B", "kB", "KB", "MB", "GB", "KiB", "MiB", "GiB",
	"B/s", "kB/s", "KB/s", "MB/s", "GB/s", "KiB/s", "MiB/s", "GiB/s",
	"/s", "ns", "us", "µs", "μs", "ms", "s", "m", "h", "%",
}

// suffixesOf are those of one unit.
func suffixesOf(unit Unit) []string {
	var out []string
	for _, s := range suffixes {
		if _, err := parseValue(unit, "1"+s); err == nil {
			out = append(out, s)
		}
	}
	return out
}

var errValue = errors.New("not a value of this unit")

// parseValue reads a number with this unit, which is never negative.
func parseValue(unit Unit, text string) (float64, error) {
	switch unit {
	case UnitBytes:
		n, err := ParseSize(text)
		return float64(n), err
	case UnitBytesPerSecond:
		n, err := ParseThroughput(text)
		return float64(n), err
	case UnitPerSecond:
		n, err := ParseRate(text)
		return float64(n), err
	case UnitSeconds:
		d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
		if err != nil || d < 0 || d.Seconds() > maxSeconds {
			return 0, errValue
		}
		return d.Seconds(), nil
	case UnitPercent:
		digits, ok := strings.CutSuffix(text, "%")
		if !ok {
			return 0, errValue
		}
		return parseNumber(strings.TrimSpace(digits))
	}
	return parseNumber(text)
}

// parseNumber reads a number without a unit, which is never negative.
func parseNumber(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
		return 0, errValue
	}
	return n, nil
}

// exact spells a value so that it parses back to the same.
func exact(unit Unit, v float64) string {
	switch unit {
	case UnitBytes:
		return exactBytes(v)
	case UnitBytesPerSecond:
		return exactBytes(v) + "/s"
	case UnitPerSecond:
		return number(v) + "/s"
	case UnitSeconds:
		return time.Duration(math.Round(v * float64(time.Second))).String()
	case UnitPercent:
		return number(v) + "%"
	}
	return number(v)
}

// exactBytes takes the largest unit that divides the number: 200MiB, 4KB, 1001B.
func exactBytes(v float64) string {
	best := byteUnits[len(byteUnits)-1]
	for _, u := range byteUnits {
		if v > 0 && u.bytes > best.bytes && math.Mod(v, u.bytes) == 0 {
			best = u
		}
	}
	return strconv.FormatFloat(v/best.bytes, 'f', -1, 64) + best.suffix
}

// FormatValue spells a measured value for people, to about four digits:
// 254.3MiB, 41.2KB/s, 9.8/s, 12.4ms, 38%, 1204. Bytes are binary, bytes a
// second decimal, as everywhere on the pages.
func FormatValue(unit Unit, v float64) string {
	switch unit {
	case UnitBytes:
		return scaled(v, 1024, "B", "KiB", "MiB", "GiB", "TiB")
	case UnitBytesPerSecond:
		return scaled(v, 1000, "B/s", "KB/s", "MB/s", "GB/s", "TB/s")
	case UnitPerSecond:
		return round(v) + "/s"
	case UnitSeconds:
		return formatSeconds(v)
	case UnitPercent:
		return round(v) + "%"
	}
	return round(v)
}

// scaled picks the unit in which v is at least 1.
func scaled(v, step float64, units ...string) string {
	i := 0
	for i < len(units)-1 && math.Abs(v) >= step {
		v /= step
		i++
	}
	if i < len(units)-1 && math.Round(v*10)/10 >= step {
		v /= step // 1023.97KiB is 1MiB
		i++
	}
	return round(v) + units[i]
}

func formatSeconds(v float64) string {
	switch {
	case v >= 59.95:
		return time.Duration(math.Round(v) * float64(time.Second)).String()
	case v >= 0.99995:
		return round(v) + "s"
	}
	return scaled(v*1e6, 1000, "µs", "ms")
}

// round keeps one digit behind the point, two below 1, and none where they are
// zero.
func round(v float64) string {
	digits := 1
	if math.Abs(v) < 1 {
		digits = 2
	}
	out := strconv.FormatFloat(v, 'f', digits, 64)
	out = strings.TrimRight(strings.TrimRight(out, "0"), ".")
	if out == "-0" {
		return "0"
	}
	return out
}
