package site

import (
	"net/http"
	"net/url"

	"spillway/server/internal/run"
)

// acceptPath is where a person goes to accept the certificate of a lane; empty
// for a lane without one.
func acceptPath(l run.LaneView) string {
	if !l.Secure {
		return ""
	}
	return "/lanes/" + url.PathEscape(l.Name) + "/open"
}

// openLane leads to the lane's own page, under the name by which this one was
// found. The port of a lane changes from run to run, so the link does not have
// it.
func (s *Site) openLane(w http.ResponseWriter, r *http.Request) {
	for _, l := range s.o.Control.View().Lanes {
		if l.Name != r.PathValue("name") || !l.Secure {
			continue
		}
		if l.PID == 0 {
			s.fault(w, r, http.StatusConflict, "Not now", "The lane "+l.Name+" does not listen now. Start the run, then try again.")
			return
		}
		http.Redirect(w, r, l.Origin(hostOf(r))+"/", http.StatusSeeOther)
		return
	}
	s.fault(w, r, http.StatusNotFound, "No such lane", "There is no lane with TLS of this name in this run.")
}

// curl is the command that reads a stream as it comes. Of a lane with TLS it
// takes the certificate as it is.
func curl(l run.LaneView) string {
	if l.Secure {
		return "curl -Nk"
	}
	return "curl -N"
}
