package page

import "strconv"

// Readers is the page of a lane's readers, one by one.
type Readers struct {
	Assets   Assets
	Lane     string
	Tone     string // of its lane
	Strategy string
	Clock    string // chart.Clock of the run
	Obstacle string // a sentence: why the figures stand still; empty: they do not
	Columns  []ReaderColumn
	Rows     string // URL of what changes
	Lines    []ReaderLine
	All      int // readers there are; Lines may be fewer
}

// ReaderColumn is the head of a column, which sorts.
type ReaderColumn struct {
	Label, Help string
	Href        string
	Number      bool
	Sorted      bool // the table is sorted by it
	Rising      bool // then the least come first
}

// ReaderLine is one reader, in words.
type ReaderLine struct {
	Reader, Channel                                            string
	Write, Window, Queue, Between, Backlog, Broker, Gaps, Lost string
	Connected                                                  bool
	Shut                                                       bool // the kernel says that its window is shut
	Silent                                                     bool // it reports nothing itself
}

// shown says how much of the table there is.
func (r Readers) shown() string {
	switch {
	case r.All == 0:
		return ""
	case len(r.Lines) < r.All:
		return strconv.Itoa(len(r.Lines)) + " of " + strconv.Itoa(r.All) + " shown"
	case r.All == 1:
		return "1 reader"
	}
	return strconv.Itoa(r.All) + " readers"
}

// sorted is the state of a column for those who cannot see its arrow.
func (c ReaderColumn) sorted() string {
	switch {
	case !c.Sorted:
		return "none"
	case c.Rising:
		return "ascending"
	}
	return "descending"
}

func (c ReaderColumn) class() string {
	if c.Number {
		return "number-cell"
	}
	return ""
}

// who is a reader and its channel, which is often the same.
func (l ReaderLine) who() string {
	if l.Channel == "" || l.Channel == l.Reader {
		return l.Reader
	}
	return l.Reader + " · " + l.Channel
}
