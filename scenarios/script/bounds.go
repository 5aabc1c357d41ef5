package script

import (
	"slices"
	"strconv"
)

// quoted is a text in quotes that fits into an error.
func quoted(text string) string { return strconv.Quote(short(text)) }

// whole checks a whole number. A most of 0 is no bound.
func (c *checker) whole(s *spot, noun string, n, least, most int64) {
	c.number(s, noun, UnitNone, float64(n), float64(least), float64(most), "")
}

// bytes checks a size. A most of 0 is no bound.
func (c *checker) bytes(s *spot, noun string, n Size, least, most int64) {
	c.number(s, noun, UnitBytes, float64(n), float64(least), float64(most), "")
}

// number checks a value that could be read. A most of 0 is no bound; why is
// said behind the bounds.
func (c *checker) number(s *spot, noun string, unit Unit, n, least, most float64, why string) {
	if !s.good() || n >= least && (most == 0 || n <= most) {
		return
	}
	want := spell(unit, least) + " or more"
	if most > 0 {
		want = spell(unit, least) + " to " + spell(unit, most)
	}
	c.bad(s, "", "%s %s: want %s%s", noun, short(s.text), want, why)
}

// spell writes a number as it is written in a file.
func spell(unit Unit, n float64) string {
	switch unit {
	case UnitNone:
		return strconv.FormatFloat(n, 'f', -1, 64)
	case UnitBytes:
		return Size(n).String()
	case UnitBytesPerSecond:
		return Throughput(n).String()
	case UnitSeconds:
		return Duration(n * 1e9).String()
	}
	return exact(unit, n)
}

// buffer checks a size that may be left to the system.
func (c *checker) buffer(s *spot, noun string, n Buffer) {
	if n != BufferOS {
		c.number(s, noun, UnitBytes, float64(n), 1, float64(c.v.Bounds.MaxBufferBytes), ", or os")
	}
}

// throttle checks a rate of bytes that may be none.
func (c *checker) throttle(s *spot, t Throttle) {
	if t != NoThrottle {
		c.number(s, "throttle", UnitBytesPerSecond, float64(t), 0, float64(c.v.Bounds.MaxThrottle), ", or none")
	}
}

// rate checks messages a second that must be more than 0.
func (c *checker) rate(s *spot, noun string, r Rate) {
	if s.good() && r == 0 {
		c.bad(s, "", "%s 0/s: nothing would ever come", noun)
		return
	}
	c.number(s, noun, UnitPerSecond, float64(r), 0, c.v.Bounds.MaxRate, "")
}

// size checks the size of a message, which only one kind of workload has.
func (c *checker) size(s *spot, n Size) {
	if s.good() && c.s.Workload.Kind != kindFixed && slices.Contains(c.v.Workloads, c.s.Workload.Kind) {
		c.at(s.name(), "", "only messages of the workload %s have a size; those of %s have their own", kindFixed, short(c.s.Workload.Kind))
		return
	}
	c.bytes(s, "size", n, max(1, c.v.Bounds.MinSizeBytes), c.v.Bounds.MaxSizeBytes)
}

// kindFixed is the one workload whose messages have a size to choose.
const kindFixed = "fixed"
