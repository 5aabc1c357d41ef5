package site

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"spillway/scenarios/script"
	"spillway/server/internal/library"
	"spillway/server/internal/run"
	"spillway/web/page"
)

// lessons adds the pages around lessons, and what their editor asks for.
func (s *Site) lessons(mux *http.ServeMux) {
	mux.HandleFunc("GET /lessons", s.gallery)
	mux.HandleFunc("GET /lessons/{name}", s.lesson)
	mux.HandleFunc("GET /lessons/{name}/file", s.lessonFile)
	mux.HandleFunc("GET /edit", s.editor)
	mux.HandleFunc("POST /api/scenario/check", s.checkScript)
	mux.HandleFunc("POST /api/run/script", s.runScript)
	mux.HandleFunc("POST /api/run/scenario/{name}", s.steering(s.playLesson))
}

// addLessons fills in what the stage says of lessons. A page of a recording has
// none. A text from the editor leads back to it, where the tab has kept it.
func (s *Site) addLessons(out *page.Stage, current string, steer bool) {
	if s.o.Library == nil {
		return
	}
	out.Lesson.All = "/lessons"
	if steer && current == library.EditedName("") {
		out.Lesson.Edit = "/edit"
	}
	for _, l := range s.o.Library.Lessons() {
		if !l.Playable() {
			continue
		}
		links := page.LinksOf(l.Name)
		out.Lessons = append(out.Lessons, page.Choice{Name: l.Title(), Action: links.ByHand, Current: l.Name == current})
		if l.Name == current {
			out.Lesson.Number = len(out.Lessons)
		}
		if steer && (l.Name == current || library.EditedName(l.Name) == current && out.Lesson.Edit == "") {
			out.Lesson.Edit = links.Edit
		}
	}
}

func (s *Site) gallery(w http.ResponseWriter, r *http.Request) {
	out := page.Gallery{
		Assets:     s.assets.urls,
		Steer:      s.maySteer(r),
		Tag:        r.URL.Query().Get("tag"),
		Trouble:    s.o.Library.Trouble(),
		Folder:     s.o.Folder,
		Recordings: s.recordingsOf(s.maySteer(r)),
		Compare:    s.compareURL(),
	}
	for _, g := range s.o.Library.Groups() {
		out.Groups = append(out.Groups, page.Group{Title: g.Title, About: g.About})
	}
	current := s.o.Control.View().Scenario.Name
	for _, l := range s.o.Library.Lessons() {
		out.Cards = append(out.Cards, page.Card{
			Name: l.Name, Title: l.Title(), About: l.Scenario.About, Minutes: l.Scenario.Minutes, Tags: l.Scenario.Tags,
			Group: l.Group, Rules: len(l.Scenario.Thresholds), Own: l.Own, Current: l.Name == current,
			Shape: shapeOf(l.Shape), Problems: problemsOf(l.Errors),
		})
	}
	s.render(w, r, http.StatusOK, out.Page())
}

func (s *Site) lesson(w http.ResponseWriter, r *http.Request) {
	l, ok := s.find(w, r, r.PathValue("name"))
	if !ok {
		return
	}
	out := page.Scenario{
		Assets: s.assets.urls, Steer: s.maySteer(r), Name: l.Name, Own: l.Own, Path: l.Path,
		Command: s.o.Library.Command(l), Shape: shapeOf(l.Shape), Problems: problemsOf(l.Errors),
		Current: l.Name == s.o.Control.View().Scenario.Name,
	}
	if out.Steer {
		out.Text = string(l.Text)
	}
	for i, other := range s.o.Library.Lessons() {
		if other.Name == l.Name {
			out.Number = i + 1
		}
	}
	if l.Playable() {
		describe(&out, l.Scenario, s.o.Vocabulary)
	}
	s.render(w, r, http.StatusOK, out.Page())
}

// describe says a valid scenario in words.
func describe(out *page.Scenario, sc script.Scenario, v script.Vocabulary) {
	words := library.Describe(sc, v)
	out.Title, out.About, out.Question = sc.Title, sc.About, sc.Question
	out.Minutes, out.Tags, out.Load = sc.Minutes, sc.Tags, words.Load
	for _, l := range words.Lanes {
		out.Lanes = append(out.Lanes, page.ScenarioLane(l))
	}
	for _, g := range words.Readers {
		out.Readers = append(out.Readers, page.ReaderRow(g))
	}
	for _, r := range words.Rules {
		out.Rules = append(out.Rules, page.Rule(r))
	}
	for _, g := range sc.Ghosts {
		out.Ghosts = append(out.Ghosts, page.GhostNote{Lane: g.Lane, Caption: g.Caption})
	}
	for i, step := range sc.Steps {
		row := page.StepRow{When: words.Steps[i].When, What: words.Steps[i].What, Say: step.Say, Note: step.Note, Line: step.Line}
		if p := step.Predict; p != nil {
			row.Ask = &page.Prediction{Question: p.Question, Options: p.Options, Answer: p.Answer, Because: p.Because}
		}
		out.Steps = append(out.Steps, row)
	}
}

func (s *Site) lessonFile(w http.ResponseWriter, r *http.Request) {
	l, ok := s.findFile(w, r, r.PathValue("name"))
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/yaml")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", l.Name+".yaml"))
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(l.Text) // a client that left is no error
}

