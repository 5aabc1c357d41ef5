package site

import (
	"fmt"
	"math"
	"strings"

	"spillway/server/internal/heap"
	"spillway/web/chart"
	"spillway/web/page"
)

const (
	// heapRows is how many sites a page shows; the sentence below says what is left.
	heapRows = 12
	// fewSamples is a heap so small that its shares are chance.
	fewSamples = 16 * heap.SampleEvery
)

// heapEntry is a snapshot in the list, newest being the newest of its lane.
func heapEntry(n, newest heap.Snapshot) page.HeapSnapshot {
	out := page.HeapSnapshot{
		ID: n.ID, Clock: chart.Clock(n.At.Seconds()),
		InUse: chart.Bytes(float64(n.Bytes)), HeapNow: chart.Bytes(float64(n.HeapInUse)), RSS: chart.Bytes(float64(n.RSSBytes)),
		Download: heapURL(n), File: heapFileName(n),
	}
	switch {
	case n.RunID != newest.RunID:
		out.Run = "of an earlier run"
		if n.Scenario != newest.Scenario {
			out.Run += ", “" + n.Scenario + "”"
		}
	case n.PID != newest.PID:
		out.Run = "before the lane was restarted"
	}
	return out
}

func heapTable(n, newest heap.Snapshot) *page.HeapTable {
	out := &page.HeapTable{
		HeapSnapshot: heapEntry(n, newest),
		Sentence:     heapSentence(n),
		Objects:      chart.Count(uint64(max(0, n.Objects))) + " objects",
	}
	var rest int64
	for i, site := range n.Sites {
		if i >= heapRows {
			rest += site.Bytes
			continue
		}
		out.Sites = append(out.Sites, heapRow(site, n.Profile))
	}
	if more := len(n.Sites) - heapRows; more > 0 {
		out.Rest = fmt.Sprintf("%d further lines of code hold %s together.", more, chart.Bytes(float64(rest)))
	}
	return out
}

func heapRow(site heap.Site, p heap.Profile) page.HeapSite {
	return page.HeapSite{
		Function: site.Function, Line: heapLine(site.Place), From: heapFrom(site),
		What: heapWhat(site), Mark: heapMark(site),
		Bytes: chart.Bytes(float64(site.Bytes)), Objects: chart.Count(uint64(max(0, site.Objects))),
		Share: p.Share(site.Bytes),
	}
}

// heapWhat is the part as the beginning of a line.
func heapWhat(site heap.Site) string {
	words := site.Part.String()
	return strings.ToUpper(words[:1]) + words[1:]
}

// heapMark says whose code allocated, where it is ours.
func heapMark(site heap.Site) string {
	switch {
	case !site.Own():
		return ""
	case site.Part == heap.Strategy:
		return "the strategy’s own code"
	}
	return "Spillway’s own code"
}

// heapFrom is the line of ours behind a library's.
func heapFrom(site heap.Site) string {
	if site.Own() || site.From == (heap.Place{}) {
		return ""
	}
	return site.From.Function + ", " + heapLine(site.From)
}

func heapLine(p heap.Place) string {
	if p.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// heapSentence says where most of a heap was allocated, and what that means.
func heapSentence(n heap.Snapshot) string {
	if len(n.Sites) == 0 {
		return "The profile shows nothing in use."
	}
	part := n.Sites[0].Part
	bytes := n.Of(part)
	out := fmt.Sprintf("%.0f %% of the heap in use was allocated %s", math.Round(100*n.Share(bytes)), part)
	backlog := chart.Bytes(float64(n.Backlog))
	switch part {
	case heap.Messages:
		if 2*n.Backlog >= uint64(max(0, bytes)) {
			out += ": they wait in this lane, whose backlog was " + backlog + " at that moment."
		} else {
			out += ": they are on their way, as the backlog was only " + backlog + " at that moment."
		}
	case heap.Connection, heap.Readers:
		out += ". That grows with the number of readers, not with what they leave unread."
	default:
		out += "; the backlog was " + backlog + " at that moment."
	}
	if n.Bytes < fewSamples {
		out += " So small a heap is a few samples: the shares are mostly chance."
	}
	return out
}

func heapGrowth(with, shown, newest heap.Snapshot) *page.HeapGrowth {
	before, after := with, shown
	if before.ID > after.ID {
		before, after = after, before
	}
	all := heap.Compare(before.Profile, after.Profile)
	out := &page.HeapGrowth{With: heapEntry(with, newest), Sentence: growthSentence(before, after, all)}
	hidden := 0
	for i, g := range all {
		if i >= heapRows/2 && i < len(all)-heapRows/2 { // both ends are told: what grew, and what shrank
			hidden++
			continue
		}
		out.Sites = append(out.Sites, page.HeapChange{
			HeapSite: heapRow(g.Site, after.Profile),
			Bytes:    signed(g.AddBytes, func(v int64) string { return chart.Bytes(float64(v)) }),
			Objects:  signed(g.AddObjects, func(v int64) string { return chart.Count(uint64(v)) }),
			Grew:     g.AddBytes > 0,
		})
	}
	if hidden > 0 {
		out.Rest = fmt.Sprintf("%d lines of code that changed less are not shown.", hidden)
	}
	return out
}

// signed writes a change with its sign, so that nobody needs a colour.
func signed(v int64, write func(int64) string) string {
	switch {
	case v > 0:
		return "+" + write(v)
	case v < 0:
		return "−" + write(-v)
	}
	return "0"
}

func growthSentence(before, after heap.Snapshot, all []heap.Growth) string {
	bytes := func(v int64) string { return chart.Bytes(float64(v)) }
	out := fmt.Sprintf("From #%d at %s to #%d at %s the heap in use went from %s to %s (%s).",
		before.ID, chart.Clock(before.At.Seconds()), after.ID, chart.Clock(after.At.Seconds()),
		bytes(before.Bytes), bytes(after.Bytes), signed(after.Bytes-before.Bytes, bytes))
	if len(all) > 0 && all[0].AddBytes > 0 {
		out += fmt.Sprintf(" Most of what grew was allocated %s: %s.", all[0].Part, signed(all[0].AddBytes, bytes))
	}
	switch {
	case before.RunID != after.RunID:
		out += " They are of two runs."
	case before.PID != after.PID:
		out += " The lane was restarted between the two: its heap began anew."
	}
	return out
}
