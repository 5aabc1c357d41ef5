package site

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"spillway/scenarios/script"
	"spillway/server/internal/client"
	"spillway/server/internal/comparison"
	"spillway/server/internal/heap"
	"spillway/server/internal/library"
	"spillway/server/internal/run"
	"spillway/wasm/wire"
	"spillway/web/page"
)

// Options are what a Site needs.
type Options struct {
	Control    Control
	Client     client.Files
	Static     fs.FS            // app.css and the like
	Library    *library.Library // the lessons; nil: none, as beside a recording
	Folder     string           // of the person's own scenarios, as they named it; empty: none
	Vocabulary script.Vocabulary
	Comparison *comparison.Desk // nil: no strategies are compared, as beside a recording
	Recordings Recordings       // nil: none are made
	Readers    Readers          // nil: nobody looks at single readers, as beside a recording
	Looking    Looking          // nil: nobody looks into lanes, as beside a recording
	Replay     Replay           // nil: the Control is that of a run
	Loopback   bool             // nobody but this machine can connect
	Token      string           // lets its bearer steer; used beyond loopback only
	Log        *slog.Logger
}

// Control is what a Site needs of the run; *run.Control is one. It may be called
// from any goroutine.
type Control interface {
	View() run.View
	History() wire.History

	Start()
	Stop()
	Reset()
	Patch(run.Patch) error
	RestartLane(name string) error

	// Play changes the scenario and begins it, with its steps or without.
	Play(s script.Scenario, steps bool) error
	// PlaySteps plays the steps in the run as it is.
	PlaySteps() error
	// Continue goes on where a step waits for the presenter.
	Continue() error
	StopSteps() error

	// Wake begins a run that rests because nobody watched.
	Wake()
	// Join counts a viewer until leave is called.
	Join() (leave func())
	// Reader takes what a tab's reader has received, ReaderGone forgets the tab.
	Reader(tab uint64, r wire.Reader) error
	ReaderGone(tab uint64)
}

// Site serves pages and API. Create it with New, and call Changed whenever the
// run has changed.
type Site struct {
	o        Options
	log      *slog.Logger
	assets   assets
	hub      *hub
	heaps    heaps
	accounts accounts
	order    readerOrder
}

// New returns a Site. Run must be called for pages to be live.
func New(o Options) (*Site, error) {
	a, err := newAssets(o.Static, o.Client)
	if err != nil {
		return nil, err
	}
	s := &Site{o: o, log: o.Log, assets: a, heaps: heaps{fetch: heap.Fetch}}
	s.hub = newHub(s)
	return s, nil
}

// Run keeps pages live until ctx is done, then closes their connections and
// waits for them.
func (s *Site) Run(ctx context.Context) { s.hub.run(ctx) }

// Changed says that the run has changed. It never blocks.
func (s *Site) Changed() { s.hub.wake() }

// Handler returns everything that is served on the page's port.
func (s *Site) Handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{s.o.Control})

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.stage)
	mux.Handle("GET /static/", s.assets)
	mux.HandleFunc("GET /hub", s.hub.serve)
	mux.HandleFunc("GET /lanes/{name}/open", s.openLane)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	s.api(mux)
	s.heapRoutes(mux)
	s.codeRoutes(mux)
	mux.HandleFunc("GET /lanes/{lane}/account", s.accountOver)
	s.readerRoutes(mux)
	if s.o.Library != nil {
		s.lessons(mux)
	}
	if s.o.Comparison != nil {
		s.compareRoutes(mux)
	}
	if s.o.Recordings != nil {
		mux.HandleFunc("GET /recordings/{id}", s.recording)
		mux.HandleFunc("GET /recordings/{id}/report", s.report)
	}
	if s.o.Replay != nil {
		mux.HandleFunc("PATCH /api/replay", s.steering(s.moveReplay))
	}
	s.profiles(mux)
	return s.guard(s.route(mux))
}

// profiles adds the standard profiles of this process. They show memory, so they
// stay on this machine, whoever may steer.
func (s *Site) profiles(mux *http.ServeMux) {
	for path, h := range map[string]http.HandlerFunc{
		"/debug/pprof/":        pprof.Index,
		"/debug/pprof/cmdline": pprof.Cmdline,
		"/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol":  pprof.Symbol,
		"/debug/pprof/trace":   pprof.Trace,
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			if !isLoopbackName(remoteOf(r)) || !isLoopbackName(hostOf(r)) {
				s.refuse(w, r, http.StatusForbidden, "Profiles are served on this machine only.")
				return
			}
			h(w, r)
		})
	}
}

// methods are those that any route takes.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost}

// route answers what no route of mux takes: 405 where another method would do,
// else 404.
func (s *Site) route(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		var allowed []string
		for _, method := range methods {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			s.notFound(w, r)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		s.fault(w, r, http.StatusMethodNotAllowed, "Not this way", fmt.Sprintf("%.80q takes %s, not %.20s.", r.URL.Path, strings.Join(allowed, " or "), r.Method))
	})
}

// stage shows the run as it is, and wakes it if it rests.
func (s *Site) stage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("token") {
		s.takeToken(w, r)
		return
	}
	if s.isCompared(s.o.Control.View()) {
		s.compareAway(w, r)
		return
	}
	s.o.Control.Wake()
	view := s.stageOf(s.o.Control.View(), s.maySteer(r), hostOf(r))
	s.render(w, r, http.StatusOK, view.Page())
}

func (s *Site) notFound(w http.ResponseWriter, r *http.Request) {
	text := fmt.Sprintf("This server has no page %.80q.", r.URL.Path)
	if strings.HasPrefix(r.URL.Path, "/api/") {
		text = fmt.Sprintf("There is no %.80q. The one run of this server is /api/run.", r.URL.Path)
	}
	s.fault(w, r, http.StatusNotFound, "There is nothing here", text)
}

// fault answers a person with a page and a program with a line of JSON.
func (s *Site) fault(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	if !wantsHTML(r) {
		writeError(w, status, text)
		return
	}
	s.render(w, r, status, page.Fault{Assets: s.assets.urls, Status: status, Title: title, Text: text}.Page())
}
