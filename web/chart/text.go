package chart

import "unicode/utf8"

// Metrics are the sizes of type, in CSS pixels, that names are placed for. They
// fit 13 px type in the usual system fonts, the widest of which (DejaVu Sans)
// decides. A style sheet may set smaller type, not larger.
const (
	CharWidth     = 7.2 // mean advance of a character of class label, mark-note, limit-name
	BoldWidth     = 8.4 // the same for mark-kill, which may be bold
	TickWidth     = 7.9 // a digit of class tick, which may be monospaced
	LineHeight    = 16  // from the ascenders to the descenders
	ascent        = 12  // of LineHeight, above the baseline
	wideCharWidth = 14  // of a character outside the alphabets of the west, such as ✕ or 漢
)

// textWidth returns the width that is kept free for s.
func textWidth(s string, perChar float64) float64 {
	width := 0.0
	for _, r := range s {
		if r >= 0x1100 {
			width += wideCharWidth
		} else {
			width += perChar
		}
	}
	return width
}

// fit shortens s to the width with an ellipsis.
func fit(s string, perChar, width float64) string {
	if textWidth(s, perChar) <= width {
		return s
	}
	for len(s) > 0 {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
		if textWidth(s, perChar)+wideCharWidth <= width {
			break
		}
	}
	if s == "" {
		return ""
	}
	return s + "…"
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
