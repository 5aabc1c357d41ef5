package chart

import (
	"strconv"
	"unicode/utf8"
)

// tenth rounds a pixel coordinate to the tenths in which it is written. Pixels
// are not negative, which spares the slower math.Round.
func tenth(px float64) int { return int(px*10 + 0.5) }

// appendTenths writes a coordinate of v/10 pixels: 123 as "12.3", 120 as "12".
func appendTenths(dst []byte, v int) []byte {
	dst = strconv.AppendInt(dst, int64(v/10), 10)
	if d := v % 10; d != 0 {
		dst = append(dst, '.', byte('0'+d))
	}
	return dst
}

func appendAttr(dst []byte, name string, px float64) []byte {
	dst = append(dst, ' ')
	dst = append(dst, name...)
	dst = append(dst, '=', '"')
	dst = appendTenths(dst, tenth(px))
	return append(dst, '"')
}

// appendLine writes a <line>.
func appendLine(dst []byte, class string, x1, y1, x2, y2 float64) []byte {
	dst = append(dst, "<line"...)
	dst = appendClass(dst, class)
	dst = appendAttr(dst, "x1", x1)
	dst = appendAttr(dst, "y1", y1)
	dst = appendAttr(dst, "x2", x2)
	dst = appendAttr(dst, "y2", y2)
	return append(dst, "/>"...)
}

// appendText writes a <text>; class is written as it is, s escaped.
func appendText(dst []byte, class string, x, baseline float64, a anchor, s string) []byte {
	dst = append(dst, "<text"...)
	dst = appendClass(dst, class)
	dst = appendAttr(dst, "x", x)
	dst = appendAttr(dst, "y", baseline)
	switch a {
	case atMiddle:
		dst = append(dst, ` text-anchor="middle"`...)
	case atEnd:
		dst = append(dst, ` text-anchor="end"`...)
	}
	dst = append(dst, '>')
	dst = appendEscaped(dst, s)
	return append(dst, "</text>"...)
}

func appendClass(dst []byte, class string) []byte {
	if class == "" {
		return dst
	}
	dst = append(dst, ` class="`...)
	dst = append(dst, class...)
	return append(dst, '"')
}

// className keeps of a series' key what may stand in a class attribute.
func className(key string) string {
	for i := range len(key) {
		if !classByte(key[i]) {
			kept := make([]byte, 0, len(key))
			for j := range len(key) {
				if classByte(key[j]) {
					kept = append(kept, key[j])
				}
			}
			return string(kept)
		}
	}
	return key
}

func classByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// appendEscaped writes s as XML character data. What XML 1.0 (2.2 Characters)
// does not allow even escaped becomes U+FFFD.
func appendEscaped(dst []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '&':
			dst = append(dst, "&amp;"...)
		case r == '<':
			dst = append(dst, "&lt;"...)
		case r == '>':
			dst = append(dst, "&gt;"...)
		case r == '"':
			dst = append(dst, "&#34;"...)
		case r < ' ' && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
