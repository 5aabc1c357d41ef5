package site

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"spillway/scenarios/script"
	"spillway/server/internal/client"
	"spillway/server/internal/run"
	"spillway/web/page"
)

// Options are what a Site needs.
type Options struct {
	Control  *run.Control
	Client   client.Files
	Static   fs.FS             // app.css and the like
	Lessons  []script.Scenario // in the order of the picker
	Loopback bool              // nobody but this machine can connect
	Token    string            // lets its bearer steer; used beyond loopback only
	Log      *slog.Logger
}

// Site serves pages and API. Create it with New, and call Changed whenever the
// run has changed.
type Site struct {
	o      Options
	log    *slog.Logger
	assets assets
	hub    *hub
}

// New returns a Site. Run must be called for pages to be live.
func New(o Options) (*Site, error) {
	a, err := newAssets(o.Static, o.Client)
	if err != nil {
		return nil, err
	}
	s := &Site{o: o, log: o.Log, assets: a}
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
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	s.api(mux)
	mux.HandleFunc("/", s.notFound)
	return s.guard(mux)
}

// stage shows the run as it is, and wakes it if it rests.
func (s *Site) stage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Has("token") {
		s.takeToken(w, r)
		return
	}
	s.o.Control.Wake()
	view := s.stageOf(s.o.Control.View(), s.maySteer(r), hostOf(r))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store") // it shows this moment
	if err := view.Page().Render(r.Context(), w); err != nil {
		s.log.Info("page not delivered", "to", r.RemoteAddr, "err", err)
	}
}

func (s *Site) notFound(w http.ResponseWriter, r *http.Request) {
	s.fault(w, r, http.StatusNotFound, "There is nothing here", fmt.Sprintf("This server has no page %.80q.", r.URL.Path))
}

// fault answers a person with a page and a program with a line of JSON.
func (s *Site) fault(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	if !wantsHTML(r) {
		writeError(w, status, text)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	f := page.Fault{Assets: s.assets.urls, Status: status, Title: title, Text: text}
	if err := f.Page().Render(r.Context(), w); err != nil {
		s.log.Info("page not delivered", "to", r.RemoteAddr, "err", err)
	}
}
