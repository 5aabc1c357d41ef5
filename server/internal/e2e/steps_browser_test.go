//go:build browser

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/run"
	"spillway/wasm/throttle"
)

// TestBrowserSteps speaks with a scenario in a room: one steers, another browser
// watches, and the recording has all of it.
func TestBrowserSteps(t *testing.T) {
	own := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(own, "mine.yaml"), []byte(mine), 0o644))
	p := startCommand(t, exec.Command(binary, "--listen", "0.0.0.0:0", "--scenarios", own, "--scenario", "mine", "--recordings", t.TempDir()))
	entrance := p.URL
	u, err := url.Parse(entrance)
	require.NoError(t, err)
	p.URL = "http://" + u.Host + "/"
	status, _ := p.call(http.MethodGet, "recordings/ANY", "")
	require.Equal(t, http.StatusForbidden, status, "a recording holds the notes")
	p.token = u.Query().Get("token")
	const note, question, because = "Wait until the last one has found a seat.", "The readers stop. What does pull do?", "Its write does not return until there is room."

	browser := openBrowser(t)
	speaker, _, told := openListeningTab(t, browser, entrance)
	speaker.focused().arrives("/")
	speaker.live()
	room, _, heard := openListeningTab(t, browser, p.URL, chromedp.WithNewBrowserContext())
	room.focused().live()
	require.Equal(t, "true", eval[string](speaker, "document.body.dataset.steer"))
	require.Equal(t, "false", eval[string](room, "document.body.dataset.steer"))
	both := []*tab{speaker, room}

	speaker.strike("p")
	for _, page := range both {
		page.awaitShown(".said", "Everybody reads.")
		page.awaitShown("#asked", question)
		page.awaitShown("#script p", "Waits for the presenter")
		require.NotContains(t, eval[string](page, "document.body.outerHTML"), because, "nobody is told the answer")
		require.Empty(t, page.shown("#note"))
	}
	require.Equal(t, "paused", p.steps().Steps.State)
	require.NotContains(t, told.String()+heard.String(), because)

	// The note is for the speaker, and only when it is asked for.
	speaker.strike("n")
	speaker.awaitShown("#note", note)
	room.strike("n")
	require.Empty(t, room.shown("#note, .speaker"))
	require.Empty(t, eval[string](room, fmt.Sprintf(`[...document.querySelectorAll("*")].filter(e => e.outerHTML.includes(%q)).map(e => e.outerHTML).pop() ?? ""`, note)))
	speaker.strike("n")
	require.Empty(t, speaker.shown("#note"))

	// What each has said stays, also over a reload.
	speaker.press(`[data-choice="it drops"]`)
	room.press(`[data-choice="it waits"]`)
	for page, choice := range map[*tab]string{speaker: "it drops", room: "it waits"} {
		page.do(chromedp.Reload())
		page.awaitShown("#asked", question)
		page.await(10*time.Second, fmt.Sprintf(`document.querySelector("[data-choice][aria-pressed=true]")?.dataset.choice == %q`, choice))
		page.live()
	}

	// Continue is the speaker's button. What a hand changes meanwhile is its own.
	require.Contains(t, speaker.shown("#script button"), "Continue")
	require.Empty(t, room.shown("#script button"))
	room.strike(kb.PageDown)
	speaker.slide("#throttle", throttle.Position(64_000))
	for _, page := range both {
		page.awaitShown("#log li", "The readers read 64 KB/s each now. by hand")
	}
	require.Equal(t, "paused", p.steps().Steps.State, "neither a hand nor the room moves the steps")

	speaker.strike(kb.PageDown)
	for _, page := range both {
		page.awaitShown("#log q", "Nobody reads.")
		page.awaitShown("#ask .right", "it waits")
		page.awaitShown("#ask .because", because)
		page.awaitShown(".said", "Everybody reads again.")
		page.awaitShown("#script p", "Played to its end")
	}
	require.Contains(t, speaker.shown("#ask .because b"), "You said: it drops.")
	require.Contains(t, room.shown("#ask .because b"), "You said so.")

	// What became of steps and rules.
	end := p.steps()
	require.Equal(t, "done", end.Steps.State)
	require.Len(t, end.Checks, 3)
	for _, c := range end.Checks {
		require.True(t, c.Holds, "%v", c)
	}
	for _, page := range both {
		page.press("details.rules summary")
		page.press("details.plan summary")
		page.awaitShown("#checks-count", "3 of 3 rules hold")
		require.Equal(t, 3, strings.Count(page.shown("#checks li"), "holds"), page.shown("#checks li"))
		require.Equal(t, 4, strings.Count(page.shown("#steps li"), "done"), page.shown("#steps li"))
	}

	recording := p.recording(end.ID)
	require.Len(t, recording.byHand, 1)
	require.Contains(t, recording.byHand[0], "64 KB")
	require.Subset(t, recording.says, []string{"Everybody reads.", "Nobody reads.", "Pull has stopped writing.", "Everybody reads again."})
	require.Equal(t, mine, recording.text)
	require.Greater(t, recording.samples, 10)

	require.Contains(t, told.String(), note, "frames can be read here")
	require.Contains(t, heard.String(), question)
	require.NotContains(t, heard.String(), note)
	for _, page := range both {
		require.Empty(t, page.problems.String())
	}
}

// recorded is a recording as far as tests need it.
type recorded struct {
	text    string // the scenario
	says    []string
	byHand  []string
	samples int
}

// recording downloads that of a run, and reads it as the documentation of its
// format says.
func (p *program) recording(id string) recorded {
	p.t.Helper()
	status, body := p.call(http.MethodGet, "recordings/"+id, "")
	require.Equal(p.t, http.StatusOK, status, body)
	var out recorded
	lines := bufio.NewScanner(strings.NewReader(body))
	lines.Buffer(nil, len(body)+1)
	require.True(p.t, lines.Scan())
	var header struct{ Format, Run, Text string }
	require.NoError(p.t, json.Unmarshal(lines.Bytes(), &header))
	require.Equal(p.t, "spillway-recording", header.Format)
	require.Equal(p.t, id, header.Run)
	out.text = header.Text
	for lines.Scan() {
		var moment struct {
			Sample json.RawMessage
			Log    []struct {
				Kind int
				Text string
			}
		}
		require.NoError(p.t, json.Unmarshal(lines.Bytes(), &moment), lines.Text())
		if moment.Sample != nil {
			out.samples++
		}
		for _, e := range moment.Log {
			out.says = append(out.says, e.Text)
			if e.Kind == int(run.ByHand) {
				out.byHand = append(out.byHand, e.Text)
			}
		}
	}
	require.NoError(p.t, lines.Err())
	return out
}
