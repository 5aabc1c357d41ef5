package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"spillway/server/internal/heap"
	"spillway/server/internal/run"
	"spillway/web/chart"
	"spillway/web/page"
)

// heaps takes snapshots of the heaps of lanes, one at a time: each makes a lane
// collect its garbage, and nobody shall make it do so all the time.
type heaps struct {
	store heap.Store
	fetch func(ctx context.Context, host string, port int) ([]byte, error)
	busy  sync.Mutex // held while one is taken
}

// heapRoutes adds the page of a lane's heap, and the same for scripts.
//
// A profile tells how the server is built and what it holds, so it is for those
// who steer.
func (s *Site) heapRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /lanes/{lane}/heap", s.heapSteerers(s.heapPage))
	mux.HandleFunc("GET /lanes/{lane}/heap/{file}", s.heapSteerers(s.heapFile))
	mux.HandleFunc("GET /api/run/lanes/{lane}/heap", s.heapSteerers(s.heapList))
	mux.HandleFunc("POST /api/run/lanes/{lane}/heap", s.heapSteerers(s.takeHeap))
}

// heapSteerers lets those in who steer, where there are lanes at all.
func (s *Site) heapSteerers(do http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !s.maySteer(r):
			s.refuse(w, r, http.StatusForbidden, "Heap snapshots show what the server holds: they need the token that the server printed when it started.")
		case s.o.Replay != nil:
			s.fault(w, r, http.StatusConflict, "Nothing runs here", "This is a recording: its lanes have ended, and with them their heaps. A snapshot is taken of a lane that runs.")
		default:
			do(w, r)
		}
	}
}

// Why there is no snapshot.
var (
	errHeapBusy = errors.New("another snapshot is being taken; try again in a moment")
	errHeapDead = errors.New("the lane does not run")
)

// takeHeap takes one. A form of the page goes back to the page, which shows it.
func (s *Site) takeHeap(w http.ResponseWriter, r *http.Request) {
	taken, err := s.snapshot(r.Context(), r.PathValue("lane"))
	if err != nil {
		status := http.StatusBadGateway // the lane answers what it should not, or nothing
		switch {
		case errors.Is(err, run.ErrNoLane):
			status = http.StatusNotFound
		case errors.Is(err, errHeapBusy), errors.Is(err, errHeapDead):
			status = http.StatusConflict
		}
		s.log.Info("no heap snapshot", "lane", r.PathValue("lane"), "err", err)
		s.fault(w, r, status, "No snapshot was taken", err.Error())
		return
	}
	if wantsHTML(r) {
		http.Redirect(w, r, page.HeapLinksOf(taken.Lane).Page, http.StatusSeeOther)
		return
	}
	writeJSON(w, http.StatusOK, heapJSONOf(taken))
}

// snapshot blocks until the lane has answered.
func (s *Site) snapshot(ctx context.Context, name string) (heap.Snapshot, error) {
	if !s.heaps.busy.TryLock() {
		return heap.Snapshot{}, errHeapBusy
	}
	defer s.heaps.busy.Unlock()
	v := s.o.Control.View()
	i := laneIndex(v, name)
	if i < 0 {
		return heap.Snapshot{}, run.ErrNoLane
	}
	l, m := v.Lanes[i], v.Sample.Lanes[i]
	if l.PID == 0 {
		return heap.Snapshot{}, fmt.Errorf("%w: %s", errHeapDead, l.Status)
	}
	raw, err := s.heaps.fetch(ctx, l.Host, l.Port)
	if err != nil {
		return heap.Snapshot{}, err
	}
	profile, err := heap.Parse(raw)
	if err != nil {
		return heap.Snapshot{}, err
	}
	return s.heaps.store.Add(heap.Snapshot{
		Lane: name, RunID: v.RunID, Scenario: v.Scenario.Title, Strategy: l.Plan.Strategy, PID: l.PID,
		At: v.Elapsed, TakenAt: time.Now(), RSSBytes: m.RSS, HeapInUse: m.HeapInUse, Backlog: m.BacklogBytes,
		Profile: profile, Raw: raw,
	}), nil
}

