package site

import (
	"net/http"

	"spillway/server/internal/lane"
	"spillway/wasm/wire"
)

// codeJSON is the same for scripts. Asking lets the lane look for ten seconds; a
// script that has just begun to ask finds nothing yet.
func (s *Site) codeJSON(w http.ResponseWriter, r *http.Request) {
	_, l, ok := s.laneOfPath(w, r)
	if !ok {
		return
	}
	out := codeJSON{Strategy: l.Plan.Strategy, Files: fileNames(l), Parked: []parkedJSON{}}
	if l.State == wire.StateRunning && l.Code != nil {
		out.Looked, out.TooMany = !l.Code.TooMany, l.Code.TooMany
		out.Goroutines, out.CostMicros, out.Deep = l.Code.Goroutines, l.Code.CostMicros, l.Code.Deep
		for _, p := range l.Code.Parked {
			out.Parked = append(out.Parked, parkedOf(p))
		}
	}
	writeJSON(w, http.StatusOK, out)
}

type codeJSON struct {
	Strategy   string       `json:"strategy"`
	Files      []string     `json:"files"`
	Looked     bool         `json:"looked"` // else there is nothing below
	TooMany    bool         `json:"tooMany"`
	Goroutines uint64       `json:"goroutines"`
	CostMicros uint64       `json:"costMicros"`
	Deep       uint64       `json:"tooDeep"`
	Parked     []parkedJSON `json:"parked"`
}

type placeJSON struct {
	File string `json:"file"`
	Line uint64 `json:"line"`
	Func string `json:"func"`
	Text string `json:"text"`
}

type parkedJSON struct {
	placeJSON
	Reason string      `json:"reason"`
	Count  uint64      `json:"count"`
	Via    []placeJSON `json:"via,omitempty"`
}

func parkedOf(p lane.Parked) parkedJSON {
	place := func(at lane.Place) placeJSON { return placeJSON{at.File, at.Line, at.Func, textOf(at)} }
	out := parkedJSON{placeJSON: place(p.Place), Reason: p.Reason, Count: p.Count}
	for _, at := range p.Via {
		out.Via = append(out.Via, place(at))
	}
	return out
}
