//go:build js && wasm

package page

import (
	"syscall/js"

	"spillway/wasm/internal/dom"
	"spillway/wasm/reader"
	"spillway/web/chart"
	"spillway/web/figure"
)

// waySelect finds the choices of a way to read, one for each lane.
const waySelect = "select[data-way]"

// chooseWay has this tab read a lane in another way from now on.
func (p *page) chooseWay(lane string, way reader.Way) {
	p.touch()
	p.ways[lane] = way
	p.direct()
}

// way is how this tab reads from the lane: as the visitor chose, else as the
// scenario says, and as any browser can where this one has no such way.
func (p *page) way(l *lane) reader.Way {
	way := p.ways[l.info.Name]
	if way == "" {
		way = reader.Way(l.info.Read)
	}
	if !way.Known() {
		return reader.Fetch
	}
	if _, lacking := dom.First(dom.Document(), waySelect+" [value="+string(way)+"]:disabled"); lacking {
		return reader.Fetch
	}
	return way
}

// showWays keeps the choices in step; the sentence below each follows by style.
func (p *page) showWays() {
	dom.Each(dom.Document(), waySelect, func(e js.Value) {
		for _, l := range p.lanes {
			if l.info.Name == dom.Attr(e, "data-lane") {
				way := string(l.reader.command.Way)
				if e.Get("value").String() != way {
					e.Set("value", way)
				}
				dom.SetAttr(e, "data-way", way)
			}
		}
	})
}

// written is what the lane has written to this tab's connection; false while it
// has not told.
func (p *page) written(lane int) (bytes uint64, known bool) {
	id := p.lanes[lane].reader.report.Tab
	if p.sample == nil || lane >= len(p.sample.Lanes) {
		return 0, false
	}
	for _, tab := range p.sample.Lanes[lane].Tabs {
		if tab.ID == id {
			return tab.Bytes, true
		}
	}
	return 0, false
}

// writtenTo is the same for a lane by name, 0 while it is not known.
func (p *page) writtenTo(lane string) uint64 {
	for i, l := range p.lanes {
		if l.info.Name == lane {
			bytes, _ := p.written(i)
			return bytes
		}
	}
	return 0
}

// between is how many bytes the lane has written that have not been read: in the
// kernel, on the network, in the browser and in what the tab holds. The two ends
// are looked at one after the other.
func (p *page) between(lane int) string {
	written, known := p.written(lane)
	if !known {
		return figure.None
	}
	return chart.Bytes(float64(written - min(p.lanes[lane].reader.report.TabBytes, written)))
}
