//go:build browser

package e2e

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"spillway/scenarios"
)

// mine is a scenario of somebody's own: everything a speaker needs, in seconds.
const mine = `version: 1
title: Mine
about: Five readers. Nothing else.
statement: Five readers of two servers.
question: Who keeps what nobody reads?
tags: [mine]
minutes: 1
lanes:
  push: {source: redis-pubsub, strategy: push-buffered, transport: sse}
  pull: {source: redis-stream, strategy: pull-drain, transport: sse}
workload: {kind: fixed, rate: 20/s, size: 32KiB}
readers:
  slow: {count: 5}
steps:
  - at: 500ms
    say: Everybody reads.
    note: Wait until the last one has found a seat.
    predict:
      question: The readers stop. What does pull do?
      options: [it buffers, it waits, it drops]
      answer: it waits
      because: Its write does not return until there is room.
    pause: presenter
  - after: 200ms
    set: {pause: true}
    say: Nobody reads.
  - wait_until: stalled{lane:pull} >= 5
    timeout: 30s
    reveal: true
    say: Pull has stopped writing.
  - after: 300ms
    set: {pause: false}
    say: Everybody reads again.
thresholds:
  rss{lane:pull}: max < 256MiB
  repeats{lane:pull}: count == 0
  restarts{lane:push}: count == 0
`

