package run

import (
	"encoding/json"
	"net"
	"strconv"

	"spillway/scenarios/script"
	"spillway/server/internal/hop"
	"spillway/server/internal/supervisor"
)

// hopTitles are the hops as stations on the way of the data.
var hopTitles = map[script.Hop]string{
	script.HopProxy:     "a proxy",
	script.HopBuffering: "a proxy that buffers",
}

// hopRun is the proxy in front of one lane. Control.mu guards it.
type hopRun struct {
	kept   bool                // for this session
	proc   *supervisor.Process // nil while there is none
	port   int                 // kept over restarts, so that tabs find it again; 0 before it first listened
	report hop.Report          // of this process
}

// keepHop has a proxy in front of a lane whose scenario wants one, from the first
// time that the lane listens to the end of the session: the lane keeps its port.
// Control.mu is held.
func (s *session) keepHop(l *laneRun) {
	if l.plan.Hop == "" || l.hop.kept {
		return
	}
	l.hop.kept = true
	s.wg.Go(func() { s.keep("proxy of "+l.name, func() supervisor.Spec { return s.hopSpec(l) }, &l.hop.proc) })
}

// hopSpec is the process. Control.mu is held.
func (s *session) hopSpec(l *laneRun) supervisor.Spec {
	l.hop.report = hop.Report{}
	return supervisor.Spec{
		Name:       "proxy of " + l.name,
		Args:       []string{"hop"},
		LimitBytes: s.settings.Lanes[l.name].LimitBytes, // one that buffers ends there, like a lane
		Config: hop.Config{
			Lane:   l.name,
			Listen: net.JoinHostPort(s.c.o.LaneHost, strconv.Itoa(l.hop.port)),
			Target: net.JoinHostPort(s.c.laneHost(), strconv.Itoa(l.port)),
			Mode:   hop.Mode(l.plan.Hop),
		},
		OnReport: func(line json.RawMessage) {
			var r hop.Report
			if err := json.Unmarshal(line, &r); err != nil {
				s.log.Warn("report not understood", "process", "proxy of "+l.name, "err", err)
				return
			}
			s.c.mu.Lock()
			defer s.c.mu.Unlock()
			l.hop.report = r
		},
	}
}

// up tells whether readers find somebody at the door, and learns where it is.
func (h *hopRun) up() bool {
	if h.proc == nil {
		return false
	}
	if h.port == 0 {
		var ready hop.Ready
		_ = json.Unmarshal(h.proc.ReadyValue(), &ready) // an empty address shows as one
		_, port, _ := net.SplitHostPort(ready.Addr)
		h.port, _ = strconv.Atoi(port)
	}
	return h.port != 0
}

// hopFigures is what the proxy of a lane takes: memory of its process, and bytes
// that lie in it, in the kernel and its own memory, with the framing of HTTP.
func (l *laneRun) hopFigures() (rss, bytes uint64) {
	if !l.hop.up() {
		return 0, 0
	}
	if p, ok := l.hop.proc.Sample(); ok {
		rss = uint64(p.RSSBytes)
	}
	r := l.hop.report
	return rss, r.FromLane + r.HeldBytes + r.ToReaders
}

// readPort is where readers connect: to the lane, or to what stands in front of
// it. 0 before that first listened.
func (l *laneRun) readPort() int {
	if l.plan.Hop == "" {
		return l.port
	}
	l.hop.up()
	return l.hop.port
}

// open tells whether readers that connect there find a lane.
func (l *laneRun) open() bool {
	return l.proc != nil && !l.ended() && (l.plan.Hop == "" || l.hop.up())
}
