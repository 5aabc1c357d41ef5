package chart

// end is a curve's last point in view and the middle of its name.
type end struct {
	series int
	x, y   float64
	middle float64
}

// appendEnds writes the name of every curve at its end, or that there is none
// to be seen. Without a column for names the legend has them, and only the head
// is drawn.
func (l *Layouter) appendEnds(dst []byte, m *Model) []byte {
	p := &l.plot
	var room [8]end // of the usual handful of series: no allocation
	ends, right := room[:0], 0.0
	for i, c := range l.curves {
		if c.from == c.to || m.Series[i].Ghost {
			continue
		}
		w := l.shown[c.to-1]
		e := end{series: i, x: float64(w.x) / 10, y: float64(w.y) / 10}
		right = max(right, e.x)
		if m.Series[i].Key == m.Area && !c.life.dead {
			dst = appendHead(dst, m.Area, e)
		}
		if m.Series[i].Label != "" {
			ends = append(ends, e)
		}
	}
	if right == 0 {
		return l.appendEmpty(dst, m)
	}
	if !p.gutter {
		return dst
	}
	top, bottom := p.top, p.bottom
	if p.limit > 0 { // names stay on the larger side of the limit and its name
		if above, below := l.limitBand.top-top, bottom-l.limitBand.bottom; below >= above {
			top = l.limitBand.bottom
		} else {
			bottom = l.limitBand.top
		}
	}
	ends = stack(ends, top, bottom)
	for _, e := range ends {
		s := m.Series[e.series]
		dst = append(dst, `<path class="leader" d="M`...)
		dst = appendPair(dst, tenth(e.x+3), tenth(e.y))
		dst = append(dst, 'L')
		dst = appendPair(dst, tenth(right+leaderGap-3), tenth(e.middle))
		dst = append(dst, `"/>`...)
		dst = l.name(dst, "label "+className(s.Key), right+leaderGap, centered(e.middle), atStart, s.Label, CharWidth)
	}
	return dst
}

// appendHead writes the dot at the end of a living curve.
func appendHead(dst []byte, key string, e end) []byte {
	dst = append(dst, `<circle class="head head-`...)
	dst = append(dst, className(key)...)
	dst = append(dst, '"')
	dst = appendAttr(dst, "cx", e.x)
	dst = appendAttr(dst, "cy", e.y)
	return append(dst, ` r="3.5"/>`...)
}

// stack moves names apart that would collide, each as little as possible and in
// the order of their curves' ends. What does not fit between top and bottom is
// dropped, from the last series on.
func stack(ends []end, top, bottom float64) []end {
	fits := max(0, int((bottom-top)/LineHeight))
	ends = ends[:min(len(ends), fits)]
	sortStable(ends, func(a, b end) int { return compare(a.y, b.y) })
	lowest := top + LineHeight/2
	for i := range ends {
		ends[i].middle = max(ends[i].y, lowest)
		lowest = ends[i].middle + LineHeight
	}
	highest := bottom - LineHeight/2
	for i := len(ends) - 1; i >= 0; i-- {
		ends[i].middle = min(ends[i].middle, highest)
		highest = ends[i].middle - LineHeight
	}
	return ends
}

// appendEmpty says that nothing is to be seen yet, as near to the middle of the
// plot as the limit and the names of marks allow.
func (l *Layouter) appendEmpty(dst []byte, m *Model) []byte {
	p := &l.plot
	label := fit(m.EmptyLabel, CharWidth, p.right-p.left)
	if label == "" {
		return dst
	}
	x, width := (p.left+p.right)/2, textWidth(label, CharWidth)
	middle := (p.top + p.bottom) / 2
	for away := 0.0; middle-away-LineHeight/2 >= p.top; away += 4 {
		for _, y := range [...]float64{middle + away, middle - away} {
			b := textBox(x, centered(y), width, atMiddle)
			if !b.overlaps(l.limitBand) && l.free(b.padded(3)) {
				return l.name(dst, "label empty", x, centered(y), atMiddle, label, CharWidth)
			}
		}
	}
	return dst
}