// TestBrowserLessons looks through the lessons, picks one, and plays it, with the
// keyboard alone; and keeps a scenario of its own beside them.
func TestBrowserLessons(t *testing.T) {
	own := t.TempDir()
	file := filepath.Join(own, "mine.yaml")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o644)) }
	write(mine)
	p := start(t, "--scenarios", own)
	page := openTab(t, openBrowser(t), p.URL+"lessons", 1440, 900).focused()
	card := func(title string) string {
		return fmt.Sprintf(`[...document.querySelectorAll(".lesson-card")].find(c => c.querySelector("h3 a").textContent == %q)`, title)
	}

	t.Run("every lesson has a card, with the curves of a run before", func(t *testing.T) {
		page.t = t
		files, err := fs.Glob(scenarios.Files, "*.yaml")
		require.NoError(t, err)
		require.Equal(t, len(files)+1, eval[int](page, `document.querySelectorAll(".lesson-card").length`))
		require.Empty(t, page.shown(".lesson-card.is-broken"))
		shapes, err := scenarios.Files.ReadDir("shapes")
		require.NoError(t, err)
		curves := 0
		for _, s := range shapes {
			if strings.HasSuffix(s.Name(), ".csv") {
				curves++
			}
		}
		require.Equal(t, curves, eval[int](page, `[...document.querySelectorAll(".lesson-card")].filter(c => c.querySelector("path.shape-curve")?.getTotalLength() > 50).length`))
	})

	t.Run("a tag picks some of them", func(t *testing.T) {
		page.t = t
		page.tabTo(`.tag-fold summary`)
		page.strike("\r")
		page.tabTo(`.tag-filter a[href="/lessons?tag=memory"]`)
		page.strike("\r")
		page.arrives("/lessons?tag=memory")
		require.True(t, eval[bool](page, `(() => {
			const cards = [...document.querySelectorAll(".lesson-card")], count = document.querySelector("[aria-current=true] .tag-count").textContent
			return cards.length > 1 && cards.length == count && cards.every(c => [...c.querySelectorAll(".tag-list a")].some(a => a.textContent == "memory"))
		})()`))
		page.tabTo(`.tag-filter a[href="/lessons"]`)
		page.strike("\r")
		page.arrives("/lessons")
	})

	t.Run("Play begins the lesson with its steps", func(t *testing.T) {
		page.t = t
		page.tabTo(`.group-ways a[href="#group-the-broker"]`)
		page.strike("\r") // the next Tab goes on from that heading
		page.tabTo(`form[action="/api/run/scenario/reconnect?steps=play"] button`)
		page.strike("\r")
		page.arrives("/")
		page.live()
		page.awaitShown("#script p", "Step 2 of 5")
		r := p.steps()
		require.Equal(t, "reconnect", r.Scenario)
		require.Equal(t, 5, r.Steps.Count)
		require.InDelta(t, r.ElapsedSeconds, r.Steps.ClockSeconds, 5, "the run began with the steps")
		require.Contains(t, page.shown(".top .lesson"), "Come back where you were")
		require.Equal(t, "Fifty readers sit in trains. The tunnel is near.", page.shown(".said"))
		require.Contains(t, page.shown("#ask *"), "Who gets the missing messages?")
	})

	t.Run("the page of a lesson tells all of it, and begins it by hand", func(t *testing.T) {
		page.t = t
		page.tabTo(`.lesson a[href="/lessons"]`)
		page.strike("\r")
		page.arrives("/lessons")
		require.Contains(t, page.shown(".lesson-card:has(.lesson-badge)"), "on the stage")
		page.tabTo(`.lesson-card h3 a[href="/lessons/one-slow-reader"]`)
		page.strike("\r")
		page.arrives("/lessons/one-slow-reader")
		for _, want := range []string{"One slow reader", "What runs beside each other", "Who reads what", "What happens when", "What must hold at the end", "Without a browser"} {
			require.Contains(t, page.shown("h1, h2"), want)
		}
		require.Equal(t, 5, eval[int](page, `document.querySelectorAll(".step-list > li").length`))
		page.tabTo(`.whole-file summary`)
		page.strike("\r")
		page.awaitShown(".source-text", "statement: Same messages, same readers.")
		before := p.state().ID
		page.do(chromedp.Reload())
		page.tabTo(`form[action$="?steps=hand"] button`)
		page.strike(" ")
		page.arrives("/")
		page.live()
		r := p.steps()
		require.NotEqual(t, before, r.ID)
		require.Equal(t, "one-slow-reader", r.Scenario)
		require.Equal(t, "idle", r.Steps.State)
		require.Contains(t, page.shown("#script button"), "Play the lesson")
	})

	t.Run("a file of somebody's own comes, breaks, and is mended", func(t *testing.T) {
		page.t = t
		page.goes(p.URL + "lessons")
		require.Contains(t, eval[string](page, card("Mine")+`?.querySelector(".lesson-badges").textContent`), "yours")
		require.Contains(t, page.shown(".own-lessons"), own)

		write(strings.Replace(mine, "transport: sse", "transport: ses", 1))
		page.reloadUntil(`document.querySelector(".lesson-card.is-broken")`)
		told := page.shown(".lesson-card.is-broken")
		for _, want := range []string{"mine", "yours", "not valid", "Line 9:", "ses", "Did you mean sse?"} {
			require.Contains(t, told, want)
		}
		require.NotContains(t, told, "Play")
		status, body := p.call(http.MethodPost, "api/run/scenario/mine?steps=play", "")
		require.Equal(t, http.StatusBadRequest, status, body)
		require.Equal(t, "one-slow-reader", p.steps().Scenario, "the run goes on")

		write(mine)
		page.reloadUntil(card("Mine"))
		require.Empty(t, page.shown(".lesson-card.is-broken"))
		eval[bool](page, card("Mine")+`.querySelector("form button").focus() ?? true`)
		page.strike("\r")
		page.arrives("/")
		page.awaitShown(".said", "Everybody reads.")
		require.Equal(t, "mine", p.steps().Scenario)
	})

	t.Run("nothing is wider than a phone", func(t *testing.T) {
		page.t = t
		write(strings.Replace(mine, "transport: sse", "transport: "+strings.Repeat("unbreakable-", 30), 1))
		page.goes(p.URL + "lessons")
		page.reloadUntil(`document.querySelector(".lesson-card.is-broken")`)
		for _, path := range []string{"lessons", "lessons?tag=none", "lessons/mine", "lessons/one-slow-reader", "lessons/gc-spiral", "edit?from=mine", "edit?from=one-slow-reader", "edit"} {
			page.fits(p.URL + path)
		}
	})
	require.Empty(t, page.problems.String())
}

// stepsState is what GET /api/run says of the steps.
type stepsState struct {
	ID, Scenario   string
	ElapsedSeconds float64
	Steps          struct {
		State        string
		ClockSeconds float64
		Next, Count  int
	}
	Checks []struct {
		Metric, Rule, Seen string
		Holds              bool
	}
}

func (p *program) steps() stepsState {
	p.t.Helper()
	var r stepsState
	status, body := p.call(http.MethodGet, "api/run", "")
	require.Equal(p.t, http.StatusOK, status, body)
	require.NoError(p.t, json.Unmarshal([]byte(body), &r))
	return r
}

// reloadUntil loads the page anew until it is as wanted.
func (p *tab) reloadUntil(expression string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		p.do(chromedp.Reload())
		if eval[bool](p, "!!("+expression+")") {
			return
		}
	}
	require.FailNow(p.t, "the page never shows "+expression, p.shown("main"))
}
