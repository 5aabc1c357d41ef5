package site

import (
	"errors"
	"fmt"
	"net/http"

	"spillway/server/internal/run"
	"spillway/server/internal/strategy"
	"spillway/web/component"
)

// Looking has lanes look where their goroutines wait; *run.Control does.
type Looking interface {
	// Look lets a lane look for a few seconds, though nobody watches.
	Look(lane string) error
	// LookAnyway lets it look however many goroutines there are.
	LookAnyway(lane string) error
}

// codeRoutes adds what shows the code of the lanes. Anybody who watches may see
// it: it is the same in every copy of this program.
func (s *Site) codeRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /code", s.looking(s.codePage))
	mux.HandleFunc("GET /code/lanes/{lane}", s.looking(s.codeListing))
	mux.HandleFunc("GET /code/lanes/{lane}/now", s.looking(s.codeNow))
	mux.HandleFunc("GET /api/run/lanes/{lane}/code", s.looking(s.codeJSON))
	mux.HandleFunc("POST /api/run/lanes/{lane}/code", s.steering(func(r *http.Request) error {
		if s.o.Looking == nil {
			return run.ErrNotRunning
		}
		return s.o.Looking.LookAnyway(r.PathValue("lane"))
	}))
}

// looking lets those in who ask where there is something to look at.
func (s *Site) looking(do http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.o.Looking == nil {
			s.fault(w, r, http.StatusConflict, "Nothing runs here", "This is a recording: its lanes have ended, and nothing waits in their code any more.")
			return
		}
		do(w, r)
	}
}

// laneOfPath is the lane that a request names; it looks from now on. Without one
// the request has been answered. A run that has ended still has its lanes.
func (s *Site) laneOfPath(w http.ResponseWriter, r *http.Request) (run.View, run.LaneView, bool) {
	name := r.PathValue("lane")
	if err := s.o.Looking.Look(name); err != nil && !errors.Is(err, run.ErrNotRunning) {
		s.fault(w, r, statusOf(err), "There is nothing here", fmt.Sprintf("There is no lane %.40q in this run.", name))
		return run.View{}, run.LaneView{}, false
	}
	v := s.o.Control.View()
	for _, l := range v.Lanes {
		if l.Name == name {
			return v, l, true
		}
	}
	s.fault(w, r, http.StatusNotFound, "There is nothing here", fmt.Sprintf("There is no lane %.40q in this run.", name))
	return run.View{}, run.LaneView{}, false
}

// codeListing is the source of a lane's strategy, for a page that has it opened.
func (s *Site) codeListing(w http.ResponseWriter, r *http.Request) {
	if _, l, ok := s.laneOfPath(w, r); ok {
		s.render(w, r, http.StatusOK, component.CodeListing(filesOf(l)))
	}
}

// codeNow is what changes each second, for a page without the hub.
func (s *Site) codeNow(w http.ResponseWriter, r *http.Request) {
	if _, l, ok := s.laneOfPath(w, r); ok {
		s.render(w, r, http.StatusOK, component.CodeLive(codeOf(l, "")))
	}
}

// codeOf is the fold of a lane's card; other is a lane to compare with, if there
// is one.
func codeOf(l run.LaneView, other string) component.Code {
	return component.Code{
		Lane:    l.Name,
		Listing: "/code/lanes/" + l.Name,
		Page:    component.CodePage(l.Name, other),
		Other:   other,
		Now:     codeNowOf(l),
		Cost:    codeCostOf(l),
	}
}

func codeCostOf(l run.LaneView) component.CodeCost {
	if l.Code == nil {
		return component.CodeCost{}
	}
	return component.CodeCost{Micros: l.Code.CostMicros}
}

// filesOf is the source of a lane's strategy.
func filesOf(l run.LaneView) []component.CodeFile {
	var out []component.CodeFile
	for _, name := range fileNames(l) {
		out = append(out, fileOf(l.Name, name, component.Same))
	}
	return out
}

func fileOf(lane, name string, change component.Change) component.CodeFile {
	text, _ := strategy.Text(name)
	file := component.CodeFile{Lane: lane, Name: name}
	for i, html := range component.Highlight(text) {
		file.Lines = append(file.Lines, component.CodeLine{Number: i + 1, HTML: html, Change: change})
	}
	return file
}

// otherLane is the lane that is usually compared with this one: the first that
// runs something else.
func otherLane(v run.View, i int) string {
	name := ""
	for j, l := range v.Lanes {
		if j == i {
			continue
		}
		if l.Plan.Strategy != v.Lanes[i].Plan.Strategy {
			return l.Name
		}
		if name == "" {
			name = l.Name
		}
	}
	return name
}
