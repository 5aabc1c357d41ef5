package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"spillway/server/internal/replay"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
)

// maxBodyBytes bounds what a script may send.
const maxBodyBytes = 16 << 10

// api adds the routes for scripts. The page uses the same ones.
func (s *Site) api(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/run", func(w http.ResponseWriter, r *http.Request) { s.writeRun(w, r) })
	mux.HandleFunc("PATCH /api/run", s.steering(s.patch))
	mux.HandleFunc("POST /api/run/start", s.steering(func(*http.Request) error { s.o.Control.Start(); return nil }))
	mux.HandleFunc("POST /api/run/stop", s.steering(func(*http.Request) error { s.o.Control.Stop(); return nil }))
	mux.HandleFunc("POST /api/run/reset", s.steering(func(*http.Request) error { s.o.Control.Reset(); return nil }))
	mux.HandleFunc("POST /api/run/steps/play", s.steering(func(*http.Request) error { return s.o.Control.PlaySteps() }))
	mux.HandleFunc("POST /api/run/steps/continue", s.steering(func(*http.Request) error { return s.o.Control.Continue() }))
	mux.HandleFunc("POST /api/run/steps/stop", s.steering(func(*http.Request) error { return s.o.Control.StopSteps() }))
	mux.HandleFunc("GET /api/run/lanes/{lane}/readers", s.readersJSON)
	mux.HandleFunc("POST /api/run/lanes/{lane}/restart", s.steering(func(r *http.Request) error {
		return s.o.Control.RestartLane(r.PathValue("lane"))
	}))
}

// steering wraps what changes the run: who may, what went wrong, and the run as
// it is afterwards. A form of the page goes back to the page.
func (s *Site) steering(do func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.maySteer(r) {
			s.refuseSteering(w, r)
			return
		}
		if err := do(r); err != nil {
			status := statusOf(err)
			s.log.Info("request refused", "status", status, "from", r.RemoteAddr, "path", r.URL.Path, "err", err)
			s.fault(w, r, status, "That did not work", err.Error())
			return
		}
		if wantsHTML(r) {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		s.writeRun(w, r)
	}
}

func (s *Site) refuseSteering(w http.ResponseWriter, r *http.Request) {
	s.refuse(w, r, http.StatusForbidden, "Steering needs the token that the server printed when it started; without it a page watches.")
}

// errNoScenario says that a lesson does not exist.
var errNoScenario = errors.New("there is no such scenario")

func statusOf(err error) int {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, run.ErrInvalid):
		return http.StatusBadRequest
	case errors.Is(err, run.ErrNoLane), errors.Is(err, errNoScenario):
		return http.StatusNotFound
	case errors.Is(err, replay.ErrReplay), errors.Is(err, errNoReaders),
		errors.Is(err, run.ErrNotRunning), errors.Is(err, run.ErrLaneAlive),
		errors.Is(err, run.ErrNoSteps), errors.Is(err, run.ErrPlaying), errors.Is(err, run.ErrNotPlaying):
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

func (s *Site) patch(r *http.Request) error {
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBodyBytes))
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	p, err := run.ParsePatch(text)
	if err != nil {
		return err
	}
	return s.o.Control.Patch(p)
}

// runJSON is the run for scripts. Names carry their unit.
type runJSON struct {
	ID             string       `json:"id"`
	Scenario       string       `json:"scenario"`
	State          string       `json:"state"`
	ElapsedSeconds float64      `json:"elapsedSeconds"`
	Settings       run.Settings `json:"settings"`
	Produced       uint64       `json:"producedMessages"`
	Broker         brokerJSON   `json:"broker"`
	Lanes          []laneJSON   `json:"lanes"`
	Notice         string       `json:"notice,omitempty"`
	Steps          stepsJSON    `json:"steps"`
	Checks         []checkJSON  `json:"checks"`
	Log            []entryJSON  `json:"log"`
}

type brokerJSON struct {
	Kind       string `json:"kind"`
	UsedBytes  uint64 `json:"usedBytes"`
	LimitBytes uint64 `json:"limitBytes"`
	RSSBytes   uint64 `json:"rssBytes"`
	Lost       uint64 `json:"lostMessages"` // it ended with them
}

type laneJSON struct {
	Name      string   `json:"name"`
	Source    string   `json:"source"`
	Strategy  string   `json:"strategy"`
	Transport string   `json:"transport"`
	State     string   `json:"state"`
	PID       int      `json:"pid,omitempty"`
	StreamURL string   `json:"streamUrl,omitempty"`
	ExitCode  *int     `json:"exitCode"`
	Exit      string   `json:"exit,omitempty"`
	ExitLog   []string `json:"exitLog,omitempty"`
	Restarts  uint64   `json:"restarts"`

	RSSBytes         uint64 `json:"rssBytes"`
	LimitBytes       uint64 `json:"limitBytes"`
	HeapInUseBytes   uint64 `json:"heapInUseBytes"`
	HeapTotalBytes   uint64 `json:"heapTotalBytes"`
	LiveBytes        uint64 `json:"liveBytes"`
	OutsideHeapBytes uint64 `json:"outsideHeapBytes"`
	Goroutines       uint64 `json:"goroutines"`

	Readers             uint64  `json:"readers"`
	BacklogMessages     uint64  `json:"backlogMessages"`
	BacklogBytes        uint64  `json:"backlogBytes"`
	OldestSeconds       float64 `json:"oldestSeconds"`
	StalledReaders      uint64  `json:"stalledReaders"`
	LongestStallSeconds float64 `json:"longestStallSeconds"`
	SendQueueBytes      uint64  `json:"sendQueueBytes"`
	ShutReaders         uint64  `json:"shutReaders"`
	LongestShutSeconds  float64 `json:"longestShutSeconds"`
	UnseenReaders       uint64  `json:"unseenReaders,omitempty"` // of which the kernel does not tell
	Delivered           uint64  `json:"deliveredMessages"`
	DeliveredPerSecond  uint64  `json:"deliveredPerSecond"`
	BytesPerSecond      uint64  `json:"deliveredBytesPerSecond"`
	Dropped             uint64  `json:"droppedMessages"`
	Gaps                uint64  `json:"gaps"`
	Repeats             uint64  `json:"repeats"`
	HealthyAgeP50       float64 `json:"healthyAgeP50Seconds"`
	HealthyAgeP99       float64 `json:"healthyAgeP99Seconds"`
	SlowAgeP50          float64 `json:"slowAgeP50Seconds"`

	Account *accountJSON `json:"account"` // null before there is one
}

