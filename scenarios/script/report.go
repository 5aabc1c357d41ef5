package script

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml/token"
)

const (
	// maxErrors is as many as anybody reads.
	maxErrors = 100
	// maxProblems bounds what a hostile file can make the checker remember.
	maxProblems = 1000
)

// report collects what is wrong.
type report struct {
	src      *source
	problems []problem
	more     int // beyond maxProblems
}

type problem struct {
	position
	text, nearest string
}

func (r *report) add(p position, nearest, format string, args ...any) {
	if len(r.problems) == maxProblems {
		r.more++
		return
	}
	r.problems = append(r.problems, problem{p, fmt.Sprintf(format, args...), nearest})
}

// at is about a token; nil is the file as a whole.
func (r *report) at(tk *token.Token, nearest, format string, args ...any) {
	r.add(r.src.find(tk), nearest, format, args...)
}

// errors are the problems in the order of the file, each once.
func (r *report) errors() Errors {
	slices.SortStableFunc(r.problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column), cmp.Compare(a.text, b.text))
	})
	all := slices.Compact(r.problems)
	more := r.more
	if len(all) > maxErrors {
		all, more = all[:maxErrors], more+len(all)-maxErrors
	}
	out := make(Errors, 0, len(all)+1)
	for _, p := range all {
		e := Error{Path: r.src.path, Line: p.line, Column: p.column, Length: p.length, Text: p.text, Nearest: p.nearest}
		e.Source, e.cut = r.src.show(p.position)
		out = append(out, e)
	}
	if more > 0 {
		out = append(out, Error{Path: r.src.path, Text: fmt.Sprintf("and %d more", more)})
	}
	return out
}
