package chart

// Metrics of the type, in CSS pixels, that names are placed for. They fit 13 px
// type in the usual system fonts, of which the widest decides (DejaVu Sans and
// DejaVu Sans Mono, measured in Chromium). A style sheet may set smaller type,
// not larger, save for mark-kill.
const (
	CharWidth  = 7.2 // mean advance of a character of class label, mark-note, mark-restart
	BoldWidth  = 7.4 // of limit-name, which may be bold
	KillWidth  = 8.4 // of mark-kill, which may be bold and 15 px
	TickWidth  = 7.9 // of tick, which may be monospaced
	LineHeight = 16  // from the ascenders to the descenders

	ascent        = 12  // of LineHeight, above the baseline
	capitalWidth  = 2.5 // what a capital takes more than the mean
	wideCharWidth = 14  // a character outside the western alphabets, such as ✕ or 漢
)

// textWidth returns the width that is kept free for s.
func textWidth(s string, perChar float64) float64 {
	width := 0.0
	for _, r := range s {
		width += runeWidth(r, perChar)
	}
	return width
}

func runeWidth(r rune, perChar float64) float64 {
	switch {
	case r >= 0x1100 || r < ' ': // what may not be written becomes U+FFFD
		return wideCharWidth
	case r >= 'A' && r <= 'Z':
		return perChar + capitalWidth
	}
	return perChar
}

// fit shortens s to the width with an ellipsis, if need be to nothing.
func fit(s string, perChar, width float64) string {
	used, kept := 0.0, 0 // kept: how much of s an ellipsis can follow
	for i, r := range s {
		if used+wideCharWidth <= width {
			kept = i
		}
		if used += runeWidth(r, perChar); used > width {
			if kept == 0 {
				return ""
			}
			return s[:kept] + "…"
		}
	}
	return s
}

// box is a rectangle that a name or a tick occupies.
type box struct{ left, top, right, bottom float64 }

func (b box) overlaps(o box) bool {
	return b.left < o.right && o.left < b.right && b.top < o.bottom && o.top < b.bottom
}

// anchor is where in its box a text begins.
type anchor uint8

const (
	atStart anchor = iota
	atMiddle
	atEnd
)

// textBox returns the box of a text of the given width at x and baseline.
func textBox(x, baseline, width float64, a anchor) box {
	switch a {
	case atMiddle:
		x -= width / 2
	case atEnd:
		x -= width
	}
	return box{x, baseline - ascent, x + width, baseline - ascent + LineHeight}
}

// centered returns the baseline of a text whose box has its middle at y.
func centered(y float64) float64 { return y - LineHeight/2 + ascent }
