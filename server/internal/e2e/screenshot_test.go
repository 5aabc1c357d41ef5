//go:build browser

package e2e

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// shots is where TestScreenshots puts its pictures; without it there are none.
var shots = flag.String("shots", "", "write pictures of the lesson into this folder")

// sizes are the screens that a page must look well on.
var sizes = []struct {
	name          string
	width, height int64
}{{"laptop", 1440, 900}, {"projector", 1920, 1080}, {"phone", 390, 844}}

// looks are the screens and themes for the pages beside the stage.
var looks = []struct{ size, theme string }{{"laptop", "light"}, {"laptop", "dark"}, {"projector", "light"}, {"phone", "light"}}

// TestScreenshots takes pictures of the lesson at rest, in the middle and after
// the death, of its recording, and of the pages around lessons.
func TestScreenshots(t *testing.T) {
	if *shots == "" {
		t.Skip("no -shots folder given")
	}
	require.NoError(t, os.MkdirAll(*shots, 0o755))
	browser := openBrowser(t)
	t.Run("lesson", func(t *testing.T) { shootLesson(t, browser) })
	t.Run("pages", func(t *testing.T) { shootPages(t, browser) })
	t.Run("steps", func(t *testing.T) { shootSteps(t, browser) })
}

// shootAll takes a moment on every screen in both themes.
func (p *tab) shootAll(moment string) {
	p.t.Helper()
	for _, size := range sizes {
		for _, theme := range []string{"light", "dark"} {
			p.shootOne(moment, size.name, theme)
		}
	}
	p.do(chromedp.EmulateViewport(1440, 900))
}

// shootSome takes a moment as looks say.
func (p *tab) shootSome(moment string) {
	p.t.Helper()
	for _, look := range looks {
		p.shootOne(moment, look.size, look.theme)
	}
	p.do(chromedp.EmulateViewport(1440, 900))
}

func (p *tab) shootOne(moment, size, theme string) {
	p.t.Helper()
	for _, s := range sizes {
		if s.name == size {
			p.do(chromedp.EmulateViewport(s.width, s.height))
		}
	}
	p.theme(theme)
	<-time.After(300 * time.Millisecond) // charts are laid out anew
	p.shoot(*shots, moment+"-"+size+"-"+theme)
}

func shootLesson(t *testing.T, browser context.Context) {
	p := start(t)
	page := openTab(t, browser, p.URL, 1440, 900)
	page.await(time.Minute, "globalThis.spillway && spillway.stats().samples.count > 60")
	page.shootAll("1-calm")
	status, body := p.call("POST", "api/run/steps/play", "")
	require.Equal(t, 200, status, body)
	page.awaitShown("#asked", "What happens to push?")
	page.shootSome("1-asked")
	p.await(time.Minute, "push rises", func(r runState) bool { return r.lane("push").RSSBytes > 170<<20 })
	page.shootAll("2-rising")
	p.await(2*time.Minute, "push is killed", func(r runState) bool { return r.lane("push").State == "killed" })
	<-time.After(2 * time.Second)
	page.shootAll("3-dead")
	p.await(time.Minute, "pull catches up", func(r runState) bool { return len(r.Log) > 0 && r.lane("pull").SlowAgeP50Seconds < 1 })
	<-time.After(6 * time.Second)
	page.shootAll("4-after")
	t.Logf("what the page complained about: %s", page.problems)

	tape := filepath.Join(t.TempDir(), "lesson.ndjson")
	status, body = p.call("GET", "recordings/"+p.state().ID, "")
	require.Equal(t, 200, status)
	require.NoError(t, os.WriteFile(tape, []byte(body), 0o644))
	shootReplay(t, browser, tape)
}

func shootReplay(t *testing.T, browser context.Context, tape string) {
	p := startCommand(t, exec.Command(binary, "replay", tape, "--listen", "127.0.0.1:0"))
	page := openTab(t, browser, p.URL, 1440, 900).focused()
	page.await(patience, `document.body.dataset.link == "up"`)
	page.shootSome("5-replay-begin")
	page.strike(kb.End)
	page.awaitShown("#status-push", "137")
	page.shootSome("5-replay")
}

// shootPages takes the pages around lessons.
func shootPages(t *testing.T, browser context.Context) {
	own := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(own, "mine.yaml"), []byte(mine), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(own, "broken.yaml"), []byte(strings.Replace(mine, "transport: sse", "transport: ses", 1)), 0o644))
	p := start(t, "--scenarios", own)
	page := openTab(t, browser, p.URL+"lessons", 1440, 900)
	page.shootSome("6-lessons")
	eval[bool](page, `(scrollTo(0, 1e6), true)`)
	page.shootSome("6-lessons-end")
	page.goes(p.URL + "lessons/one-slow-reader")
	page.shootSome("7-lesson")
	eval[bool](page, `(document.querySelector(".step-list").scrollIntoView(), true)`)
	page.shootSome("7-lesson-steps")
	page.goes(p.URL + "lessons/broken")
	page.shootSome("7-lesson-broken")
	page.goes(p.URL + "edit?from=one-slow-reader")
	page.swap("strategy: push-buffered", "strategy: push-bufered")
	page.swap("  rate: 10/s", "  rate: 10")
	page.awaitShown("#status", "2 errors")
	page.shootSome("8-editor")
}

// shootSteps takes the stage while a question waits for the presenter.
func shootSteps(t *testing.T, browser context.Context) {
	p := start(t, "--scenario", "reconnect")
	page := openTab(t, browser, p.URL, 1440, 900).focused()
	page.live()
	page.strike("p")
	page.awaitShown("#script p", "Waits for the presenter")
	page.press(`[data-choice="readers of both"]`)
	page.strike("n")
	page.shootSome("9-presenter")
	page.strike("n", kb.PageDown)
	page.awaitShown("#ask .right", "readers of pull")
	page.shootSome("9-revealed")
}
