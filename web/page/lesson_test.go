package page_test

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/stretchr/testify/require"

	"spillway/web"
	"spillway/web/htmltest"
	"spillway/web/page"
)

// lessonPages are the pages around lessons in every state there is.
func lessonPages(t testing.TB) map[string]templ.Component {
	tagged, nothing, watching, folder := gallery(), gallery(), gallery(), gallery()
	tagged.Tag = "llm"
	nothing.Tag, nothing.Recordings, nothing.Folder = "no such", nil, ""
	watching.Steer = false
	folder.Trouble = "There is no folder /home/ada/scenarios; when it comes, its scenarios are shown."
	plain, watched := scenario(t), scenario(t)
	plain.Steps, plain.Rules, plain.Shape, plain.Tags = nil, nil, page.Shape{}, nil
	watched.Steer = false
	wrong, look := editor(t), editor(t)
	wrong.Problems = problems()
	look.Steer = false
	return map[string]templ.Component{
		"gallery": gallery().Page(), "gallery-tag": tagged.Page(), "gallery-nothing": nothing.Page(), "gallery-watch": watching.Page(), "gallery-trouble": folder.Page(),
		"lesson": scenario(t).Page(), "lesson-plain": plain.Page(), "lesson-watch": watched.Page(), "lesson-broken": brokenScenario(t).Page(),
		"editor": editor(t).Page(), "editor-wrong": wrong.Page(), "editor-watch": look.Page(),
	}
}

func TestLessonPages(t *testing.T) {
	for name, p := range lessonPages(t) {
		t.Run(name, func(t *testing.T) {
			markup := render(t, p)
			htmltest.WellFormed(t, markup)
			htmltest.IDs(t, markup)
			htmltest.Named(t, markup)
			for _, n := range htmltest.Nodes(t, markup) {
				for _, a := range n.Attr {
					require.NotEqual(t, "style", a.Key, "the policy allows no style in the page")
					require.False(t, strings.HasPrefix(a.Key, "on"), "nor handlers: %s", a.Key)
				}
				if src, ok := htmltest.Attr(n, "src"); n.Data == "script" {
					require.True(t, ok && src != "", "nor a script")
				}
			}
		})
	}
}

func TestLessonPagesGolden(t *testing.T) {
	pages := lessonPages(t)
	for _, name := range []string{"gallery", "gallery-nothing", "lesson", "lesson-broken", "editor-wrong"} {
		t.Run(name, func(t *testing.T) { htmltest.Golden(t, name+".html", render(t, pages[name])) })
	}
}

func TestAGalleryPicksByTag(t *testing.T) {
	g := gallery()
	g.Tag = "llm"
	markup := render(t, g.Page())
	require.NotContains(t, markup, "One slow reader</a>")
	require.Contains(t, markup, `<span class="card-number">2</span>`, "a lesson keeps its number")
	require.Contains(t, markup, "/lessons?tag=push+or+pull")
	require.Contains(t, markup, "&lt;b&gt;without")
	require.Contains(t, markup, `href="/lessons/no-picture"`)
}

var (
	heading   = regexp.MustCompile(`(?s)<(h[23])[^>]*>(.*?)</h[23]>`)
	markupTag = regexp.MustCompile(`<[^>]*>`)
)

// Headings come in their order, whatever stands first among the lessons, and
// only where they have something to show.
func TestAGalleryHasHeadings(t *testing.T) {
	headings := func(g page.Gallery) []string {
		var out []string
		for _, h := range heading.FindAllStringSubmatch(render(t, g.Page()), -1) {
			words := strings.Join(strings.Fields(markupTag.ReplaceAllString(h[2], " ")), " ")
			out = append(out, h[1]+" "+html.UnescapeString(words))
		}
		return out
	}
	g := gallery()
	g.Cards = append(g.Cards, page.Card{Name: "mine", Title: "In its place", Own: true, Group: "The broker"}, page.Card{Name: "new", Title: "New", Group: "Forgotten"})
	require.Equal(t, []string{
		"h2 Start here 1 lesson", "h3 1 One slow reader",
		"h2 The broker 2 lessons", "h3 2 Answers of a language model", "h3 6 In its place",
		"h2 More 2 lessons", "h3 3 A lesson <b>without</b> a picture", "h3 7 New",
		"h2 Your own", "h3 4 My first", "h3 5 broken-one",
		"h2 Recordings",
	}, headings(g))
	g.Tag = "strategy:latest"
	require.Equal(t, []string{"h2 The broker 1 lesson", "h3 2 Answers of a language model", "h2 Your own", "h2 Recordings"}, headings(g))
	require.NotContains(t, render(t, g.Page()), `class="group-ways"`, "there is one place to go to")
}

