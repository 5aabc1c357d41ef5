package chart

import (
	"math"
	"strconv"
)

// drawFrame writes what lies beneath the curves: grid, ticks, axis, limit.
func (l *Layouter) drawFrame(m *Model) {
	dst := l.appendByteAxis(l.text[:0])
	dst = l.appendTimeAxis(dst)
	if l.plot.limit > 0 {
		dst = l.appendLimit(dst, m)
	}
	if !l.plot.gutter {
		dst = l.appendLegend(dst, m)
	}
	l.text = dst
	l.frame = keep(l.frame, dst)
}

// name writes a text and takes its place.
func (l *Layouter) name(dst []byte, class string, x, baseline float64, a anchor, s string, perChar float64) []byte {
	l.placed = append(l.placed, textBox(x, baseline, textWidth(s, perChar), a))
	return appendText(dst, class, x, baseline, a, s)
}

func (l *Layouter) appendByteAxis(dst []byte) []byte {
	p := &l.plot
	step, unit, unitName := p.byteTicks()
	dst = l.name(dst, "tick", p.left-tickGap, rowBaseline, atEnd, unitName, TickWidth)
	for i := 0; ; i++ {
		v := float64(i) * step
		if v > p.topBytes {
			return dst
		}
		y := p.y(v)
		switch {
		case i == 0:
			dst = appendLine(dst, "axis", p.left, y, p.right, y)
		case v != p.limit:
			dst = appendLine(dst, "grid", p.left, y, p.right, y)
		}
		dst = l.name(dst, "tick", p.left-tickGap, centered(y), atEnd, tickLabel(v/unit), TickWidth)
	}
}

func tickLabel(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// tickWidth is textWidth of the label, without making one.
func tickWidth(v float64) float64 {
	var digits [24]byte
	return float64(len(strconv.AppendFloat(digits[:0], v, 'f', -1, 64))) * TickWidth
}

func (l *Layouter) appendTimeAxis(dst []byte) []byte {
	const between = 24 // labels
	p := &l.plot
	baseline := p.bottom + timeRow - 6
	widest := textWidth(p.timeLabel(math.Floor(p.to)), TickWidth)
	step := timeStep((widest + between) / (p.right - p.left) * (p.to - p.from))
	first := math.Ceil(p.from / step)
	for i := 0.0; ; i++ {
		t := (first + i) * step
		if t > p.to {
			return dst
		}
		x := p.x(t)
		dst = appendLine(dst, "axis", x, p.bottom, x, p.bottom+4)
		label := p.timeLabel(t)
		if half := textWidth(label, TickWidth) / 2; x+half <= p.width-edge/2 && x-half >= edge/2 {
			dst = l.name(dst, "tick", x, baseline, atMiddle, label, TickWidth)
		}
	}
}

// timeLabel is "20 s" while the window ends within the first minute, and
// minutes and seconds in all of a later window.
func (p *plot) timeLabel(t float64) string {
	if p.to <= 60 {
		return strconv.Itoa(int(t)) + " s"
	}
	return string(appendClock(nil, int64(t), false))
}

// appendLimit writes the limit's line and its name upon it: in the column of
// names if there is one, else where no mark crosses it, best on the left.
func (l *Layouter) appendLimit(dst []byte, m *Model) []byte {
	p := &l.plot
	y := p.y(p.limit)
	baseline := y - 5.0
	if baseline-ascent < rowBaseline-ascent+LineHeight { // would touch the names of marks
		baseline = y + ascent + 2
	}
	l.limitBand = textBox(p.left, baseline, p.width-p.left, atStart)
	l.limitBand.top = min(l.limitBand.top, y-2)
	l.limitBand.bottom = max(l.limitBand.bottom, y+2)
	if p.gutter {
		dst = appendLine(dst, "limit", p.left, y, p.width-edge, y)
		return l.name(dst, "limit-name", p.width-edge, baseline, atEnd, m.LimitLabel, BoldWidth)
	}
	dst = appendLine(dst, "limit", p.left, y, p.right, y)
	label := fit(m.LimitLabel, BoldWidth, p.right-p.left-6)
	width := textWidth(label, BoldWidth)
	const places = 5
	x, fewest := p.left+6, math.MaxInt
	for i := range places {
		left := p.left + 6 + float64(i)/(places-1)*(p.right-p.left-6-width)
		crossed := 0
		for _, k := range m.Marks {
			if p.shows(k.T) && p.x(k.T) > left-4 && p.x(k.T) < left+width+4 {
				crossed++
			}
		}
		if crossed < fewest {
			x, fewest = left, crossed
		}
	}
	return l.name(dst, "limit-name", x, baseline, atStart, label, BoldWidth)
}

// appendLegend names the series in the bottom row, each after a piece of its line.
func (l *Layouter) appendLegend(dst []byte, m *Model) []byte {
	const line, gap, between = 18, 5, 12
	p := &l.plot
	x, baseline := p.left, p.height-6.0
	for _, s := range m.Series {
		width := line + gap + textWidth(s.Label, CharWidth)
		if s.Label == "" || s.Ghost || x+width > p.width-edge {
			continue // too narrow for all: Summary still says it
		}
		y := baseline + LineHeight/2 - ascent
		dst = append(dst, `<path class="legend `...)
		dst = append(dst, className(s.Key)...)
		dst = append(dst, `" d="M`...)
		dst = appendPair(dst, tenth(x), tenth(y))
		dst = append(dst, "h18\"/>"...)
		dst = l.name(dst, "label", x+line+gap, baseline, atStart, s.Label, CharWidth)
		x += width + between
	}
	return dst
}