func (s *Site) editor(w http.ResponseWriter, r *http.Request) {
	from := r.URL.Query().Get("from")
	query := "?from=" + url.QueryEscape(from)
	out := page.Editor{
		Assets: s.assets.urls, Steer: s.maySteer(r), From: from, FileName: library.EditedName(from) + ".yaml",
		Check: "/api/scenario/check" + query, Run: "/api/run/script" + query, Text: blank,
	}
	if from != "" {
		l, ok := s.findFile(w, r, from)
		if !ok {
			return
		}
		out.Title, out.Text = l.Title(), string(l.Text)
	}
	checked := s.o.Library.Check(from, []byte(out.Text))
	out.Summary, out.Problems = checked.Summary, problemsOf(checked.Errors)
	s.render(w, r, http.StatusOK, out.Page())
}

// blank is what a new scenario begins with: the least that can be run.
const blank = `version: 1
title: My scenario
lanes:
  push:
    source: redis-pubsub
    strategy: push-buffered
    transport: sse
  pull:
    source: redis-stream
    strategy: pull-drain
    transport: sse
workload:
  kind: fixed
  rate: 10/s
  size: 4KiB
readers:
  slow: {count: 100}
  healthy: {count: 10, steady: true}
steps:
  - at: 5s
    set: {throttle: 4KB/s}
    say: The readers are slow now.
  - at: 30s
    set: {throttle: none}
thresholds:
  gaps{lane:pull}: count == 0
`

// find is the lesson, or a page that says that there is none.
func (s *Site) find(w http.ResponseWriter, r *http.Request, name string) (library.Lesson, bool) {
	l, ok := s.o.Library.Find(name)
	if !ok {
		s.fault(w, r, http.StatusNotFound, "There is no such lesson", fmt.Sprintf("Nothing is called %.80q here; all lessons are under /lessons.", name))
	}
	return l, ok
}

// findFile is the lesson for those who may read all of it: a file holds the
// speaker's notes and the answers, and so it is for those who steer.
func (s *Site) findFile(w http.ResponseWriter, r *http.Request, name string) (library.Lesson, bool) {
	if !s.maySteer(r) {
		s.refuse(w, r, http.StatusForbidden, "The file holds the speaker's notes: it needs the token that the server printed when it started.")
		return library.Lesson{}, false
	}
	return s.find(w, r, name)
}

// checkScript says what is wrong with a text. It changes nothing, so whoever may
// see the page may ask.
func (s *Site) checkScript(w http.ResponseWriter, r *http.Request) {
	text, err := scriptBody(w, r)
	if err != nil {
		writeError(w, statusOf(err), err.Error())
		return
	}
	writeJSON(w, http.StatusOK, s.o.Library.Check(r.URL.Query().Get("from"), text))
}

// runScript plays a text with its steps. The server's ceilings hold for it as for
// every scenario.
func (s *Site) runScript(w http.ResponseWriter, r *http.Request) {
	if !s.maySteer(r) {
		s.refuseSteering(w, r)
		return
	}
	text, err := scriptBody(w, r)
	if err != nil {
		writeError(w, statusOf(err), err.Error())
		return
	}
	sc, err := s.o.Library.Parse(r.URL.Query().Get("from"), text)
	var wrong script.Errors
	if errors.As(err, &wrong) {
		writeJSON(w, http.StatusUnprocessableEntity, struct {
			Error  string        `json:"error"`
			Errors script.Errors `json:"errors"`
		}{"the scenario is not valid", wrong})
		return
	}
	if err == nil {
		err = s.o.Control.Play(sc, true)
	}
	if err != nil {
		writeError(w, statusOf(err), err.Error())
		return
	}
	s.writeRun(w, r)
}

// scriptBody reads a scenario as it was sent.
func scriptBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, script.MaxFileBytes+1)) // one more is told by the reader of scenarios
	if err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	return text, nil
}

// playLesson begins a lesson: ?steps=play with its steps, else to be steered by
// hand.
func (s *Site) playLesson(r *http.Request) error {
	l, ok := s.o.Library.Find(r.PathValue("name"))
	if !ok {
		return errNoScenario
	}
	if !l.Playable() {
		return fmt.Errorf("%w: %s", run.ErrInvalid, strings.SplitN(l.Errors.Error(), "\n", 2)[0])
	}
	return s.o.Control.Play(l.Scenario, r.URL.Query().Get("steps") == "play")
}

func problemsOf(all script.Errors) []page.Problem {
	var out []page.Problem
	for _, e := range all {
		out = append(out, page.Problem{Line: e.Line, Column: e.Column, Length: e.Length, Source: e.Source, Text: e.Text, Nearest: e.Nearest})
	}
	return out
}

func shapeOf(s library.Shape) page.Shape {
	out := page.Shape{Seconds: s.Seconds}
	for _, l := range s.Lanes {
		out.Lanes = append(out.Lanes, page.ShapeLane(l))
	}
	return out
}

// render writes a page that shows this moment.
func (s *Site) render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := c.Render(r.Context(), w); err != nil {
		s.log.Info("page not delivered", "to", r.RemoteAddr, "err", err)
	}
}
