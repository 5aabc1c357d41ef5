package site

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/run"
	"spillway/server/internal/strategy"
	"spillway/server/internal/supervisor"
	"spillway/web/component"
)

// place is where a text stands in a file of a strategy.
func place(t *testing.T, file, text, function string) lane.Place {
	t.Helper()
	source, ok := strategy.Text(file)
	require.True(t, ok, file)
	i := slices.IndexFunc(strings.Split(source, "\n"), func(l string) bool { return strings.TrimSpace(l) == text })
	require.GreaterOrEqual(t, i, 0, text)
	return lane.Place{File: file, Line: uint64(i + 1), Func: function}
}

// stalled is what a lane with push-buffered sees of 210 readers, 200 of which do
// not read.
func stalled(t *testing.T) *lane.Code {
	own := func(text, function string) lane.Place {
		return place(t, "push_buffered.go", text, "pushBufferedStrategy."+function)
	}
	send := own("if err := out.SendAll(ctx, rest[:n]); err != nil {", "Run.func2")
	return &lane.Code{Goroutines: 842, CostMicros: 1100, Deep: 2, Parked: []lane.Parked{
		{Place: own("err := came.from(ctx, in, togetherMessages)", "Run.func1"), Reason: "IO wait", Count: 210},
		{Place: own("return both(ctx, deliver, receive)", "Run"), Reason: "sync.WaitGroup.Wait", Count: 210},
		{Place: send, Reason: "IO wait", Count: 200},
		{Place: place(t, "bounded_run.go", "case <-c:", "wait"), Reason: "select", Count: 9, Via: []lane.Place{
			place(t, "queue.go", "if err := wait(ctx, q.ready); err != nil {", "queue.next"),
			own("if err := waiting.next(ctx, &next); err != nil {", "Run.func2"),
		}},
		{Place: send, Reason: "running", Count: 1},
	}}
}

func TestLinesAreAddedUp(t *testing.T) {
	code := stalled(t)
	rows := rowsOf(code.Parked)
	byText := make(map[string]component.Waiting)
	for _, r := range rows {
		byText[textOf(lane.Place{File: r.File, Line: uint64(r.Line)})] = r
	}
	require.Len(t, rows, 6)
	send := byText["if err := out.SendAll(ctx, rest[:n]); err != nil {"]
	require.Equal(t, uint64(201), send.Here)
	require.Equal(t, "send-io", send.Why, "the reason of most stands for all")
	queue := byText["if err := waiting.next(ctx, &next); err != nil {"]
	require.Equal(t, [2]uint64{0, 9}, [2]uint64{queue.Here, queue.Within})
	require.Equal(t, [2]uint64{9, 0}, [2]uint64{byText["case <-c:"].Here, byText["case <-c:"].Within})
	require.Equal(t, uint64(210), rows[0].Here, "the most first")

	self := lane.Place{File: "queue.go", Line: 3, Func: "f"}
	rows = rowsOf([]lane.Parked{{Place: self, Count: 4, Via: []lane.Place{self, self}}})
	require.Equal(t, []component.Waiting{{File: "queue.go", Line: 3, Here: 4}}, rows, "who calls itself waits once")
}

func TestTheLineThatSaysMost(t *testing.T) {
	code := stalled(t)
	of := func(own string, parked ...lane.Parked) string {
		w, text := mainOf(parked, own)
		return fmt.Sprint(w.Here+w.Within, " ", w.File, " ", text)
	}
	require.Equal(t, "201 push_buffered.go if err := out.SendAll(ctx, rest[:n]); err != nil {", of("push_buffered.go", code.Parked...))

	calm := slices.Clone(code.Parked)
	calm[2].Count, calm[3].Count = 3, 206
	require.Equal(t, "206 push_buffered.go if err := waiting.next(ctx, &next); err != nil {", of("push_buffered.go", calm...))
	require.Equal(t, "210 push_buffered.go err := came.from(ctx, in, togetherMessages)", of("push_buffered.go", calm[0], calm[1], calm[2]))
	require.Equal(t, "210 push_buffered.go return both(ctx, deliver, receive)", of("push_buffered.go", calm[1]))

	engine := lane.Parked{Place: place(t, "bounded_run.go", "case <-c:", "wait"), Reason: "select", Count: 7,
		Via: []lane.Place{place(t, "bounded_run.go", "err = wait(ctx, w.ready)", "waiting.send"), place(t, "bounded.go", "group.Go(func() error { return w.send(ctx, out) })", "bounded.Run.func2")}}
	require.Equal(t, "7 bounded_run.go err = wait(ctx, w.ready)", of("block.go", engine), "a method, not the shorthand it calls")
	require.Equal(t, "0  ", of("block.go"))
}

// looker is a Looking that writes down who asked.
type looker struct {
	*fakeRun
	err error
}

func (l looker) Look(name string) error       { _ = l.note("look " + name); return l.err }
func (l looker) LookAnyway(name string) error { return l.note("look anyway " + name) }

