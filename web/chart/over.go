package chart

// drawOver writes what lies above the curves. Names take their places in this
// order: those of marks in the row above the plot, those of curves, then those
// of marks that found no room in their row. A mark's name that finds none at all
// is left to its <title>, which browsers show on hover.
func (l *Layouter) drawOver(m *Model) {
	p := &l.plot
	dst := l.text[:0]
	l.orderMarks(m.Marks)
	for _, i := range l.marks {
		l.lines = append(l.lines, p.x(m.Marks[i].T))
	}
	// Lines first, so that no line crosses a name that is drawn later.
	for n := len(l.marks) - 1; n >= 0; n-- {
		k := m.Marks[l.marks[n]]
		dst = appendMarkLine(dst, p, k, l.lines[n])
	}
	homeless := l.marks[:0]
	for n, i := range l.marks {
		var ok bool
		if dst, ok = l.appendInRow(dst, m.Marks[i], l.lines[n]); !ok {
			homeless = append(homeless, i)
		}
	}
	l.marks = homeless
	dst = l.appendEnds(dst, m)
	for _, i := range homeless {
		dst = l.appendInPlot(dst, m.Marks[i])
	}
	l.text = dst
	l.over = keep(l.over, dst)
}

// orderMarks lists the marks in view, the most important and then latest first.
func (l *Layouter) orderMarks(marks []Mark) {
	l.marks = l.marks[:0]
	for i, k := range marks {
		if l.plot.shows(k.T) {
			l.marks = append(l.marks, i)
		}
	}
	sortStable(l.marks, func(a, b int) int {
		if marks[a].Kind != marks[b].Kind {
			return int(marks[b].Kind) - int(marks[a].Kind)
		}
		return compare(marks[b].T, marks[a].T)
	})
}

func markClass(kind MarkKind) string {
	switch kind {
	case MarkKill:
		return "mark-kill"
	case MarkRestart:
		return "mark-restart"
	}
	return "mark-note"
}

// markName returns the name that is drawn and its width per character.
func markName(k Mark) (name string, perChar float64) {
	switch {
	case k.Kind == MarkKill && k.Label == "":
		return "✕ killed at " + Clock(k.T), KillWidth
	case k.Kind == MarkKill && len(k.Label) >= len("✕") && k.Label[:len("✕")] == "✕":
		return k.Label, KillWidth
	case k.Kind == MarkKill: // a shape beside the colour, whoever chose the words
		return "✕ " + k.Label, KillWidth
	case k.Kind == MarkRestart && k.Label == "":
		return "restarted", CharWidth
	}
	return k.Label, CharWidth
}

func appendMarkLine(dst []byte, p *plot, k Mark, x float64) []byte {
	dst = append(dst, "<g"...)
	dst = appendClass(dst, markClass(k.Kind))
	dst = append(dst, '>')
	if name, _ := markName(k); name != "" {
		dst = append(dst, "<title>"...)
		dst = appendEscaped(dst, name)
		dst = append(dst, "</title>"...)
	}
	dst = appendLine(dst, "", x, p.top-4, x, p.bottom)
	return append(dst, "</g>"...)
}

// appendInRow writes a mark's name above the plot, where no line crosses it, in
// the first free of: beginning, centred, ending at the line.
func (l *Layouter) appendInRow(dst []byte, k Mark, x float64) ([]byte, bool) {
	p := &l.plot
	name, perChar := markName(k)
	if name == "" {
		return dst, true
	}
	name = fit(name, perChar, p.width-p.left-edge)
	width := textWidth(name, perChar)
	for _, a := range [...]anchor{atStart, atMiddle, atEnd} {
		at := x
		switch a { // a name hangs a little over its line, and never over the edge
		case atStart:
			at = min(x-4, p.width-edge-width)
		case atMiddle:
			at = min(max(x, p.left+width/2), p.width-edge-width/2)
		case atEnd:
			at = max(x+4, p.left+width)
			if at > p.width-edge {
				continue
			}
		}
		b := textBox(at, rowBaseline, width, a)
		if b.left < edge || !l.free(b.padded(4)) {
			continue
		}
		l.placed = append(l.placed, b)
		return appendText(dst, markClass(k.Kind), at, rowBaseline, a, name), true
	}
	return dst, false
}

func (b box) padded(px float64) box {
	return box{b.left - px, b.top, b.right + px, b.bottom}
}

func (l *Layouter) free(b box) bool {
	for _, o := range l.placed {
		if b.overlaps(o) {
			return false
		}
	}
	return true
}

// appendInPlot writes a mark's name beside its line, in the highest place that
// no name, no limit, no other mark's line and, if possible, no curve occupies.
func (l *Layouter) appendInPlot(dst []byte, k Mark) []byte {
	p := &l.plot
	name, perChar := markName(k)
	width := textWidth(name, perChar)
	x := p.x(k.T)
	for _, mayCross := range [...]bool{false, true} {
		for top := p.top; top+LineHeight <= p.bottom; top += 4 {
			for _, left := range [...]float64{x + 5, x - 5 - width} {
				b := box{left, top, left + width, top + LineHeight}
				if left < p.left || b.right > p.width-edge || !l.free(b.padded(3)) || l.ruled(b) || !mayCross && l.crossed(b) {
					continue
				}
				l.placed = append(l.placed, b)
				return appendText(dst, markClass(k.Kind), left, top+ascent, atStart, name)
			}
		}
	}
	return dst
}

// ruled reports whether the limit's or a mark's line runs through b.
func (l *Layouter) ruled(b box) bool {
	if y := l.plot.y(l.plot.limit); l.plot.limit > 0 && y > b.top-2 && y < b.bottom+2 {
		return true
	}
	for _, x := range l.lines {
		if x > b.left-2 && x < b.right+2 {
			return true
		}
	}
	return false
}

// crossed reports whether a curve runs through b. Between the edges of b a
// curve takes every height between its lowest and its highest vertex there.
func (l *Layouter) crossed(b box) bool {
	left, right := tenth(b.left), tenth(b.right)
	top, bottom := tenth(b.top)-20, tenth(b.bottom)+20
	for i := range l.shown {
		w := l.shown[i]
		v := w
		if !w.start {
			v = l.shown[i-1]
		}
		if w.x >= left && v.x <= right && max(v.y, w.y) >= top && min(v.y, w.y) <= bottom {
			return true
		}
	}
	return false
}
