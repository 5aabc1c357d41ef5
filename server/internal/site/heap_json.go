package site

import (
	"net/http"
	"time"

	"spillway/server/internal/heap"
	"spillway/server/internal/run"
)

// heapJSON is a snapshot for scripts. Figures of the profile are estimates from
// its samples; those of the run are of the sample before it.
type heapJSON struct {
	ID             int            `json:"id"`
	Lane           string         `json:"lane"`
	Run            string         `json:"run"`
	PID            int            `json:"pid"`
	AtSeconds      float64        `json:"atSeconds"` // of the run
	TakenAt        time.Time      `json:"takenAt"`
	RSSBytes       uint64         `json:"rssBytes"`
	HeapInUseBytes uint64         `json:"heapInUseBytes"` // garbage included
	BacklogBytes   uint64         `json:"backlogBytes"`
	ProfileBytes   int64          `json:"profileBytes"` // in use, as the profile counts
	ProfileObjects int64          `json:"profileObjects"`
	SampleEvery    int64          `json:"sampleEveryBytes"`
	Sentence       string         `json:"sentence"`
	Download       string         `json:"download"` // path of the file for go tool pprof
	Sites          []heapSiteJSON `json:"sites"`    // all, by bytes
}

type heapSiteJSON struct {
	Function string  `json:"function"`
	File     string  `json:"file"`
	Line     int64   `json:"line"`
	From     string  `json:"from,omitempty"` // the line of this program that leads there
	What     string  `json:"what"`
	Own      bool    `json:"own"` // the line is of this program
	Bytes    int64   `json:"bytes"`
	Objects  int64   `json:"objects"`
	Share    float64 `json:"share"` // 0 to 1
}

func heapJSONOf(n heap.Snapshot) heapJSON {
	out := heapJSON{
		ID: n.ID, Lane: n.Lane, Run: n.RunID, PID: n.PID, AtSeconds: round(n.At.Seconds()), TakenAt: n.TakenAt,
		RSSBytes: n.RSSBytes, HeapInUseBytes: n.HeapInUse, BacklogBytes: n.Backlog,
		ProfileBytes: n.Bytes, ProfileObjects: n.Objects, SampleEvery: n.SampleEvery,
		Sentence: heapSentence(n), Download: heapURL(n), Sites: []heapSiteJSON{},
	}
	for _, site := range n.Sites {
		out.Sites = append(out.Sites, heapSiteJSON{
			Function: site.Function, File: site.File, Line: site.Line, From: heapFrom(site), What: site.Part.String(),
			Own: site.Own(), Bytes: site.Bytes, Objects: site.Objects, Share: round(n.Share(site.Bytes)),
		})
	}
	return out
}

// heapList answers with the snapshots of a lane, the newest first.
func (s *Site) heapList(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("lane")
	all := s.heaps.store.Of(name)
	if len(all) == 0 && laneIndex(s.o.Control.View(), name) < 0 {
		s.fault(w, r, http.StatusNotFound, "There is no such lane", run.ErrNoLane.Error())
		return
	}
	out := struct {
		Snapshots []heapJSON `json:"snapshots"`
	}{[]heapJSON{}}
	for _, n := range all {
		out.Snapshots = append(out.Snapshots, heapJSONOf(n))
	}
	writeJSON(w, http.StatusOK, out)
}
