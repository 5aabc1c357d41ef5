package site

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"spillway/server/internal/lane"
	"spillway/server/internal/run"
	"spillway/server/internal/strategy"
	"spillway/web/chart"
	"spillway/web/component"
)

// codeNowOf says where the goroutines of a lane wait.
func codeNowOf(l run.LaneView) component.CodeNow {
	out := component.CodeNow{Lane: l.Name}
	switch {
	case l.PID == 0 && l.Exit != nil:
		out.None = "The process has ended, and with it all that waited here."
	case l.PID == 0:
		out.None = "The lane has no process now: nothing waits here."
	case l.Code == nil:
		out.None = "The lane begins to look; the first numbers come within a second or two."
	case l.Code.TooMany:
		out.None = fmt.Sprintf("The lane has %s goroutines. To look at so many each second would cost it more than it should.", chart.Count(l.Code.Goroutines))
		out.Anyway = true
	}
	if out.None != "" {
		return out
	}
	out.All, out.Deep = l.Code.Goroutines, l.Code.Deep
	out.Rows = rowsOf(l.Code.Parked)
	out.Main, out.Text = mainOf(l.Code.Parked, ownFile(l))
	return out
}

// rowsOf adds up line by line: those who wait at it, and those who have gone on
// from it to where they wait.
func rowsOf(parked []lane.Parked) []component.Waiting {
	type line struct {
		file string
		line uint64
	}
	rows := make(map[line]*component.Waiting)
	most := make(map[line]uint64)
	add := func(at lane.Place, p lane.Parked, here bool) {
		key := line{at.File, at.Line}
		w := rows[key]
		if w == nil {
			w = &component.Waiting{File: at.File, Line: int(at.Line)}
			rows[key] = w
		}
		if here {
			w.Here += p.Count
		} else {
			w.Within += p.Count
		}
		if p.Count > most[key] { // the reason of most of them stands for all
			most[key] = p.Count
			w.Reason, w.Why = p.Reason, component.Why(textOf(at), p.Reason)
		}
	}
	for _, p := range parked {
		add(p.Place, p, true)
		seen := map[line]bool{{p.File, p.Line}: true}
		for _, at := range p.Via {
			if !seen[line{at.File, at.Line}] { // a function may call itself
				add(at, p, false)
			}
			seen[line{at.File, at.Line}] = true
		}
	}
	out := make([]component.Waiting, 0, len(rows))
	for _, w := range rows {
		out = append(out, *w)
	}
	slices.SortFunc(out, func(a, b component.Waiting) int {
		return cmp.Or(cmp.Compare(b.Here+b.Within, a.Here+a.Within), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return out
}

// mainOf is the line that says most. Of each goroutine it is the innermost one in
// the strategy's own file, which a reader sees first, or else the innermost
// method: a function without a type is a shorthand. Readers that hold up a Send
// say more than a queue without messages, that says more than a source without
// messages, and all more than the goroutine that waits for the others; but only
// where they are at least half as many as at any other line.
func mainOf(parked []lane.Parked, own string) (component.Waiting, string) {
	type choice struct {
		component.Waiting
		text string
		rank int
		top  uint64 // those for one reason; it stands for all
	}
	choices := make(map[lane.Place]choice)
	var most uint64
	for _, p := range parked {
		at := telling(p, own)
		c := choices[at]
		c.File, c.Line, c.text = at.File, int(at.Line), textOf(at)
		if at == p.Place {
			c.Here += p.Count
		} else {
			c.Within += p.Count
		}
		if p.Count > c.top {
			c.top, c.Reason, c.Why = p.Count, p.Reason, component.Why(c.text, p.Reason)
			c.rank = rankOf(c.Why)
		}
		choices[at] = c
	}
	for _, c := range choices {
		if c.rank < groups {
			most = max(most, c.Here+c.Within)
		}
	}
	var best choice
	for _, c := range choices {
		if 2*(c.Here+c.Within) < most && c.rank < groups {
			continue
		}
		if best.File == "" || cmp.Or(cmp.Compare(c.rank, best.rank), cmp.Compare(best.Here+best.Within, c.Here+c.Within), cmp.Compare(c.File, best.File), cmp.Compare(c.Line, best.Line)) < 0 {
			best = c
		}
	}
	return best.Waiting, best.text
}

// telling is the line of a stack that a reader should look at.
func telling(p lane.Parked, own string) lane.Place {
	all := append([]lane.Place{p.Place}, p.Via...)
	if i := slices.IndexFunc(all, func(at lane.Place) bool { return at.File == own }); i >= 0 {
		return all[i]
	}
	if i := slices.IndexFunc(all, func(at lane.Place) bool { return strings.Contains(at.Func, ".") }); i >= 0 {
		return all[i]
	}
	return p.Place
}

// groups is the rank of a goroutine that waits for others to end.
const groups = 3

func rankOf(why string) int {
	switch why {
	case "send", "send-io":
		return 0
	case "next", "next-io":
		return 2
	case "sync.WaitGroup.Wait":
		return groups
	case "running", "syscall":
		return groups + 1
	}
	return 1
}

// textOf is what a line of the source says.
func textOf(at lane.Place) string {
	lines := linesOf(at.File)
	if at.Line < 1 || at.Line > uint64(len(lines)) {
		return ""
	}
	return strings.TrimSpace(lines[at.Line-1])
}

// sourceLines are the files that somebody has looked into, by name.
var sourceLines sync.Map

func linesOf(file string) []string {
	if known, ok := sourceLines.Load(file); ok {
		return known.([]string)
	}
	text, ok := strategy.Text(file)
	if !ok {
		return nil
	}
	lines := strings.Split(text, "\n")
	sourceLines.Store(file, lines)
	return lines
}

func ownFile(l run.LaneView) string {
	if names := fileNames(l); len(names) > 0 {
		return names[0]
	}
	return ""
}

func fileNames(l run.LaneView) []string {
	d, ok := strategy.Find(l.Plan.Strategy)
	if !ok {
		return nil
	}
	return d.Files()
}
