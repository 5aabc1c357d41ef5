package site

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/library"
	"spillway/server/internal/play"
	"spillway/server/internal/record"
	"spillway/server/internal/record/recordtest"
	"spillway/server/internal/run"
)

func TestPagesOfLessons(t *testing.T) {
	s := serve(t, death(), "")
	html := "Accept: text/html"
	for path, want := range map[string][]string{
		"/lessons":             {"Lesson one", "Lesson two", "broken", `action="/api/run/scenario/two?steps=play"`},
		"/lessons?tag=nothing": {"nothing"},
		"/lessons/one":         {"Lesson one", "They are slow now.", "Do not tell them.", "gaps{lane:pull}"},
		"/lessons/broken":      {"titel", "title"},
		"/edit?from=one":       {"They are slow now.", "/api/scenario/check?from=one"},
		"/edit":                {"ok: 2 lanes, 2 steps, 1 rule"},
	} {
		a := s.ask("GET", path, "", html)
		require.Equal(t, http.StatusOK, a.status, path)
		for _, text := range want {
			require.Contains(t, a.body, text, path)
		}
	}
	for _, path := range []string{"/lessons/three", "/lessons/three/file", "/edit?from=three"} {
		a := s.ask("GET", path, "", html)
		require.Equal(t, http.StatusNotFound, a.status, path)
		require.Contains(t, a.body, "three", path)
	}
	a := s.ask("GET", "/lessons/one/file", "")
	require.Equal(t, string(lessonFile("one")), a.body)
	require.Equal(t, `attachment; filename="one.yaml"`, a.header.Get("Content-Disposition"))
	require.Empty(t, s.run.called(), "looking changes nothing")
}

func TestCheckingATextChangesNothing(t *testing.T) {
	s := serve(t, death(), testToken)
	ask := func(text string) library.Checked {
		a := s.ask("POST", "/api/scenario/check?from=one", text)
		require.Equal(t, http.StatusOK, a.status, "a watcher may check: %s", a.body)
		var c library.Checked
		require.NoError(t, json.Unmarshal([]byte(a.body), &c))
		return c
	}
	good := ask(string(lessonFile("one")))
	require.True(t, good.OK)
	require.Equal(t, "2 lanes, 1 step, 1 rule", good.Summary)
	bad := ask(strings.Replace(string(lessonFile("one")), "pull-drain", "pull-drian", 1))
	require.False(t, bad.OK)
	require.Len(t, bad.Errors, 1)
	require.Equal(t, "pull-drain", bad.Errors[0].Nearest)
	require.Equal(t, 5, bad.Errors[0].Line)
	require.Contains(t, ask(strings.Repeat("#", script.MaxFileBytes+1)).Errors[0].Text, "256 KiB")
	require.Equal(t, http.StatusRequestEntityTooLarge, s.ask("POST", "/api/scenario/check", strings.Repeat("#", script.MaxFileBytes+2)).status)
	require.Empty(t, s.run.called())
}

func TestRunningATextThatWasEdited(t *testing.T) {
	s := serve(t, death(), "")
	a := s.ask("POST", "/api/run/script?from=one", string(lessonFile("edited")))
	require.Equal(t, http.StatusOK, a.status, a.body)
	require.Equal(t, []string{"play one-edited true"}, s.run.called())

	a = s.ask("POST", "/api/run/script", "version: 1\n")
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	var wrong struct {
		Error  string
		Errors script.Errors
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &wrong))
	require.Equal(t, "the scenario is not valid", wrong.Error)
	require.NotEmpty(t, wrong.Errors)

	s.run.err = run.ErrInvalid
	require.Equal(t, http.StatusBadRequest, s.ask("POST", "/api/run/script", string(lessonFile("edited"))).status, "the ceilings of the server hold")
}