type entryJSON struct {
	AtSeconds float64 `json:"atSeconds"`
	Kind      string  `json:"kind"`
	Text      string  `json:"text"`
	Grave     bool    `json:"grave,omitempty"`
}

// stepsJSON is where the steps of the scenario are.
type stepsJSON struct {
	State        string  `json:"state"`
	ClockSeconds float64 `json:"clockSeconds"` // of the script
	Next         int     `json:"next"`         // from 0; count at the end
	Count        int     `json:"count"`
}

// checkJSON is how a rule of the scenario stands.
type checkJSON struct {
	Metric string `json:"metric"`
	Rule   string `json:"rule"`
	Seen   string `json:"seen"`
	Holds  bool   `json:"holds"`
}

func (s *Site) writeRun(w http.ResponseWriter, r *http.Request) {
	v := s.o.Control.View()
	out := runJSON{
		ID:             v.RunID,
		Scenario:       v.Scenario.Name,
		State:          v.State.String(),
		ElapsedSeconds: round(v.Elapsed.Seconds()),
		Settings:       v.Settings,
		Produced:       v.Sample.Produced,
		Broker:         brokerJSON{brokerKind(v.Broker), v.Sample.BrokerUsed, v.Sample.BrokerLimit, v.Sample.BrokerRSS, v.Lost},
		Notice:         strings.TrimSpace(v.Notice.Text),
		Log:            []entryJSON{},
		Steps:          stepsJSON{v.Script.State.String(), round(v.Script.Clock.Seconds()), v.Script.Next, len(v.Script.Steps)},
		Checks:         []checkJSON{},
	}
	for _, c := range v.Checks {
		out.Checks = append(out.Checks, checkJSON{c.Name, c.Rule, c.Seen, c.Holds})
	}
	for i, l := range v.Lanes {
		out.Lanes = append(out.Lanes, laneOf(l, v.Sample.Lanes[i], hostOf(r)))
	}
	for _, e := range v.Log {
		out.Log = append(out.Log, entryJSON{round(e.At.Seconds()), e.Kind.String(), e.Text, e.Grave})
	}
	writeJSON(w, http.StatusOK, out)
}

func laneOf(l run.LaneView, m wire.LaneSample, host string) laneJSON {
	out := laneJSON{
		Name: l.Name, Source: l.Plan.Source, Strategy: l.Plan.Strategy, Transport: l.Plan.Transport,
		State: l.State.String(), PID: l.PID, Restarts: m.Restarts,
		RSSBytes: m.RSS, LimitBytes: m.Limit, HeapInUseBytes: m.HeapInUse, HeapTotalBytes: m.HeapTotal,
		LiveBytes: m.Live, OutsideHeapBytes: m.OutsideHeap, Goroutines: m.Goroutines,
		Readers: m.Readers, BacklogMessages: m.BacklogCount, BacklogBytes: m.BacklogBytes, OldestSeconds: seconds(m.OldestMicros),
		StalledReaders: m.Stalled, LongestStallSeconds: seconds(m.StallMicros),
		SendQueueBytes: m.SendQueue, ShutReaders: m.Shut, LongestShutSeconds: seconds(m.ShutMicros), UnseenReaders: m.Unseen,
		Delivered: m.Delivered, DeliveredPerSecond: m.PerSecond, BytesPerSecond: m.BytesPerSec,
		Dropped: m.Dropped, Gaps: m.Gaps, Repeats: m.Repeats,
		HealthyAgeP50: seconds(m.HealthyP50), HealthyAgeP99: seconds(m.HealthyP99), SlowAgeP50: seconds(m.SlowP50),
		Account: accountJSONOf(m.Account),
	}
	if l.PID != 0 {
		out.StreamURL = l.StreamURL(host)
	}
	if l.Exit != nil {
		out.ExitCode, out.Exit, out.ExitLog = &l.Exit.Code, l.Exit.String(), l.Exit.LogTail
	}
	return out
}

func seconds(micros uint64) float64 { return (time.Duration(micros) * time.Microsecond).Seconds() }

// round keeps milliseconds.
func round(s float64) float64 { return float64(int64(s*1000+0.5)) / 1000 }

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // a client that left is no error
}

func writeError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, struct {
		Error string `json:"error"`
	}{text})
}