// laneIndex is the place of a lane in the run; -1 if it is not in it.
func laneIndex(v run.View, name string) int {
	return slices.IndexFunc(v.Lanes, func(l run.LaneView) bool { return l.Name == name })
}

// heapFile sends the profile as the lane wrote it.
func (s *Site) heapFile(w http.ResponseWriter, r *http.Request) {
	number, ok := strings.CutSuffix(r.PathValue("file"), heapSuffix)
	id, err := strconv.Atoi(number)
	shot, found := s.heaps.store.Find(r.PathValue("lane"), id)
	if !ok || err != nil || !found {
		s.fault(w, r, http.StatusNotFound, "There is no such snapshot", "It may have made room for newer ones.")
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", heapFileName(shot)))
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(shot.Raw) // a client that left is no error
}

// heapSuffix is that of the files of pprof.
const heapSuffix = ".pb.gz"

// heapFileName tells snapshots apart in a folder of downloads.
func heapFileName(n heap.Snapshot) string {
	clock := strings.ReplaceAll(chart.Clock(n.At.Seconds()), ":", "-")
	return fmt.Sprintf("%s-heap-%s-%s-%d%s", n.Lane, n.RunID, clock, n.ID, heapSuffix)
}

func heapURL(n heap.Snapshot) string {
	return fmt.Sprintf("%s/%d%s", page.HeapLinksOf(n.Lane).Page, n.ID, heapSuffix)
}

// heapPage shows the newest snapshot, or ?snapshot=ID, compared with ?with=ID.
func (s *Site) heapPage(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("lane")
	v, all := s.o.Control.View(), s.heaps.store.Of(name)
	i := laneIndex(v, name)
	if i < 0 && len(all) == 0 {
		s.fault(w, r, http.StatusNotFound, "There is no such lane", fmt.Sprintf("Nothing is called %.80q in this run.", name))
		return
	}
	out := page.Heap{Assets: s.assets.urls, Lane: name, Obstacle: heapObstacle(v, i), Rate: chart.Bytes(heap.SampleEvery)}
	if i >= 0 {
		out.Strategy = v.Lanes[i].Plan.Strategy
	} else {
		out.Strategy = all[0].Strategy
	}
	for _, n := range all {
		out.Snapshots = append(out.Snapshots, heapEntry(n, all[0]))
	}
	if len(all) > 0 {
		shown, with, ok := heapChoice(r, all)
		if !ok {
			s.fault(w, r, http.StatusNotFound, "There is no such snapshot", "It may have made room for newer ones.")
			return
		}
		out.Shown = heapTable(shown, all[0])
		if with != nil {
			out.Growth = heapGrowth(*with, shown, all[0])
		}
	}
	s.render(w, r, http.StatusOK, out.Page())
}

// heapObstacle says why lane i cannot be asked now.
func heapObstacle(v run.View, i int) string {
	switch {
	case i < 0:
		return "This lane is not part of the run any more. What was taken of it stays here."
	case v.Lanes[i].PID == 0:
		return "No snapshot can be taken now: " + v.Lanes[i].Name + " does not run (" + v.Lanes[i].Status + "). What was taken before stays here."
	}
	return ""
}

// heapChoice finds what a request names. Without a name the newest is shown, and
// nothing is compared.
func heapChoice(r *http.Request, all []heap.Snapshot) (shown heap.Snapshot, with *heap.Snapshot, ok bool) {
	find := func(id string) *heap.Snapshot {
		for i := range all {
			if strconv.Itoa(all[i].ID) == id {
				return &all[i]
			}
		}
		return nil
	}
	first := &all[0]
	if id := r.URL.Query().Get("snapshot"); id != "" {
		first = find(id)
	}
	if first == nil {
		return shown, nil, false
	}
	if id := r.URL.Query().Get("with"); id != "" {
		if with = find(id); with == nil {
			return shown, nil, false
		}
	}
	return *first, with, true
}
