package site

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"spillway/server/internal/comparison"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/server/internal/strategy"
	"spillway/web/page"
)

// maxCompareSeconds is how long readers may be slow in a comparison of the page;
// a terminal may take longer.
const maxCompareSeconds = 60

// compareRoutes adds the page of the comparison, and the same for scripts.
func (s *Site) compareRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+page.ComparePage, s.comparePage)
	mux.HandleFunc("GET "+page.CompareBody, s.compareBody)
	mux.HandleFunc("GET "+page.CompareFile, s.compareFile)
	mux.HandleFunc("GET "+page.CompareAPI, func(w http.ResponseWriter, _ *http.Request) { s.writeComparison(w) })
	mux.HandleFunc("POST "+page.CompareAPI, s.comparing(s.compareNow))
	mux.HandleFunc("POST "+page.CompareStop, s.comparing(func(*http.Request) error { s.o.Comparison.Stop(); return nil }))
}

// comparing wraps what changes the comparison, as steering does for the run.
func (s *Site) comparing(do func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.maySteer(r) {
			s.refuseSteering(w, r)
			return
		}
		if err := do(r); err != nil {
			status := statusOf(err)
			switch {
			case errors.Is(err, comparison.ErrChoice):
				status = http.StatusBadRequest
			case errors.Is(err, comparison.ErrPlaying):
				status = http.StatusConflict
			}
			s.fault(w, r, status, "That did not work", err.Error())
			return
		}
		if wantsHTML(r) {
			http.Redirect(w, r, page.ComparePage, http.StatusSeeOther)
			return
		}
		s.writeComparison(w)
	}
}

// compareNow begins one: strategy=NAME, as often as there are, and seconds=N.
// What is not there is as the command has it.
func (s *Site) compareNow(r *http.Request) error {
	r.Body = http.MaxBytesReader(nil, r.Body, maxBodyBytes)
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return err
		}
		return fmt.Errorf("%w: the form cannot be read", comparison.ErrChoice)
	}
	for name := range r.PostForm {
		if name != "strategy" && name != "seconds" {
			return fmt.Errorf("%w: there is no field %.40q, only strategy and seconds", comparison.ErrChoice, name)
		}
	}
	c := comparison.Default(s.o.Vocabulary.Bounds.MaxMemoryBytes)
	var err error
	if c.Strategies, err = comparison.Find(r.PostForm["strategy"]); err != nil {
		return fmt.Errorf("%w: %w", comparison.ErrChoice, err)
	}
	if r.PostForm.Has("seconds") {
		c.Seconds, err = strconv.Atoi(r.PostForm.Get("seconds"))
		if err != nil || c.Seconds < 1 || c.Seconds > maxCompareSeconds {
			return fmt.Errorf("%w: seconds %.20q; want 1 to %d", comparison.ErrChoice, r.PostForm.Get("seconds"), maxCompareSeconds)
		}
	}
	return s.o.Comparison.Begin(c)
}

// isCompared tells whether the run is a comparison, which the stage has no room for.
func (s *Site) isCompared(v run.View) bool { return s.o.Comparison != nil && comparison.Is(v.Scenario) }

// compareAway is the stage while strategies are compared.
func (s *Site) compareAway(w http.ResponseWriter, r *http.Request) {
	state, _ := s.o.Comparison.State()
	s.render(w, r, http.StatusOK, page.Away{Assets: s.assets.urls, Status: compareStatus(state)}.Page())
}

// compareURL leads to the comparison; empty where there is none.
func (s *Site) compareURL() string {
	if s.o.Comparison == nil {
		return ""
	}
	return page.ComparePage
}

func (s *Site) comparePage(w http.ResponseWriter, r *http.Request) {
	state, ok := s.o.Comparison.State()
	choice := comparison.Default(s.o.Vocabulary.Bounds.MaxMemoryBytes)
	current := state.Former
	if ok {
		choice = state.Choice
	}
	if v := s.o.Control.View(); !s.isCompared(v) {
		current = v.Scenario.Title
	}
	out := page.Compare{
		Assets: s.assets.urls, Steer: s.maySteer(r), Table: s.compareTable(r),
		Seconds: strconv.Itoa(choice.Seconds), MaxSeconds: strconv.Itoa(maxCompareSeconds),
		Length:  fmt.Sprintf("about %d seconds", int(math.Ceil(choice.Length().Seconds()/5))*5),
		Load:    compareLoad(choice),
		Current: current, Command: s.o.Comparison.Command(choice), Scenario: choice.Text(),
	}
	for _, d := range strategy.All {
		out.Strategies = append(out.Strategies, page.CompareChoice{
			Name: d.Name, Title: d.Title, Explain: d.Explain, Lesson: s.lessonAbout(d.Name),
			Chosen: slices.ContainsFunc(choice.Strategies, func(other strategy.Definition) bool { return other.Name == d.Name }),
		})
	}
	s.render(w, r, http.StatusOK, out.Page())
}

