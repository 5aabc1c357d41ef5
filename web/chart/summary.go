package chart

import (
	"math"
	"strconv"
)

// appendSummary writes what the drawing shows of its main series as a sentence.
// Figures are whole, so that it does not change ten times a second.
func (l *Layouter) appendSummary(dst []byte, m *Model) []byte {
	i := subject(m)
	if i < 0 || !l.curves[i].life.seen && !l.curves[i].past.seen {
		if m.EmptyLabel == "" {
			return append(dst, "Nothing has been measured yet."...)
		}
		dst = append(dst, m.EmptyLabel...)
		return append(dst, '.')
	}
	c := l.curves[i]
	name := m.Series[i].Label
	if name == "" {
		name = m.Series[i].Key
	}
	dst = append(dst, name...)
	if c.past.dead {
		dst = l.appendLife(dst, c.past)
		if !c.life.seen {
			return append(dst, '.')
		}
		dst = append(dst, "; since the restart it"...)
	}
	dst = l.appendLife(dst, c.life)
	return append(dst, '.')
}

// subject returns the index of the series that Summary speaks of, or -1.
func subject(m *Model) int {
	first := -1
	for i, s := range m.Series {
		switch {
		case s.Ghost:
		case s.Key == m.Area:
			return i
		case first < 0:
			first = i
		}
	}
	return first
}

func (l *Layouter) appendLife(dst []byte, f life) []byte {
	// Less than a twentieth of the axis is no movement that anybody sees.
	seen := l.plot.topBytes / 20
	end := f.last.V
	switch {
	case f.high-f.low < seen && wholeMiB(f.low) == wholeMiB(f.high):
		dst = append(dst, " stayed at "...)
		end = f.high
	case f.high-f.low < seen:
		dst = append(dst, " stayed between "...)
		dst = strconv.AppendInt(dst, wholeMiB(f.low), 10)
		dst = append(dst, " and "...)
		end = f.high
	case f.last.V-f.first.V >= seen:
		dst = append(dst, " rose from "...)
		dst = strconv.AppendInt(dst, wholeMiB(f.first.V), 10)
		dst = append(dst, " to "...)
	case f.first.V-f.last.V >= seen:
		dst = append(dst, " fell from "...)
		dst = strconv.AppendInt(dst, wholeMiB(f.first.V), 10)
		dst = append(dst, " to "...)
	default:
		dst = append(dst, " moved between "...)
		dst = strconv.AppendInt(dst, wholeMiB(f.low), 10)
		dst = append(dst, " and "...)
		end = f.high
	}
	dst = strconv.AppendInt(dst, wholeMiB(end), 10)
	dst = append(dst, " MiB"...)
	if l.plot.limit > 0 {
		dst = append(dst, " of a "...)
		dst = append(dst, Bytes(l.plot.limit)...)
		dst = append(dst, " limit"...)
	}
	last := f.last.T
	if f.dead {
		last = f.killed
	}
	dst = append(dst, " in "...)
	dst = strconv.AppendInt(dst, int64(math.Floor(last-f.first.T)), 10)
	dst = append(dst, " s"...)
	if f.dead {
		dst = append(dst, " and was killed"...)
	}
	return dst
}

func wholeMiB(v float64) int64 { return int64(math.Round(min(max(v, 0), maxBytes) / mib)) }