// The speaker's notes never reach a page that only watches.
func TestNotesAreForThoseWhoSteer(t *testing.T) {
	f := death()
	f.view.Scenario.Steps = []script.Step{{Say: "They are slow now.", Note: "Do not tell them."}, {Note: "Do not tell them."}}
	f.view.Script = play.View{State: play.Playing, Note: "Do not tell them.", Say: "They are slow now.", Steps: []play.Step{
		{When: "at 1 s", What: "says “They are slow now.”; note “Do not tell them.”", State: play.Happened},
		{When: "at 2 s", What: "note “Do not tell them.”", State: play.Happened},
	}}
	s := serve(t, f, testToken)
	watching, steering := s.open(), s.open("Cookie: spillway_token="+testToken)
	watching.until(watching.complete)
	steering.until(steering.complete)
	require.Contains(t, steering.fragments["note"], "Do not tell them.")
	require.NotContains(t, watching.fragments, "note")
	require.Contains(t, watching.fragments["script"], "They are slow now.")
	require.Contains(t, watching.fragments["steps"], "says “They are slow now.”")
	require.Contains(t, watching.fragments["steps"], "a note for the speaker")
	require.NotContains(t, watching.fragments["steps"], "Do not tell them.")

	require.NotContains(t, s.ask("GET", "/", "", "Accept: text/html").body, "Do not tell them.")
	require.NotContains(t, s.ask("GET", "/lessons/one", "", "Accept: text/html").body, "Do not tell them.")
	token := "Cookie: spillway_token=" + testToken
	for _, path := range []string{"/lessons/one/file", "/edit?from=one"} {
		require.Equal(t, http.StatusForbidden, s.ask("GET", path, "").status, path)
		require.Contains(t, s.ask("GET", path, "", token).body, "Do not tell them.", path)
	}
	require.Equal(t, http.StatusOK, s.ask("GET", "/edit", "").status, "a new one gives nothing away")

	s = serve(t, death(), testToken, func(o *Options) { o.Recordings = shelf{tape: taped(t)} })
	for _, path := range []string{"/recordings/RUN", "/recordings/RUN/report"} {
		require.Equal(t, http.StatusForbidden, s.ask("GET", path, "").status, path)
		require.Equal(t, http.StatusOK, s.ask("GET", path, "", token).status, path)
	}
	require.NotContains(t, s.ask("GET", "/lessons", "", "Accept: text/html").body, "/recordings/")
	require.NotContains(t, s.ask("GET", "/", "", "Accept: text/html").body, "/recordings/")
	require.Contains(t, s.ask("GET", "/", "", "Accept: text/html", token).body, "/recordings/RUN")
}

// shelf is a store with one recording.
type shelf struct {
	tape   []byte
	broken error
}

// taped is a made-up run of two seconds.
func taped(t *testing.T) []byte {
	t.Helper()
	var tape bytes.Buffer
	made := recordtest.New("RUN")
	w, err := record.NewWriter(&tape, record.HeaderOf(made.View(), "spillway run one", record.Here("embedded", 1<<30)))
	require.NoError(t, err)
	for range 20 {
		require.NoError(t, w.Take(made.Next(), made.History))
	}
	require.NoError(t, w.End(record.Completed, ""))
	return tape.Bytes()
}

func (s shelf) List() []record.Info {
	return []record.Info{{ID: "RUN", Scenario: "one", Title: "Lesson one", StartedAt: began, Length: 65 * time.Second, Bytes: 3 << 20}}
}

func (s shelf) Open(id string) (io.ReadCloser, record.Info, error) {
	if s.broken != nil {
		return nil, record.Info{}, s.broken
	}
	if id != "RUN" {
		return nil, record.Info{}, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(s.tape)), s.List()[0], nil
}

func TestRecordingsCanBeDownloaded(t *testing.T) {
	s := serve(t, death(), "")
	require.Equal(t, http.StatusNotFound, s.ask("GET", "/recordings/RUN", "").status, "none are made here")

	tape := taped(t)
	s = serve(t, death(), "", func(o *Options) { o.Recordings = shelf{tape: tape} })
	require.Contains(t, s.ask("GET", "/lessons", "", "Accept: text/html").body, `/recordings/RUN`)
	require.Contains(t, s.ask("GET", "/", "", "Accept: text/html").body, `/recordings/RUN`)
	a := s.ask("GET", "/recordings/RUN", "")
	require.Equal(t, string(tape), a.body)
	require.Contains(t, a.header.Get("Content-Disposition"), "one-2026-01-0")
	require.Equal(t, http.StatusNotFound, s.ask("GET", "/recordings/other", "").status)

	a = s.ask("GET", "/recordings/RUN/report", "")
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, a.body, "A made-up run")
	require.NotContains(t, a.header.Get("Content-Security-Policy"), "script-src")
	require.Equal(t, http.StatusNotFound, s.ask("GET", "/recordings/other/report", "").status)
	s = serve(t, death(), "", func(o *Options) { o.Recordings = shelf{tape: []byte("{}\n")} })
	require.Equal(t, http.StatusInternalServerError, s.ask("GET", "/recordings/RUN/report", "").status)

	s = serve(t, death(), "", func(o *Options) { o.Recordings = shelf{broken: errors.New("disk")} })
	require.Equal(t, http.StatusInternalServerError, s.ask("GET", "/recordings/RUN", "").status)
	require.Contains(t, s.log.String(), "disk")
}

// What was run from the editor is none of the lessons, and leads back to its text.
func TestTheWayBackToTheEditor(t *testing.T) {
	f := death()
	s := serve(t, f, testToken)
	for name, way := range map[string]string{"one": "/edit?from=one", "one-edited": "/edit?from=one", "edited": "/edit", "gone": ""} {
		f.mu.Lock()
		f.view.Scenario.Name = name
		f.mu.Unlock()
		body := s.ask("GET", "/", "", "Cookie: spillway_token="+testToken).body
		require.Equal(t, way != "", strings.Contains(body, `href="`+way+`">Edit</a>`), "%s", name)
		require.Equal(t, name == "one", strings.Contains(body, "Lesson 1 of"), "%s", name)
		require.NotContains(t, s.ask("GET", "/", "").body, ">Edit</a>", "who watches")
	}
}
