package script

import (
	"strconv"
	"strings"
	"time"
)

// String is the shortest spelling that parses back to the same: 64KiB, 1.5MB.
func (s Size) String() string {
	best := ""
	for _, unit := range []string{"GiB", "MiB", "KiB", "GB", "MB", "KB", "B"} {
		text := strconv.FormatFloat(float64(s)/bytesOf(unit), 'f', -1, 64) + unit
		if back, err := ParseSize(text); err != nil || back != s {
			continue
		}
		if best == "" || len(text) < len(best) || len(text) == len(best) && strings.Contains(best, ".") {
			best = text
		}
	}
	if best == "" { // no size at all
		return strconv.FormatInt(int64(s), 10) + "B"
	}
	return best
}

func bytesOf(unit string) float64 {
	for _, u := range byteUnits {
		if u.suffix == unit {
			return u.bytes
		}
	}
	return 1
}

// String is the shortest spelling that parses back to the same: 10/s.
func (r Rate) String() string {
	return strconv.FormatFloat(float64(r), 'g', -1, 64) + "/s"
}

// String is the shortest spelling that parses back to the same: 4KB/s.
func (t Throughput) String() string { return Size(t).String() + "/s" }

// String is the shortest spelling that parses back to the same: 4KB/s, none.
func (t Throttle) String() string {
	if t == NoThrottle {
		return wordNone
	}
	return Throughput(t).String()
}

// String is the shortest spelling that parses back to the same: 64KiB, os.
func (b Buffer) String() string {
	if b == BufferOS {
		return wordOS
	}
	return Size(b).String()
}

// String is the shortest spelling that parses back to the same: 1m30s, 2h.
func (d Duration) String() string {
	text := time.Duration(d).String()
	for _, zero := range []struct{ behind, is string }{{"m", "0s"}, {"h", "0m"}} {
		if short, ok := strings.CutSuffix(text, zero.is); ok && strings.HasSuffix(short, zero.behind) {
			text = short
		}
	}
	return text
}

// String is the percent without a sign, as in the file, or off. What is not set
// is the 100 of the Go runtime.
func (g GOGC) String() string {
	switch g {
	case GOGCOff:
		return wordOff
	case 0:
		return "100"
	}
	return strconv.Itoa(int(g))
}

// The types that are written as one word. Each reads its own text.

func (s *Size) parse(text string) (err error)     { *s, err = ParseSize(text); return err }
func (r *Rate) parse(text string) (err error)     { *r, err = ParseRate(text); return err }
func (t *Throttle) parse(text string) (err error) { *t, err = ParseThrottle(text); return err }
func (b *Buffer) parse(text string) (err error)   { *b, err = ParseBuffer(text); return err }
func (d *Duration) parse(text string) (err error) { *d, err = ParseDuration(text); return err }
func (g *GOGC) parse(text string) (err error)     { *g, err = ParseGOGC(text); return err }

func (r *RestartPolicy) parse(text string) (err error) {
	*r, err = parseWord("restart policy", text, RestartNever, RestartOnFailure)
	return err
}

func (h *Hop) parse(text string) (err error) {
	*h, err = parseWord("hop", text, HopProxy, HopBuffering)
	return err
}

func (e *Executor) parse(text string) (err error) {
	*e, err = parseWord("executor", text, ConstantArrivalRate, RampingArrivalRate)
	return err
}

func (c *Channels) parse(text string) (err error) {
	*c, err = parseWord("way to share channels", text, PerReader, Shared)
	return err
}
