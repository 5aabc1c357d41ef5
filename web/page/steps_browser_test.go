package page_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asked keeps what a page asks of the API.
type asked chan string

func (a asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if strings.HasSuffix(r.URL.Path, "/stop") {
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, `{"error":"no steps are being played"}`)
	}
	a <- strings.TrimSpace(r.Method + " " + r.URL.Path + " " + string(body))
}

func (a asked) next(t *testing.T) string {
	t.Helper()
	select {
	case what := <-a:
		return what
	case <-time.After(10 * time.Second):
		require.FailNow(t, "the page asked nothing")
		return ""
	}
}

// keydown lets a key go down where the focus is.
func keydown(key string) string {
	return `(document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", {key: "` + key + `", bubbles: true, cancelable: true}))`
}

func TestStepsInABrowser(t *testing.T) {
	requests := make(asked, 16)
	tab, url := browserWith(t, requests)
	at := func(name string) {
		open(t, tab, url+"/"+name, 1440, 900)
		eval[string](t, tab, `sessionStorage.clear(); ""`)
		open(t, tab, url+"/"+name, 1440, 900)
	}

	t.Run("P plays the lesson", func(t *testing.T) {
		at("calm")
		eval[bool](t, tab, keydown("p"))
		require.Equal(t, "POST /api/run/steps/play", requests.next(t))
	})

	t.Run("what a presenter's remote sends goes on, unless a slider has the focus", func(t *testing.T) {
		at("paused")
		eval[bool](t, tab, `document.getElementById("throttle").focus(); `+keydown("ArrowRight")+`; `+keydown("PageDown"))
		eval[bool](t, tab, `document.activeElement.blur(); `+keydown("PageDown"))
		require.Equal(t, "POST /api/run/steps/continue", requests.next(t))
		eval[bool](t, tab, keydown("ArrowRight"))
		require.Equal(t, "POST /api/run/steps/continue", requests.next(t))
		require.Empty(t, requests)
		at("playing")
		require.True(t, eval[bool](t, tab, keydown("PageDown")), "nothing waits: the key keeps its meaning")
	})

	t.Run("a refusal is said", func(t *testing.T) {
		at("playing")
		eval[string](t, tab, `document.querySelector("[data-action=stopsteps]").click(); ""`)
		require.Equal(t, "POST /api/run/steps/stop", requests.next(t))
		require.Eventually(t, func() bool {
			return eval[string](t, tab, `document.getElementById("toast").textContent`) == "no steps are being played"
		}, 10*time.Second, 20*time.Millisecond)
	})

	t.Run("while the lesson has the word the verdict is silent", func(t *testing.T) {
		shown := `[...document.querySelectorAll(".now :is(h2, p, button, a)")].filter(e => e.checkVisibility()).map(e => e.textContent.trim()).join(" | ")`
		at("waiting")
		require.Equal(t, "The slow readers take 4 KB a second now. What they do not take has to wait somewhere. | Step 7 of 11 ◔ Waits until rss of push > 250MiB, at most 1 min | Stop the steps | 00:21 of 02:10", order(eval[string](t, tab, shown)))
		at("calm")
		require.NotContains(t, eval[string](t, tab, shown), "Do it for me", "one button is enough")
		at("done")
		eval[string](t, tab, `document.getElementById("verdict").innerHTML = "<h2>What to do now</h2><p>Drag.</p>"`)
		require.NotContains(t, eval[string](t, tab, shown), "What to do now", "a title whose text is silent")
		require.False(t, eval[bool](t, tab, `(h => { h.hidden = false; return h.checkVisibility() })(document.getElementById("hint"))`), "the end of a lesson says what to press")
	})

	t.Run("there is one question at a time", func(t *testing.T) {
		questions := `[...document.querySelectorAll("h1, .prediction h2")].filter(e => e.checkVisibility()).map(e => e.textContent).join()`
		at("calm")
		require.Equal(t, "Which server runs out of memory?", eval[string](t, tab, questions))
		at("asked")
		require.Equal(t, "The slow readers are about to read only 4 KB a second. What happens to push?", eval[string](t, tab, questions))
		require.False(t, eval[bool](t, tab, `document.querySelector("[data-action=guess]").checkVisibility()`))
	})

	t.Run("a prediction stays in the tab and is answered at the reveal", func(t *testing.T) {
		at("asked")
		eval[string](t, tab, `document.querySelector("[data-choice='It slows down for everybody']").click(); ""`)
		open(t, tab, url+"/asked", 1440, 900)
		require.Equal(t, "It slows down for everybody", eval[string](t, tab, `document.querySelector("[data-action=choose][aria-pressed=true]").textContent`))
		open(t, tab, url+"/revealed", 1440, 900)
		said := `[...document.querySelectorAll("[data-if-choice]")].filter(e => e.checkVisibility()).map(e => e.textContent).join()`
		require.Equal(t, "You said: It slows down for everybody.", eval[string](t, tab, said))
		eval[string](t, tab, `document.body.dataset.run = "r2"; ""`)
		require.Eventually(t, func() bool { return eval[string](t, tab, said) == "" }, 10*time.Second, 20*time.Millisecond, "another run, another answer")
	})

	t.Run("notes are shown on demand, in this tab", func(t *testing.T) {
		shown := `document.getElementById("note").checkVisibility()`
		at("playing")
		require.False(t, eval[bool](t, tab, shown))
		eval[bool](t, tab, keydown("n"))
		require.True(t, eval[bool](t, tab, shown))
		require.Equal(t, "true", eval[string](t, tab, `document.querySelector("[data-action=notes]").getAttribute("aria-pressed")`))
		open(t, tab, url+"/playing", 1440, 900)
		require.True(t, eval[bool](t, tab, shown), "after a reload too")
		eval[bool](t, tab, keydown("N"))
		require.False(t, eval[bool](t, tab, shown))
		open(t, tab, url+"/playing?notes", 1440, 900)
		require.True(t, eval[bool](t, tab, shown), "a speaker's second window")
	})

	t.Run("a recording is moved through", func(t *testing.T) {
		at("replay")
		eval[bool](t, tab, keydown(" "))
		require.Equal(t, `PATCH /api/replay {"playing":false}`, requests.next(t))
		eval[bool](t, tab, keydown("ArrowRight"))
		require.Equal(t, `PATCH /api/replay {"atSeconds":38}`, requests.next(t))
		eval[bool](t, tab, `document.getElementById("seek").focus(); `+keydown("ArrowLeft"))
		require.Equal(t, `PATCH /api/replay {"atSeconds":33}`, requests.next(t))
		eval[bool](t, tab, keydown("End"))
		require.Equal(t, `PATCH /api/replay {"atSeconds":130}`, requests.next(t))
		eval[string](t, tab, `document.querySelector("[data-action=jump][data-at='27.3']").click(); ""`)
		require.Equal(t, `PATCH /api/replay {"atSeconds":27.3}`, requests.next(t))
		require.Equal(t, "00:27", eval[string](t, tab, `document.getElementById("replay-at").textContent`))
		eval[string](t, tab, `{ const s = document.getElementById("replay-speed"); s.value = "4"; s.dispatchEvent(new Event("change")) } ""`)
		require.Equal(t, `PATCH /api/replay {"speed":4}`, requests.next(t))
		require.Empty(t, requests)
		pressed := eval[string](t, tab, `[...document.querySelectorAll("button")].filter(e => e.checkVisibility() && !e.hasAttribute("popovertarget")).map(e => e.dataset.action).join(" ")`)
		require.Equal(t, "theme help replay jump jump jump jump", pressed, "nothing of a run can be steered")
	})

	t.Run("a recording follows the server", func(t *testing.T) {
		at("replay")
		eval[string](t, tab, `document.getElementById("replay-state").innerHTML = '<span data-at="61.5" data-playing="false" data-speed="2"></span>'; ""`)
		require.Eventually(t, func() bool {
			return eval[string](t, tab, `[document.getElementById("seek").value, document.getElementById("replay-at").textContent, document.getElementById("replay-speed").value, document.getElementById("replay-play").getAttribute("aria-pressed")].join(" ")`) == "61.5 01:01 2 true"
		}, 10*time.Second, 20*time.Millisecond)
	})
}

// order joins texts over lines as a person reads them.
func order(text string) string { return strings.Join(strings.Fields(text), " ") }