func TestCodeInSentences(t *testing.T) {
	l := run.LaneView{Name: "push", PID: 7, Code: stalled(t)}
	l.Plan.Strategy = "push-buffered"
	now := codeNowOf(l)
	require.Empty(t, now.None)
	require.Equal(t, [2]uint64{842, 2}, [2]uint64{now.All, now.Deep})
	require.Equal(t, uint64(1100), codeCostOf(l).Micros)

	l.Code = &lane.Code{Goroutines: 7000, TooMany: true}
	now = codeNowOf(l)
	require.Contains(t, now.None, "7,000 goroutines")
	require.True(t, now.Anyway)
	l.Code = nil
	require.Contains(t, codeNowOf(l).None, "begins to look")
	require.Zero(t, codeCostOf(l))
	l.PID = 0
	require.Contains(t, codeNowOf(l).None, "no process")
	l.Exit = &supervisor.Exit{}
	require.Contains(t, codeNowOf(l).None, "has ended")
}

// looking is a site whose lane pull looks.
func looking(t *testing.T, err error) *served {
	f := death()
	f.change(func(v *run.View) {
		code := stalled(t)
		v.Lanes[1].Code = code
		v.Lanes[1].Plan.Strategy = "push-buffered"
	})
	return serve(t, f, "", func(o *Options) { o.Looking = looker{f, err} })
}

func TestTheListingIsTheSource(t *testing.T) {
	s := looking(t, nil)
	a := s.ask("GET", "/code/lanes/pull", "")
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, []string{"look pull"}, s.run.called())
	lines := make(map[string]bool)
	for _, m := range regexp.MustCompile(`data-line="([^"]+)"`).FindAllStringSubmatch(a.body, -1) {
		lines[m[1]] = true
	}
	want := 0
	d, _ := strategy.Find("push-buffered")
	for _, name := range d.Files() {
		text, _ := strategy.Text(name)
		want += strings.Count(text, "\n")
	}
	require.Len(t, lines, want)

	// Every number that the page shows has its line.
	now := s.ask("GET", "/code/lanes/pull/now", "")
	require.Equal(t, http.StatusOK, now.status)
	rows := 0
	for _, m := range regexp.MustCompile(`data-at="([^"]+)"`).FindAllStringSubmatch(now.body, -1) {
		require.True(t, lines[m[1]], m[1])
		rows++
	}
	require.Equal(t, 6, rows)
	require.Contains(t, now.body, "1.1 ms")
}

func TestTheStageHasTheCode(t *testing.T) {
	markup := looking(t, nil).ask("GET", "/", "", "Accept: text/html").body
	require.Contains(t, markup, `data-listing="/code/lanes/pull"`)
	require.Contains(t, markup, `id="code-push"`)
	require.NotContains(t, markup, `data-line=`, "the source comes when somebody asks for it")
	require.NotContains(t, serve(t, death(), "").ask("GET", "/", "", "Accept: text/html").body, "data-listing")
}

func TestCodeForScripts(t *testing.T) {
	s := looking(t, nil)
	a := s.ask("GET", "/api/run/lanes/pull/code", "")
	require.Equal(t, http.StatusOK, a.status)
	var got codeJSON
	require.NoError(t, json.Unmarshal([]byte(a.body), &got))
	require.True(t, got.Looked)
	require.Equal(t, "push_buffered.go", got.Files[0])
	require.Len(t, got.Parked, 5)
	require.Equal(t, "case <-c:", got.Parked[3].Text)
	require.Equal(t, "if err := waiting.next(ctx, &next); err != nil {", got.Parked[3].Via[1].Text)
	require.NoError(t, json.Unmarshal([]byte(s.ask("GET", "/api/run/lanes/push/code", "").body), &got), "a lane that is dead")
	require.Empty(t, got.Parked)

	require.Equal(t, http.StatusOK, s.ask("POST", "/api/run/lanes/pull/code", "").status)
	require.Equal(t, []string{"look pull", "look push", "look anyway pull"}, s.run.called())
}

func TestThereIsNothingToLookAt(t *testing.T) {
	for path, status := range map[string]int{
		"/code/lanes/none": 404, "/code/lanes/none/now": 404, "/api/run/lanes/none/code": 404,
	} {
		require.Equal(t, status, looking(t, nil).ask("GET", path, "").status, path)
		require.Equal(t, status, looking(t, run.ErrNoLane).ask("GET", path, "").status, path)
		require.Equal(t, status, looking(t, run.ErrNotRunning).ask("GET", path, "").status, path)
		require.Equal(t, http.StatusConflict, serve(t, death(), "").ask("GET", path, "").status, path)
	}
	require.Equal(t, http.StatusOK, looking(t, run.ErrNotRunning).ask("GET", "/code/lanes/pull", "").status, "a run that has ended has its source")
	require.Equal(t, http.StatusConflict, serve(t, death(), "").ask("POST", "/api/run/lanes/pull/code", "").status)
}
