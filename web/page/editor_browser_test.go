package page_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"spillway/web"
)

// editorServer serves the pages around lessons under the policy of the site. Its
// language knows one mistake: “ses”, which stands in the line it finds it in.
type editorServer struct {
	url    string
	checks atomic.Int64
	ran    atomic.Pointer[string]
	status atomic.Int64 // of the answer to run
}

func newEditorServer(t *testing.T) *editorServer {
	s := &editorServer{}
	s.status.Store(http.StatusOK)
	mux := http.NewServeMux()
	mux.Handle("/static/", http.StripPrefix("/static/", http.FileServerFS(web.Static())))
	for name, p := range lessonPages(t) {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
			_ = p.Render(r.Context(), w)
		})
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<title>the stage</title>")
	})
	mux.HandleFunc("POST /api/scenario/check", func(w http.ResponseWriter, r *http.Request) {
		s.checks.Add(1)
		body, _ := io.ReadAll(r.Body)
		type problem struct {
			Line    int    `json:"line"`
			Column  int    `json:"column"`
			Length  int    `json:"length"`
			Text    string `json:"text"`
			Nearest string `json:"nearest"`
		}
		wrong := []problem{}
		for i, line := range strings.Split(string(body), "\n") {
			if before, _, found := strings.Cut(line, "ses"); found {
				wrong = append(wrong, problem{i + 1, len([]rune(before)) + 1, 3, "no “ses” <here>", "sse"})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": len(wrong) == 0, "summary": "2 lanes, 4 steps, 2 rules", "errors": wrong})
	})
	mux.HandleFunc("POST /api/run/script", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		text := string(body)
		s.ran.Store(&text)
		w.WriteHeader(int(s.status.Load()))
		fmt.Fprint(w, `{"error":"the lanes want more memory than there is"}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func show(t *testing.T, tab context.Context, url string, width, height int64) {
	t.Helper()
	require.NoError(t, chromedp.Do(tab, chromedp.EmulateViewport(width, height)))
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate(url)))
}

// becomes waits until the expression is the value.
func becomes[T comparable](t *testing.T, tab context.Context, want T, expression string) {
	t.Helper()
	var last T
	require.Eventually(t, func() bool {
		last = eval[T](t, tab, expression)
		return last == want
	}, 10*time.Second, 20*time.Millisecond, "%s is not %v but %v", expression, want, &last)
}

// strike presses keys as a person does.
func strike(t *testing.T, tab context.Context, keys ...string) {
	t.Helper()
	for _, key := range keys {
		var modifiers []chromedp.KeyOption
		if plain, ok := strings.CutPrefix(key, "Ctrl+"); ok {
			key = plain
			modifiers = append(modifiers, chromedp.KeyModifiers(chromedp.ModifierCtrl))
		}
		require.NoError(t, chromedp.Do(tab, chromedp.KeyEvent(key, modifiers...)))
	}
}

func TestTheEditorInABrowser(t *testing.T) {
	tab, _ := browser(t)
	s := newEditorServer(t)
	const status, value = `document.getElementById("status").textContent`, `document.getElementById("text").value`
	caret := func(text string) string {
		return fmt.Sprintf(`(() => { const t = document.getElementById("text"); t.focus(); const at = t.value.indexOf(%q); t.setSelectionRange(at, at); return String(at) })()`, text)
	}
	fresh := func(t *testing.T) {
		t.Helper()
		show(t, tab, s.url+"/editor", 1440, 900)
		eval[string](t, tab, `sessionStorage.clear(), ""`)
		show(t, tab, s.url+"/editor", 1440, 900)
		becomes(t, tab, "ok: 2 lanes, 4 steps, 2 rules", status)
	}

	t.Run("it checks what is typed, and only when somebody rests", func(t *testing.T) {
		fresh(t)
		require.Equal(t, "36", eval[string](t, tab, `String(document.querySelectorAll("#gutter span").length)`))
		before := s.checks.Load()
		eval[string](t, tab, caret("sse"))
		for _, key := range strings.Split("ses #", "") {
			strike(t, tab, key)
		}
		becomes(t, tab, "1 error", status)
		require.LessOrEqual(t, s.checks.Load()-before, int64(2))
		require.True(t, eval[bool](t, tab, `document.getElementById("run").disabled`))
		require.Equal(t, "✕ 11", eval[string](t, tab, `document.querySelector("#gutter .bad").textContent.trim()`))
		require.Equal(t, `✕Line 11 no “ses” <here>`, eval[string](t, tab, `document.querySelector("#errors button").textContent`))
	})

	t.Run("an error leads to its word, and its nearest replaces it", func(t *testing.T) {
		fresh(t)
		eval[string](t, tab, caret("say: Two"))
		strike(t, tab, strings.Split("é𝒳: ses ", "")...)
		becomes(t, tab, "1 error", status)
		eval[string](t, tab, `document.querySelector("#errors button").click(), ""`)
		require.Equal(t, "ses", eval[string](t, tab, `(() => { const t = document.activeElement; return t.value.slice(t.selectionStart, t.selectionEnd) })()`))
		require.Equal(t, "Replace with “sse”", eval[string](t, tab, `document.querySelector("#errors button + button").textContent`))
		eval[string](t, tab, `document.querySelector("#errors button + button").click(), ""`)
		require.Contains(t, eval[string](t, tab, value), "é𝒳: sse say: Two")
		becomes(t, tab, "ok: 2 lanes, 4 steps, 2 rules", status)
		strike(t, tab, "Ctrl+z")
		becomes(t, tab, "1 error", status)
	})

	t.Run("Tab indents, and does not hold the keyboard", func(t *testing.T) {
		fresh(t)
		eval[string](t, tab, caret("version"))
		strike(t, tab, "\t")
		require.True(t, strings.HasPrefix(eval[string](t, tab, value), "  version"))
		eval[string](t, tab, `document.getElementById("text").setSelectionRange(0, 20), ""`)
		strike(t, tab, "\t")
		require.True(t, strings.HasPrefix(eval[string](t, tab, value), "    version: 1\n  title"), "both lines of the selection")
		strike(t, tab, "\x1b", "\t")
		require.NotEqual(t, "text", eval[string](t, tab, `document.activeElement.id`))
	})

	t.Run("Reset can be undone", func(t *testing.T) {
		fresh(t)
		eval[string](t, tab, caret("version"))
		strike(t, tab, "#", " ")
		eval[string](t, tab, `document.getElementById("reset").click(), ""`)
		require.True(t, strings.HasPrefix(eval[string](t, tab, value), "version"))
		strike(t, tab, "Ctrl+z")
		require.True(t, strings.HasPrefix(eval[string](t, tab, value), "# version"))
	})

	t.Run("what was typed outlives a reload", func(t *testing.T) {
		fresh(t)
		eval[string](t, tab, caret("version"))
		strike(t, tab, "#", " ")
		show(t, tab, s.url+"/editor", 1440, 900)
		becomes(t, tab, true, value+`.startsWith("# version")`)
		require.Contains(t, eval[string](t, tab, `document.getElementById("restored").textContent`), "is back")
		eval[string](t, tab, `document.getElementById("reset").click(), ""`)
		show(t, tab, s.url+"/editor", 1440, 900)
		require.False(t, eval[bool](t, tab, `document.getElementById("restored").checkVisibility()`))
	})

	t.Run("numbers scroll with the text", func(t *testing.T) {
		fresh(t)
		eval[string](t, tab, `(() => { const t = document.getElementById("text"); t.scrollTop = t.scrollHeight; return "" })()`)
		becomes(t, tab, true, `document.getElementById("gutter").scrollTop === document.getElementById("text").scrollTop && document.getElementById("text").scrollTop > 0`)
	})

	t.Run("Run runs the text, or says why not", func(t *testing.T) {
		fresh(t)
		s.status.Store(http.StatusBadRequest)
		eval[string](t, tab, `document.getElementById("run").click(), ""`)
		becomes(t, tab, "It was not run: the lanes want more memory than there is", `document.getElementById("failed").textContent`)
		require.True(t, eval[bool](t, tab, `document.getElementById("failed").checkVisibility()`))
		require.Equal(t, scenarioText(t), *s.ran.Load())
		s.status.Store(http.StatusOK)
		eval[string](t, tab, `document.getElementById("run").click(), ""`)
		becomes(t, tab, "the stage", `document.title`)
	})

	t.Run("Download gives the text to the browser", func(t *testing.T) {
		fresh(t)
		eval[string](t, tab, `HTMLAnchorElement.prototype.click = function () { globalThis.given = this.download + " " + this.href.slice(0, 5) }, ""`)
		eval[string](t, tab, `document.getElementById("download").click(), ""`)
		require.Equal(t, "one-slow-reader-edited.yaml blob:", eval[string](t, tab, `globalThis.given`))
	})

	for name := range lessonPages(t) {
		for _, screen := range []struct{ width, height int64 }{{1920, 1080}, {1440, 900}, {390, 844}} {
			t.Run(fmt.Sprintf("%s at %dx%d is not wider than the screen", name, screen.width, screen.height), func(t *testing.T) {
				show(t, tab, s.url+"/"+name, screen.width, screen.height)
				require.Equal(t, int(screen.width), eval[int](t, tab, `document.documentElement.scrollWidth`))
			})
		}
	}
}