// compareBody is the part of the page that changes.
func (s *Site) compareBody(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, s.compareTable(r).Body())
}

// compareTable is the newest comparison in the order that is asked for.
func (s *Site) compareTable(r *http.Request) page.CompareTable {
	out := page.CompareTable{Steer: s.maySteer(r)}
	for _, c := range comparison.Columns {
		out.Columns = append(out.Columns, page.CompareColumn{Key: c.Key, Title: c.Title, Help: c.Help})
	}
	state, ok := s.o.Comparison.State()
	if !ok {
		return out
	}
	out.Playing, out.Status = state.Playing, compareStatus(state)
	rows := comparison.Table(state.Result)
	if c, ok := comparison.FindColumn(r.URL.Query().Get("sort")); ok {
		out.Sort, out.Turned = c.Key, r.URL.Query().Get("turned") == "true"
		rows = comparison.Sort(rows, c, out.Turned)
	}
	marks := make([][]comparison.Mark, len(comparison.Columns))
	for i, c := range comparison.Columns {
		marks[i] = comparison.Marks(rows, c)
	}
	for n, row := range rows {
		d, _ := strategy.Find(row.Strategy)
		line := page.CompareRow{Strategy: row.Strategy, Title: d.Title, Lesson: s.lessonAbout(row.Strategy), Fate: row.Fate()}
		for i, c := range comparison.Columns {
			line.Cells = append(line.Cells, page.CompareCell{Text: c.Cell(row), Mark: markWords[marks[i][n]]})
		}
		out.Rows = append(out.Rows, line)
	}
	return out
}

var markWords = map[comparison.Mark]string{comparison.Best: "best", comparison.Worst: "worst"}

// compareLoad says what a comparison is made of.
func compareLoad(c comparison.Choice) string {
	return fmt.Sprintf("%d strategies, each with %d readers that keep up and %d that read %s for %d seconds; one channel with messages of %s, %s.",
		len(c.Strategies), c.Healthy, c.Slow, c.Throttle, c.Seconds, c.Size, c.Rate)
}

// compareStatus says in a sentence how far a comparison is.
func compareStatus(s comparison.State) string {
	begun := s.Begun.Local().Format("15:04:05")
	seconds := s.Result.ElapsedSeconds
	switch {
	case s.Playing && len(s.Result.Lanes) == 0:
		return fmt.Sprintf("The comparison begins: %d lanes are being started.", len(s.Choice.Strategies))
	case s.Playing:
		return fmt.Sprintf("Comparing %d strategies: %.0f of about %.0f seconds. Figures are those so far.", len(s.Choice.Strategies), seconds, s.Choice.Length().Seconds()+1)
	case s.Ending == record.Completed:
		return fmt.Sprintf("Finished: %d strategies compared in %.0f seconds, begun at %s. “%s” is back on the stage.", len(s.Choice.Strategies), seconds, begun, s.Former)
	}
	return fmt.Sprintf("Broken off after %.0f seconds, begun at %s: the figures are those until then.", seconds, begun)
}

// lessonAbout is the first lesson that has a strategy in its tags.
func (s *Site) lessonAbout(name string) string {
	if s.o.Library == nil {
		return ""
	}
	for _, l := range s.o.Library.Lessons() {
		if l.Playable() && slices.Contains(l.Scenario.Tags, "strategy:"+name) {
			return page.LinksOf(l.Name).Page
		}
	}
	return ""
}

// comparisonJSON is the newest comparison for scripts.
type comparisonJSON struct {
	State          string           `json:"state"` // none, playing, completed, stopped
	Run            string           `json:"run,omitempty"`
	ElapsedSeconds float64          `json:"elapsedSeconds"`
	SlowSeconds    int              `json:"slowSeconds"`
	Command        string           `json:"command,omitempty"` // that compares the same in a terminal
	Rows           []comparison.Row `json:"rows"`
}

func (s *Site) writeComparison(w http.ResponseWriter) {
	out := comparisonJSON{State: "none", Rows: []comparison.Row{}}
	if state, ok := s.o.Comparison.State(); ok {
		out.Run, out.ElapsedSeconds, out.SlowSeconds = state.RunID, state.Result.ElapsedSeconds, state.Choice.Seconds
		out.Command, out.Rows = s.o.Comparison.Command(state.Choice), comparison.Table(state.Result)
		out.State = string(state.Ending)
		if state.Playing {
			out.State = "playing"
		}
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Site) compareFile(w http.ResponseWriter, _ *http.Request) {
	state, _ := s.o.Comparison.State()
	var text strings.Builder
	if err := comparison.WriteCSV(&text, comparison.Table(state.Result)); err != nil {
		s.log.Warn("comparison as CSV", "err", err)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="spillway-compare.csv"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, text.String()) // a client that left is no error
}
