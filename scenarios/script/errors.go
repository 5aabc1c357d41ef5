package script

import "strconv"

// Error is one thing that is wrong in a file.
type Error struct {
	Path    string `json:"path"`
	Line    int    `json:"line"`   // from 1; 0 is the file as a whole
	Column  int    `json:"column"` // from 1, in characters
	Length  int    `json:"length"` // characters that are meant, at least 1
	Source  string `json:"source"` // the line, cut where it is very long
	Text    string `json:"text"`   // what is wrong, and what was expected
	Nearest string `json:"nearest,omitempty"`
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

// Errors are all that is wrong, in the order of the file.
type Errors []Error
