package component_test

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/web/component"
	"spillway/web/htmltest"
)

func codeNow() component.CodeNow {
	send := component.Waiting{File: "pull_drain.go", Line: 37, Here: 200, Reason: "IO wait", Why: "send-io"}
	return component.CodeNow{
		Lane: "pull", All: 422, Main: send, Text: "if err := out.Send(ctx, m); err != nil {", Deep: 3,
		Rows: []component.Waiting{send,
			{File: "pull_drain.go", Line: 29, Within: 9, Reason: "select", Why: "select"},
			{File: "credit.go", Line: 37, Here: 9, Reason: "select", Why: "select"}},
	}
}

func TestCodeGolden(t *testing.T) {
	var lines []component.CodeLine
	for i, text := range component.Highlight("package p\n\nfunc f() { /* a\nb */ g(\"<b>\", 1) }\n") {
		lines = append(lines, component.CodeLine{Number: i + 1, HTML: text, Change: component.Only})
	}
	lines = append(lines, component.CodeLine{Change: component.Empty})
	one := codeNow()
	one.Main.Here, one.Rows, one.Deep = 1, nil, 0
	for name, markup := range map[string]string{
		"code":         render(t, component.CodeFold(component.Code{Lane: "pull", Listing: "/code/lanes/pull", Page: "/code?left=pull&right=push", Other: "push", Now: codeNow(), Cost: component.CodeCost{Micros: 412}})),
		"code-one":     render(t, component.CodeNowBody(one)),
		"code-nothing": render(t, component.CodeNowBody(component.CodeNow{Lane: "pull", All: 12})),
		"code-many":    render(t, component.CodeNowBody(component.CodeNow{Lane: "pull", All: 7000, None: "There are 7,000.", Anyway: true})),
		"code-listing": render(t, component.CodeListing([]component.CodeFile{{Lane: "pull", Name: "p.go", Lines: lines}})),
	} {
		t.Run(name, func(t *testing.T) {
			htmltest.Golden(t, name+".html", markup)
			htmltest.WellFormed(t, markup)
			htmltest.IDs(t, markup)
			htmltest.Named(t, markup)
		})
	}
}

// What is shown of a file is the file: every character, in its line.
func TestHighlightChangesNothing(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	texts := []string{"", "\n", "a", "`raw\n\nof lines`", "not go ' at all \x00 \"", "x := 'a' + 1.5i // é\r\n", "/* never ends"}
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		texts = append(texts, string(text))
	}
	for _, text := range texts {
		checkHighlight(t, text)
	}
}

func FuzzHighlight(f *testing.F) {
	f.Add("package p // <b>\nvar s = `a\nb`")
	f.Fuzz(func(t *testing.T, text string) { checkHighlight(t, text) })
}

var tag = regexp.MustCompile(`</?span[^<>]*>`)

func checkHighlight(t *testing.T, text string) {
	t.Helper()
	lines := component.Highlight(text)
	require.Equal(t, strings.TrimSuffix(text, "\n"), html.UnescapeString(strings.Join(plain(lines), "\n")))
	for _, l := range lines {
		require.Equal(t, strings.Count(l, "<span"), strings.Count(l, "</span>"), "an element goes over the end of a line")
	}
}

func plain(lines []string) (out []string) {
	for _, l := range lines {
		out = append(out, tag.ReplaceAllString(l, ""))
	}
	return out
}

func TestHighlightKnowsWords(t *testing.T) {
	got := component.Highlight("func take(n int) error { return wait(\"x\", 12) } // so")
	require.Equal(t, []string{`<span class="kw">func</span> <span class="fn">take</span>(n int) error { <span class="kw">return</span> ` +
		`<span class="fn">wait</span>(<span class="st">&#34;x&#34;</span>, <span class="nu">12</span>) } <span class="co">// so</span>`}, got)
}

// Every reason has its sentence, and what a line calls says more than it.
func TestWhy(t *testing.T) {
	known := make(map[string]bool)
	for _, e := range component.Explanations {
		require.False(t, known[e.Key], e.Key)
		known[e.Key] = true
	}
	for _, line := range []string{"err = out.Send(ctx, m)", "out.SendAll(ctx, ms)", "m, err := in.Next(ctx)", "select {", ""} {
		for _, reason := range []string{"IO wait", "select", "select (no cases)", "chan receive", "chan send", "sync.WaitGroup.Wait", "sync.Mutex.Lock",
			"sync.RWMutex.Lock", "sync.RWMutex.RLock", "sync.Cond.Wait", "semacquire", "sleep", "running", "syscall"} {
			require.True(t, known[component.Why(line, reason)], "%q %s", line, reason)
		}
	}
	require.Equal(t, "send-io", component.Why("err = out.Send(ctx, m)", "IO wait"))
	require.Equal(t, "next-io", component.Why("m, err := in.Next(ctx)", "IO wait"))
	require.Equal(t, "running", component.Why("err = out.Send(ctx, m)", "running"))
}
