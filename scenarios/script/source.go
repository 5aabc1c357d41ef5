package script

import (
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// source is the text of a file by its lines, to say where something stands.
type source struct {
	path  string
	lines []string // without their ends
}

func newSource(path string, text []byte) *source {
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return &source{path: path, lines: lines}
}

// spaces is a text as the YAML library gets it: tabs are for people.
func spaces(text string) string { return strings.ReplaceAll(text, "\t", " ") }

// position is a place in a file, in characters from 1. Line 0 is the file as a
// whole.
type position struct{ line, column, length int }

// find is where a token begins, and how much of it stands in that line. What the
// YAML library says is held to the line itself, which has the last word.
func (s *source) find(tk *token.Token) position {
	if tk == nil || tk.Position == nil {
		return position{}
	}
	line := min(max(tk.Position.Line, 1), len(s.lines))
	text, raw := spaces(s.lines[line-1]), written(tk)
	from := byteOf(text, tk.Position.Column-1)
	if !strings.HasPrefix(text[from:], raw) {
		if i := strings.Index(text[from:], raw); i >= 0 {
			from += i
		} else if i := strings.LastIndex(text[:from], raw); i >= 0 {
			from = i
		}
	}
	return position{
		line:   line,
		column: utf8.RuneCountInString(text[:from]) + 1,
		length: max(1, utf8.RuneCountInString(text[from:from+extent(text[from:], raw)])),
	}
}

// within is the place of length bytes at a byte offset of a token's value. Where
// the value is not written as it is read, it is the token as a whole.
func (s *source) within(tk *token.Token, at, length int) position {
	whole := s.find(tk)
	if whole.line == 0 || tk.Type == token.LiteralType || tk.Type == token.FoldedType {
		return whole
	}
	line := spaces(s.lines[whole.line-1])
	from := byteOf(line, whole.column-1)
	if tk.Type == token.SingleQuoteType || tk.Type == token.DoubleQuoteType {
		from++
	}
	at = min(max(at, 0), len(tk.Value))
	end := min(max(at+length, at), len(tk.Value))
	if from > len(line) || !strings.HasPrefix(line[from:], tk.Value) {
		return whole
	}
	return position{
		line:   whole.line,
		column: utf8.RuneCountInString(line[:from+at]) + 1,
		length: max(1, utf8.RuneCountInString(tk.Value[at:end])),
	}
}

// written is the first line of a token as it stands in the file.
func written(tk *token.Token) string {
	raw := strings.TrimLeft(tk.Origin, " \t\r\n")
	if end := strings.IndexAny(raw, "\r\n"); end >= 0 {
		raw = raw[:end]
	}
	return strings.TrimRight(raw, " \t")
}

// extent is how many bytes at the beginning of text are the token. The library
// does not keep every escape of a quoted text.
func extent(text, raw string) int {
	if strings.HasPrefix(text, raw) {
		return len(raw)
	}
	return min(1, len(text))
}

// byteOf is the byte at which the character of that number begins, from 0.
func byteOf(text string, character int) int {
	for at := range text {
		if character <= 0 {
			return at
		}
		character--
	}
	return len(text)
}

// The part of a very long line that an error shows: so many characters, and so
// many of them before the place.
const (
	maxShown    = 160
	shownBefore = 60
)

// show is the line of a place, with dots where it is cut, and how much of it is
// left out on the left.
func (s *source) show(p position) (text string, cut int) {
	if p.line == 0 {
		return "", 0
	}
	line := []rune(s.lines[p.line-1])
	if len(line) <= maxShown {
		return string(line), 0
	}
	cut = max(0, min(p.column-1-shownBefore, len(line)-maxShown))
	text = string(line[cut:min(len(line), cut+maxShown)])
	if cut > 0 {
		text = "…" + text
	}
	if cut+maxShown < len(line) {
		text += "…"
	}
	return text, cut
}
