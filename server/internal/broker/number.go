package broker

import "math"

// parseInt reads a decimal int64 as strictly as Redis's string2ll: no plus sign,
// no leading zeros, no spaces.
func parseInt(b []byte) (int64, bool) {
	negative := len(b) > 0 && b[0] == '-'
	digits := b
	if negative {
		digits = b[1:]
	}
	u, ok := parseUint(digits)
	switch {
	case !ok || len(digits) > 1 && digits[0] == '0' || negative && u == 0:
		return 0, false
	case negative && u <= -math.MinInt64:
		return -int64(u), true
	case negative || u > math.MaxInt64:
		return 0, false
	}
	return int64(u), true
}

// parseUint reads a decimal uint64.
func parseUint(b []byte) (uint64, bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		digit := uint64(c - '0')
		if n > (math.MaxUint64-digit)/10 {
			return 0, false
		}
		n = n*10 + digit
	}
	return n, true
}
