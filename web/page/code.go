package page

import (
	"strings"

	"spillway/web/chart"
	"spillway/web/component"
)

// Code is the page that shows the source of a lane's strategy, or those of two
// side by side.
type Code struct {
	Assets Assets
	Steer  bool
	Lanes  []string // of the run
	Left   CodeSide
	Right  *CodeSide // nil: one lane alone
	Differ int       // lines of the two first files that only one of them has
	Equal  int       // lines that both have
	Shared []string  // other files that both run, and so are the same
}

// CodeSide is one lane's source.
type CodeSide struct {
	component.Code
	Strategy string
	Tone     string // of its lane on the stage
	Files    []component.CodeFile
}

func (c Code) title() string {
	if c.Right == nil {
		return "The code of " + c.Left.Lane
	}
	return c.Left.Lane + " and " + c.Right.Lane + ": the lines that differ"
}

// sum says how much differs.
func (c Code) sum() string {
	switch {
	case c.Right == nil:
		return "This is the source that the program was built from. Beside each line stands how many goroutines of the lane wait there now."
	case c.Differ == 0:
		return "Both lanes run the same code. What differs is where their goroutines wait."
	}
	out := chart.Count(uint64(c.Differ)) + " lines of the strategies differ, " + chart.Count(uint64(c.Equal)) + " are the same: − stands before those that only " +
		c.Left.Lane + " has, + before those that only " + c.Right.Lane + " has."
	if len(c.Shared) > 0 {
		out += " Both run " + strings.Join(c.Shared, ", ") + "."
	}
	return out
}

func (c Code) right() string {
	if c.Right == nil {
		return ""
	}
	return c.Right.Lane
}
