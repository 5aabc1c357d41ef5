package script

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes: 512B, 64KiB, 1MB.
type Size int64

// Rate is a number of messages per second: 10/s, 0.5/s.
type Rate float64

// Throughput is a number of bytes per second: 4KB/s, 1MiB/s.
type Throughput int64

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

// ParseSize reads a size.
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
	return 0, fmt.Errorf("size %q: want a number with its unit, for example 64KiB or 1MB", text)
}

// ParseRate reads a rate of messages.
func ParseRate(text string) (Rate, error) {
	digits, ok := strings.CutSuffix(text, "/s")
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if !ok || err != nil || math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
		return 0, fmt.Errorf("rate %q: want messages per second, for example 10/s", text)
	}
	return Rate(n), nil
}

// ParseThroughput reads a rate of bytes.
func ParseThroughput(text string) (Throughput, error) {
	size, ok := strings.CutSuffix(text, "/s")
	n, err := ParseSize(size)
	if !ok || err != nil {
		return 0, fmt.Errorf("throughput %q: want bytes per second, for example 4KB/s", text)
	}
	return Throughput(n), nil
}
