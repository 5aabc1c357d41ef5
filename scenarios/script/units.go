package script

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes: 512B, 64KiB, 1MB.
type Size int64

// Rate is a number of messages per second: 10/s, 0.5/s.
type Rate float64

// Throughput is a number of bytes per second: 4KB/s, 1MiB/s.
type Throughput int64

// Throttle is a number of bytes per second, 0B/s to stop, or NoThrottle.
type Throttle int64

// NoThrottle reads as fast as it can. It is -1, as in package throttle. A
// Throttle that the file leaves out is NoThrottle, not 0.
const NoThrottle Throttle = -1

// Buffer is a number of bytes, 0 for the default, or BufferOS.
type Buffer int64

// BufferOS leaves a buffer to the operating system.
const BufferOS Buffer = -1

// Duration is a span of time with its unit: 500ms, 5s, 1m30s.
type Duration time.Duration

// Words that stand for a number.
const (
	wordNone = "none"
	wordOS   = "os"
	wordOff  = "off"
)

// Units of bytes, IEC and SI, longest first so that a suffix is not taken for a
// shorter one.
var byteUnits = []struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"KB", 1e3}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1},
}

// maxBytes is far above any size that makes sense and still exact in a float64.
const maxBytes = 1 << 50

// ParseSize reads a size. The error says what was expected, and knows what 64k
// or 64kib was meant to be.
func ParseSize(text string) (Size, error) {
	for _, u := range byteUnits {
		digits, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || n < 0 || math.IsNaN(n) || n*u.bytes > maxBytes {
			break
		}
		return Size(math.Round(n * u.bytes)), nil
	}
	return 0, unreadable(text, nearestSize(text), "size %q: want a number with its unit, for example 64KiB or 1MB", text)
}

// unreadable is about the text as a whole.
func unreadable(text, nearest, format string, args ...any) error {
	return &textError{Length: len(text), Text: fmt.Sprintf(format, args...), Nearest: nearest}
}

// nearestSize spells the unit of a size in the right way: 64KiB for 64k.
func nearestSize(text string) string {
	unit := strings.TrimLeft(text, "0123456789.")
	digits := text[:len(text)-len(unit)]
	if _, err := strconv.ParseFloat(digits, 64); err != nil {
		return ""
	}
	letter := strings.ToUpper(strings.TrimSpace(unit))
	for _, ending := range []string{"IB", "B"} {
		if prefix, ok := strings.CutSuffix(letter, ending); ok && prefix != "" {
			letter = prefix
			break
		}
	}
	switch {
	case letter == "B":
		return digits + "B"
	case letter != "K" && letter != "M" && letter != "G":
		return ""
	case strings.HasSuffix(strings.ToUpper(unit), letter+"B"):
		return digits + letter + "B"
	}
	return digits + letter + "iB"
}

// ParseRate reads a rate of messages.
func ParseRate(text string) (Rate, error) {
	digits, ok := strings.CutSuffix(text, "/s")
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if !ok || err != nil || math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
		return 0, unreadable(text, "", "rate %q: want messages per second, for example 10/s", text)
	}
	return Rate(n), nil
}

// ParseThroughput reads a rate of bytes.
func ParseThroughput(text string) (Throughput, error) {
	n, ok := bytesPerSecond(text)
	if !ok {
		return 0, unreadable(text, "", "throughput %q: want bytes per second, for example 4KB/s", text)
	}
	return n, nil
}

func bytesPerSecond(text string) (Throughput, bool) {
	size, ok := strings.CutSuffix(text, "/s")
	n, err := ParseSize(size)
	return Throughput(n), ok && err == nil
}

// ParseThrottle reads a rate of bytes, or "none" for no throttle.
func ParseThrottle(text string) (Throttle, error) {
	if text == wordNone {
		return NoThrottle, nil
	}
	n, ok := bytesPerSecond(text)
	if !ok {
		near := nearest(text, []string{wordNone})
		if size := nearestSize(strings.TrimSuffix(text, "/s")); size != "" {
			near = size + "/s"
		} else if _, err := ParseSize(text); err == nil {
			near = text + "/s"
		}
		return 0, unreadable(text, near, "throttle %q: want bytes per second, for example 4KB/s, or none", text)
	}
	return Throttle(n), nil
}

// ParseBuffer reads a size, or "os" for what the system gives.
func ParseBuffer(text string) (Buffer, error) {
	if text == wordOS {
		return BufferOS, nil
	}
	n, err := ParseSize(text)
	if err != nil {
		return 0, unreadable(text, nearestSize(text), "buffer %q: want a size with its unit, for example 64KiB, or os", text)
	}
	return Buffer(n), nil
}

// maxDuration is longer than any run.
const maxDuration = maxSeconds * time.Second

// ParseDuration reads a span of time. It is never negative, and at most a day.
func ParseDuration(text string) (Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxDuration || strings.Trim(text, "+0") == "" || strings.HasPrefix(text, "-") {
		near := ""
		if _, err := strconv.ParseFloat(text, 64); err == nil && !strings.HasPrefix(text, "-") {
			near = text + "s"
		}
		return 0, unreadable(text, near, "duration %q: want a time with its unit, for example 500ms, 5s or 1m30s", text)
	}
	return Duration(d), nil
}

// maxGOGC is more than anybody measures.
const maxGOGC = 1_000_000

// ParseGOGC reads percent, or "off".
func ParseGOGC(text string) (GOGC, error) {
	if text == wordOff {
		return GOGCOff, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxGOGC {
		return 0, unreadable(text, nearest(text, []string{wordOff}), "gogc %q: want percent as a whole number from 1 to %d, or off", text, maxGOGC)
	}
	return GOGC(n), nil
}

// parseWord reads one of a few words.
func parseWord[T ~string](what, text string, words ...T) (T, error) {
	if slices.Contains(words, T(text)) {
		return T(text), nil
	}
	plain := make([]string, len(words))
	for i, w := range words {
		plain[i] = string(w)
	}
	return "", unreadable(text, nearest(text, plain), "unknown %s %q: want %s", what, text, either(plain))
}

// either joins words as people say them: a, b or c.
func either(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