func TestTagsOfAKindStandTogether(t *testing.T) {
	markup := render(t, gallery().Page())
	require.Contains(t, markup, `<p class="tag-kind" id="tags-1">strategy</p>`)
	require.Contains(t, markup, `href="/lessons?tag=strategy%3Alatest"`)
	require.NotContains(t, markup, ">strategy:latest<", "the row says what kind it is")
}

// A tag of one lesson picks nothing that a look at the page would not; who comes
// by such a tag sees it.
func TestAFilterHasTheTagsOfTwo(t *testing.T) {
	g := gallery()
	g.Cards = append(g.Cards, page.Card{Name: "a", Title: "A", Tags: []string{"pair", "lone"}}, page.Card{Name: "b", Title: "B", Tags: []string{"pair"}})
	filter := func() string {
		_, rest, _ := strings.Cut(render(t, g.Page()), `<details class="tag-fold"`)
		out, _, _ := strings.Cut(rest, "</details>")
		return out
	}
	require.Contains(t, filter(), "tag=pair")
	require.NotContains(t, filter(), "tag=lone")
	require.Contains(t, filter(), "tag=strategy%3Alatest", "a row of a kind is whole")
	require.True(t, strings.HasPrefix(filter(), "><summary>"), "it is folded")
	g.Tag = "lone"
	require.Contains(t, filter(), "tag=lone")
	require.True(t, strings.HasPrefix(filter(), " open>"))
}

func TestLinksSurviveAnyName(t *testing.T) {
	l := page.LinksOf("my first?/x")
	require.Equal(t, page.Links{
		Page: "/lessons/my%20first%3F%2Fx", File: "/lessons/my%20first%3F%2Fx/file", Edit: "/edit?from=my+first%3F%2Fx",
		Play: "/api/run/scenario/my%20first%3F%2Fx?steps=play", ByHand: "/api/run/scenario/my%20first%3F%2Fx?steps=hand",
	}, l)
}

// Who only watches gets no button that changes the run, and nothing that is for
// the speaker.
func TestWhoWatchesGetsNoSpeakersNotes(t *testing.T) {
	pages := lessonPages(t)
	for _, name := range []string{"gallery-watch", "lesson-watch", "editor-watch"} {
		markup := render(t, pages[name])
		for _, forbidden := range []string{"<form", `id="run"`, "flat curves", "It keeps what nobody reads", "For the speaker"} {
			timeline, _, _ := strings.Cut(markup, `id="file-name"`) // the file has it all
			if name == "editor-watch" {
				timeline = strings.ReplaceAll(timeline, scenarioText(t), "")
				timeline, _, _ = strings.Cut(timeline, "<textarea")
			}
			require.NotContains(t, timeline, forbidden, name)
		}
	}
	require.Contains(t, render(t, pages["lesson"]), "flat curves")
}

func TestProblemsPointAtTheWord(t *testing.T) {
	markup := render(t, brokenScenario(t).Page())
	require.Contains(t, markup, "8 │     transport: ses\n  │                ^^^")
	require.Contains(t, markup, `class="source-line bad"`)
	require.Contains(t, markup, `<details class="whole-file" open>`)
	require.NotContains(t, markup, "<form")
	for _, p := range []page.Problem{
		{Line: 3, Column: 99, Length: 4, Source: "short"},
		{Line: 3, Column: 2, Length: 99, Source: "\tkey: ä"},
		{Line: 3, Source: "x"},
	} {
		s := brokenScenario(t)
		s.Problems = []page.Problem{p}
		require.Contains(t, render(t, s.Page()), "^")
	}
}

func TestAPictureIsSaidInWords(t *testing.T) {
	markup := render(t, scenario(t).Page())
	require.Contains(t, markup, `aria-label="Memory (RSS) in a run of 60 s: push is killed at its limit of 256 MiB after 27 s; pull reaches 38.0 MiB of 256 MiB and lives."`)
	require.Contains(t, markup, "✕ killed at 27 s")
}

// A text that begins with an empty line keeps it: a browser drops the first.
func TestTheEditorKeepsTheText(t *testing.T) {
	e := editor(t)
	e.Text = "\n# <title> & more\n"
	for _, n := range htmltest.Nodes(t, render(t, e.Page())) {
		if n.Data == "textarea" {
			require.Equal(t, e.Text, n.FirstChild.Data)
			return
		}
	}
	t.Fatal("no textarea")
}

// TestLookAtLessons writes these pages beside the stages; see TestLook.
func TestLookAtLessons(t *testing.T) {
	folder := os.Getenv("SPILLWAY_LOOK")
	if folder == "" {
		t.Skip("SPILLWAY_LOOK names no folder")
	}
	static := filepath.Join(folder, "static")
	require.NoError(t, os.RemoveAll(static))
	require.NoError(t, os.CopyFS(static, web.Static()))
	for name, p := range lessonPages(t) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name+".html"), []byte(render(t, p)), 0o644))
	}
}
