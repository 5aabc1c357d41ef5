package page

import (
	"net/url"
	"strconv"
	"strings"
)

// Heap is the page of one lane's heap snapshots.
type Heap struct {
	Assets    Assets
	Lane      string
	Strategy  string // of the lane, as scenario files name it
	Obstacle  string // a sentence: why no snapshot can be taken now; empty: one can
	Rate      string // mean size between two samples: "64.0 KiB"
	Snapshots []HeapSnapshot
	Shown     *HeapTable  // nil while there is no snapshot
	Growth    *HeapGrowth // nil unless two are compared
}

// HeapSnapshot is one of the list.
type HeapSnapshot struct {
	ID       int
	Clock    string // of the run
	Run      string // what makes it differ from the newest: "of an earlier run", "before a restart"; often empty
	InUse    string // as the profile counts it
	HeapNow  string // heap in use of the sample before it
	RSS      string // likewise
	Download string // URL
	File     string // its name on the visitor's disk
}

// HeapTable is what one snapshot holds.
type HeapTable struct {
	HeapSnapshot
	Sentence string
	Objects  string
	Sites    []HeapSite
	Rest     string // a sentence about the sites that are not shown; empty: all are
}

// HeapSite is a line of code that allocated what is in use.
type HeapSite struct {
	Function string
	Line     string // proto/reader.go:365
	From     string // the line of this program that leads there; empty where it is the same or none
	What     string // in terms of the lane
	Mark     string // whose code it is: "the strategy’s own code"; empty: a library's
	Bytes    string
	Objects  string
	Share    float64 // 0 to 1
}

// HeapGrowth compares the snapshot that is shown with an earlier one.
type HeapGrowth struct {
	With     HeapSnapshot
	Sentence string
	Sites    []HeapChange
	Rest     string // as of HeapTable
}

// HeapChange is what became of one site.
type HeapChange struct {
	HeapSite        // its figures are the later ones
	Bytes    string // with its sign
	Objects  string // likewise
	Grew     bool
}

// HeapLinks are the addresses around a lane's heap.
type HeapLinks struct {
	Page string // GET
	Take string // POST
}

// HeapLinksOf are those of the lane of that name.
func HeapLinksOf(lane string) HeapLinks {
	segment := url.PathEscape(lane)
	return HeapLinks{Page: "/lanes/" + segment + "/heap", Take: "/api/run/lanes/" + segment + "/heap"}
}

// show is the address of one snapshot of the lane.
func (h Heap) show(id int) string {
	return HeapLinksOf(h.Lane).Page + "?snapshot=" + strconv.Itoa(id)
}

func (h Heap) links() HeapLinks { return HeapLinksOf(h.Lane) }

// against is the snapshot that the page offers to compare with: the one it is
// compared with, else the newest before it, else the oldest.
func (h Heap) against() int {
	if h.Growth != nil {
		return h.Growth.With.ID
	}
	for _, s := range h.Snapshots {
		if s.ID < h.Shown.ID {
			return s.ID
		}
	}
	return h.Snapshots[len(h.Snapshots)-1].ID
}

// name says which one it is.
func (s HeapSnapshot) name() string {
	out := "#" + strconv.Itoa(s.ID) + " at " + s.Clock
	if s.Run != "" {
		out += ", " + s.Run
	}
	return out
}

// where is the line, and the one of this program that leads there.
func (s HeapSite) where() string {
	if s.From == "" {
		return s.Line
	}
	return s.Line + ", reached from " + s.From
}

func (s HeapSite) percent() string {
	return strings.TrimSuffix(strconv.FormatFloat(s.Share*100, 'f', 1, 64), ".0") + " %"
}

// width is the share as the length of a bar of 100.
func (s HeapSite) width() string { return strconv.FormatFloat(s.Share*100, 'f', 1, 64) }
