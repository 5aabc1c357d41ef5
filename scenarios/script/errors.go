package script

import (
	"strconv"
	"strings"
)

// Error is one thing that is wrong in a file.
type Error struct {
	Path    string `json:"path"`
	Line    int    `json:"line"`   // from 1; 0 is the file as a whole
	Column  int    `json:"column"` // from 1, in characters
	Length  int    `json:"length"` // characters that are meant, at least 1
	Source  string `json:"source"` // the line, cut around the column where it is very long
	Text    string `json:"text"`   // what is wrong, and what was expected
	Nearest string `json:"nearest,omitempty"`

	cut int // characters of the line that Source leaves out on the left
}

// Error is path:line:column, the text, and the nearest valid word.
func (e Error) Error() string {
	out := e.Path
	if e.Line > 0 {
		out += ":" + strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Column)
	}
	out += ": " + e.Text
	if e.Nearest != "" {
		out += "; did you mean " + strconv.Quote(e.Nearest) + "?"
	}
	return out
}

// Pretty is the error with the line of the file and a mark under what is meant.
func (e Error) Pretty() string {
	if e.Line == 0 {
		return e.Error()
	}
	number := strconv.Itoa(e.Line)
	margin := strings.Repeat(" ", max(0, 4-len(number)))
	source, before := []rune(e.Source), e.Column-1-e.cut
	if e.cut > 0 {
		before++ // the dots
	}
	before = min(max(before, 0), len(source))
	// What is left of the mark keeps its tabs, so that both lines are indented
	// alike however wide a tab is.
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, string(source[:before]))
	mark := strings.Repeat("^", min(max(e.Length, 1), max(len(source)-before, 1)))
	return e.Error() + "\n" +
		margin + number + " | " + e.Source + "\n" +
		margin + strings.Repeat(" ", len(number)) + " | " + indent + mark
}

// Errors are all that is wrong, in the order of the file, at most maxErrors and
// a last one that says how many more there are.
type Errors []Error

// Error is one line for each.
func (e Errors) Error() string { return e.join("\n", Error.Error) }

// Pretty is for people: each with its line of the file.
func (e Errors) Pretty() string { return e.join("\n", Error.Pretty) }

func (e Errors) join(separator string, spell func(Error) string) string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = spell(one)
	}
	return strings.Join(lines, separator)
}
