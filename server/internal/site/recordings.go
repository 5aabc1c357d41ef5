package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"time"

	"spillway/server/internal/comparison"
	"spillway/server/internal/outcome"
	"spillway/server/internal/record"
	"spillway/server/internal/replay"
	"spillway/server/internal/report"
	"spillway/server/internal/run"
	"spillway/web/chart"
	"spillway/web/component"
	"spillway/web/page"
)

// Recordings are the runs that were written down; *record.Store is one.
type Recordings interface {
	List() []record.Info
	Open(id string) (io.ReadCloser, record.Info, error)
}

// Replay moves through a recording; *replay.Player is one.
type Replay interface {
	State() replay.State
	Seek(at time.Duration)
	SetSpeed(speed float64) error
}

func (s *Site) recordingsOf(steer bool) []page.Recording {
	if s.o.Recordings == nil || !steer {
		return nil
	}
	var out []page.Recording
	for _, r := range s.o.Recordings.List() {
		out = append(out, page.Recording{
			Title:    r.Title,
			When:     r.StartedAt.Local().Format("2 January 2006, 15:04"),
			Length:   chart.Clock(r.Length.Seconds()),
			Size:     chart.Bytes(float64(r.Bytes)),
			Download: s.recordingURL(r.ID, ""),
			Report:   s.recordingURL(r.ID, "/report"),
		})
	}
	return out
}

// recordingURL is where the recording of a run is found, or with a suffix what
// is made of it; empty while there is none.
func (s *Site) recordingURL(runID, suffix string) string {
	if s.o.Recordings == nil || runID == "" {
		return ""
	}
	return "/recordings/" + runID + suffix
}

// openRecording opens one, or says why it cannot.
//
// A recording holds the speaker's notes and all answers, so it is for those who
// steer.
func (s *Site) openRecording(w http.ResponseWriter, r *http.Request) (io.ReadCloser, record.Info, bool) {
	if !s.maySteer(r) {
		s.refuse(w, r, http.StatusForbidden, "Recordings hold the speaker's notes: they need the token that the server printed when it started.")
		return nil, record.Info{}, false
	}
	file, info, err := s.o.Recordings.Open(r.PathValue("id"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.fault(w, r, http.StatusNotFound, "There is no such recording", "It may have made room for newer ones; those that are there are under /lessons.")
	case err != nil:
		s.log.Warn("recording cannot be read", "id", r.PathValue("id"), "err", err)
		s.fault(w, r, http.StatusInternalServerError, "That did not work", "The recording cannot be read.")
	}
	return file, info, err == nil
}

// report shows a recording as one page, also while the run goes on. Its style is
// in the page itself, and nothing else is allowed to it.
func (s *Site) report(w http.ResponseWriter, r *http.Request) {
	file, info, ok := s.openRecording(w, r)
	if !ok {
		return
	}
	defer file.Close()
	rec, err := record.Read(file, record.ReadOptions{Vocabulary: comparison.Vocabulary})
	if err != nil {
		s.log.Warn("recording cannot be read", "id", info.ID, "err", err)
		s.fault(w, r, http.StatusInternalServerError, "That did not work", "The recording cannot be read: "+err.Error()+".")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	if err := report.Write(w, rec, outcome.Of(rec)); err != nil {
		s.log.Info("report not delivered", "to", r.RemoteAddr, "err", err)
	}
}

// recording sends one as a file.
func (s *Site) recording(w http.ResponseWriter, r *http.Request) {
	file, info, ok := s.openRecording(w, r)
	if !ok {
		return
	}
	defer file.Close()
	name := fmt.Sprintf("%s-%s.ndjson", info.Scenario, info.StartedAt.Local().Format("2006-01-02-1504"))
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
	w.Header().Set("Cache-Control", "no-store")
	if _, err := io.Copy(w, file); err != nil {
		s.log.Info("recording not delivered", "to", r.RemoteAddr, "err", err)
	}
}

// replayChange is what a page asks of a replay. What is not there stays.
type replayChange struct {
	Playing   *bool    `json:"playing"`
	AtSeconds *float64 `json:"atSeconds"`
	Speed     *float64 `json:"speed"`
}

// moveReplay changes where a replay is, and how fast it goes.
func (s *Site) moveReplay(r *http.Request) error {
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBodyBytes))
	if err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	var c replayChange
	if err := json.Unmarshal(text, &c); err != nil {
		return fmt.Errorf("%w: want an object with playing, atSeconds or speed", run.ErrInvalid)
	}
	if c.Speed != nil {
		if err := s.o.Replay.SetSpeed(*c.Speed); err != nil {
			return fmt.Errorf("%w: %w", run.ErrInvalid, err)
		}
	}
	if c.AtSeconds != nil {
		s.o.Replay.Seek(time.Duration(*c.AtSeconds * float64(time.Second)))
	}
	switch {
	case c.Playing == nil:
	case *c.Playing:
		s.o.Control.Start()
	default:
		s.o.Control.Stop()
	}
	return nil
}

func replayStateOf(s replay.State) component.ReplayState {
	return component.ReplayState{At: s.At, Playing: s.Playing, Speed: s.Speed}
}
