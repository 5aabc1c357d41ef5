// Package terminal shows a run where there is no page: in place on a terminal,
// and as plain lines anywhere else.
//
//	run → view → lines → terminal
//
// What is drawn is computed by pure functions from a [run.View]; [Screen] and
// [Plain] only write it.
package terminal

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Look is how much room there is, and what may be done with it.
type Look struct {
	Width  int           // columns; 0 is DefaultWidth, less than 20 is 20
	Height int           // rows; 0 is as many as it takes
	Color  bool          // escape sequences for colours
	Length time.Duration // of a run without steps
}

// DefaultWidth is taken where a terminal does not say how wide it is.
const DefaultWidth = 80

const minWidth = 20

// line makes one line of a text: without line breaks and without anything that
// a terminal would take for a command. Scenarios are other people's files.
func line(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.Join(strings.Fields(text), " "))
}

// cut shortens a text to so many characters.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width-1)]) + "…"
}

// pad fills a text to so many characters, and cuts it to them.
func pad(text string, width int, right bool) string {
	text = cut(text, width)
	fill := strings.Repeat(" ", width-utf8.RuneCountInString(text))
	if right {
		return fill + text
	}
	return text + fill
}

// paint colours a text with an SGR code.
func (l Look) paint(code, text string) string {
	if !l.Color || code == "" || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// SGR codes. Every colour stands beside a word or a number that says the same.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)
