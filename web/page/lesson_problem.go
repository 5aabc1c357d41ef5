package page

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Problem is one thing that is wrong in a scenario file.
type Problem struct {
	Line    int    // from 1; 0 is the file as a whole
	Column  int    // from 1, in characters
	Length  int    // characters that are meant
	Source  string // the line, perhaps cut at its end
	Text    string // what is wrong, and what was expected
	Nearest string // what was probably meant; empty: nothing comes near
}

// place says where, for people who read.
func (p Problem) place() string {
	if p.Line == 0 {
		return "The whole file"
	}
	return "Line " + strconv.Itoa(p.Line)
}

// maxBefore is how much of a line stands before what is meant where there is
// little room, in characters: a card shows some 40.
const maxBefore = 20

// near is the problem with a line that begins shortly before what is meant.
func (p Problem) near() Problem {
	source := []rune(p.Source)
	if cut := p.Column - 1 - maxBefore; cut > 0 && cut < len(source) {
		p.Source = "…" + string(source[cut:])
		p.Column -= cut - 1
	}
	return p
}

// quoted is the line with carets below what is meant. Tabs stay tabs, so that
// both lines have the same width.
func (p Problem) quoted() string {
	if p.Line == 0 || p.Source == "" {
		return ""
	}
	number := strconv.Itoa(p.Line)
	var b strings.Builder
	b.WriteString(number + " │ " + p.Source + "\n" + strings.Repeat(" ", len(number)) + " │ ")
	before := max(p.Column-1, 0)
	length := utf8.RuneCountInString(p.Source)
	if before > length {
		before = length
	}
	at := 0
	for _, r := range p.Source {
		if at == before {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
		at++
	}
	b.WriteString(strings.Repeat("^", max(1, min(p.Length, length-before))))
	return b.String()
}
