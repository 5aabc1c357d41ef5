package page_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"spillway/web"
	"spillway/web/internal/example"
)

// browser starts Chromium with one tab, and a server that has every stage of
// example at /NAME and an empty client.
func browser(t *testing.T) (tab context.Context, url string) { return browserWith(t, nil) }

// browserWith is browser with an answer to what pages ask below /api/.
func browserWith(t *testing.T, api http.Handler) (tab context.Context, url string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		t.Skip("no Chromium on PATH")
	}
	mux := http.NewServeMux()
	if api != nil {
		mux.Handle("/api/", api)
	}
	mux.Handle("/static/", http.StripPrefix("/static/", http.FileServerFS(web.Static())))
	mux.HandleFunc("/static/wasm_exec.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		// A Go that runs for ever; as a worker it says what it was given.
		fmt.Fprint(w, `globalThis.Go = class { importObject = {}; run(i) {
			if (spillwayRole === "worker") setInterval(() => postMessage([spillwayRole, i instanceof WebAssembly.Instance, spillwayInbox.length]), 20);
			return new Promise(() => {}) } }`)
	})
	mux.HandleFunc("/static/client.wasm", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/wasm")
		fmt.Fprint(w, "\x00asm\x01\x00\x00\x00")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		name := path.Base(r.URL.Path)
		for _, known := range example.Names {
			if name == known {
				_ = example.Stage(name).Page().Render(r.Context(), w)
				return
			}
		}
		http.NotFound(w, r)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox)...)
	t.Cleanup(cancel)
	tab, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return tab, server.URL
}

// open shows a stage on a screen of the given size once its client has started.
func open(t *testing.T, tab context.Context, url string, width, height int64) {
	t.Helper()
	_, err := chromedp.Run(tab, func(ctx context.Context, _ *chromedp.Target) (struct{}, error) {
		_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 700,
		})
		if err != nil {
			return struct{}{}, err
		}
		_, err = chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
		return struct{}{}, err
	})
	require.NoError(t, err)
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate(url)))
	require.Eventually(t, func() bool {
		return eval[bool](t, tab, `globalThis.spillwayModule instanceof WebAssembly.Module && document.documentElement.dataset.ready === ""`)
	}, 20*time.Second, 20*time.Millisecond)
}

func eval[T any](t *testing.T, tab context.Context, script string) T {
	t.Helper()
	value, err := chromedp.Run(tab, chromedp.Evaluate[T](script))
	require.NoError(t, err, script)
	return value
}

// screens are the sizes that the page is made for.
var screens = []struct{ width, height int64 }{{1920, 1080}, {1440, 900}, {1280, 720}, {820, 1180}, {390, 844}}

func TestInABrowser(t *testing.T) {
	tab, url := browser(t)

	for _, name := range []string{"calm", "rising", "dead", "watch", "four", "paused", "revealed", "done", "replay"} {
		for _, screen := range screens {
			t.Run(fmt.Sprintf("%s at %dx%d is not wider than the screen", name, screen.width, screen.height), func(t *testing.T) {
				open(t, tab, url+"/"+name, screen.width, screen.height)
				require.Equal(t, int(screen.width), eval[int](t, tab, `document.documentElement.scrollWidth`))
				require.Equal(t, "", eval[string](t, tab, `document.body.dataset.client ?? ""`))
			})
		}
	}

	for _, name := range []string{"rest", "calm", "rising", "dead", "playing", "waiting", "paused", "done"} {
		for _, screen := range screens[:3] {
			t.Run(fmt.Sprintf("the whole of %s fits on %dx%d", name, screen.width, screen.height), func(t *testing.T) {
				open(t, tab, url+"/"+name, screen.width, screen.height)
				bottom := eval[float64](t, tab, `document.querySelector(".throttle").getBoundingClientRect().bottom`)
				require.LessOrEqual(t, bottom, float64(screen.height))
			})
		}
	}

	// Neither a death nor a step pushes the charts about, or nobody sees what
	// happened in them.
	for _, screen := range screens[:3] {
		t.Run(fmt.Sprintf("charts stay in place at %dx%d", screen.width, screen.height), func(t *testing.T) {
			place := `[...document.querySelectorAll(".chart")].map(c => { const r = c.getBoundingClientRect(); return [r.x, r.y, r.width, r.height].join(" ") }).join(", ")`
			open(t, tab, url+"/rising", screen.width, screen.height)
			before := eval[string](t, tab, place)
			for _, name := range []string{"dead", "calm", "playing", "asked", "paused", "done", "halted"} {
				open(t, tab, url+"/"+name, screen.width, screen.height)
				require.Equal(t, before, eval[string](t, tab, place), name)
			}
			open(t, tab, url+"/waiting", screen.width, screen.height)
			haunted := eval[string](t, tab, place)
			open(t, tab, url+"/revealed", screen.width, screen.height)
			eval[bool](t, tab, `document.querySelector("[data-if-choice]").hidden = false`)
			require.Equal(t, haunted, eval[string](t, tab, place))
		})
	}

	for _, name := range []string{"calm", "rising", "dead", "playing"} {
		for _, screen := range screens[:2] {
			t.Run(fmt.Sprintf("no card of %s lies behind the slider at %dx%d", name, screen.width, screen.height), func(t *testing.T) {
				open(t, tab, url+"/"+name, screen.width, screen.height)
				hidden := eval[string](t, tab, `(() => {
					for (const e of document.querySelectorAll("dd[data-own], [data-tab]")) e.textContent = "1023 KiB"
					for (const e of document.querySelectorAll(".own [data-own$='.rate']")) e.textContent = "813 KB/s"
					const top = document.querySelector(".throttle").getBoundingClientRect().top
					return [...document.querySelectorAll(".lane")].map(e => e.getBoundingClientRect().bottom - top).filter(px => px > 0).join(", ")
				})()`)
				require.Empty(t, hidden)
				lines := `[...document.querySelectorAll(".own")].map(own => [...new Set([...own.querySelectorAll(":scope > .quiet, :scope > p:not(.own-full) > *, .own-way > :not(.tip), .own-figures > *")].map(e => { const r = e.getBoundingClientRect(); return (r.top + r.bottom) / 2 }))].sort((a, b) => a - b).filter((y, i, all) => i === 0 || y - all[i - 1] > 8).length).join(" ")`
				require.Equal(t, "2 2", eval[string](t, tab, lines))
			})
		}
	}

	t.Run("a way that does not push back says so, and what comes of it", func(t *testing.T) {
		open(t, tab, url+"/calm", 1440, 900)
		says := `(() => { const own = document.querySelector(".own-way"), seen = (of) => [...own.querySelectorAll(of + " [data-says]")].filter(e => getComputedStyle(e).display !== "none").map(e => e.textContent).join()
			own.querySelector(".own-pushes").focus()
			const tip = own.querySelector(".tip").getBoundingClientRect()
			return [seen(".own-pushes"), seen(".tip"), tip.width > 100].join(" | ") })()`
		require.Regexp(t, `^pushes back \| fetch Pushes back: .* \| true$`, eval[string](t, tab, says))
		eval[string](t, tab, `document.querySelector("[data-way]").dataset.way = "websocket"`)
		require.Regexp(t, `^does not push back \| WebSocket Does not push back: .* \| true$`, eval[string](t, tab, says))
		require.False(t, eval[bool](t, tab, `document.activeElement.blur(), document.querySelector(".own-way .tip").getBoundingClientRect().width > 1`))
	})

	t.Run("what a door shows stands below its row", func(t *testing.T) {
		open(t, tab, url+"/calm", 1440, 900)
		below := eval[bool](t, tab, `(() => {
			const doors = document.querySelector(".doors"), tops = () => [...doors.querySelectorAll(":scope > details > summary, .steer a")].map(e => Math.round(e.getBoundingClientRect().top / 8))
			const before = tops().join()
			for (const d of doors.querySelectorAll(":scope > details")) d.open = true
			const row = doors.querySelector("summary").getBoundingClientRect().bottom
			return new Set(tops()).size === 1 && before === tops().join() && [".code-now", ".curl code"].every(s => { const r = doors.querySelector(s).getBoundingClientRect(); return r.top >= row && r.width > doors.clientWidth * .9 })
		})()`)
		require.True(t, below)
	})

	for _, screen := range screens {
		t.Run(fmt.Sprintf("explanations stay in view and off the slider at %dx%d", screen.width, screen.height), func(t *testing.T) {
			open(t, tab, url+"/rising", screen.width, screen.height)
			wrong := eval[string](t, tab, `(() => {
				const wrong = []
				for (const d of document.querySelectorAll("details[data-wide]")) d.open = true
				for (const told of document.querySelectorAll("[aria-describedby^=tip-]")) {
					told.focus({preventScroll: true})
					told.scrollIntoView({block: "center"})
					const tip = document.getElementById(told.getAttribute("aria-describedby"))
					const t = tip.getBoundingClientRect(), s = document.querySelector(".throttle").getBoundingClientRect()
					const seen = t.width > 0 && t.left >= 0 && t.right <= innerWidth && t.top >= 0 && t.bottom <= innerHeight
					const covers = t.left < s.right && s.left < t.right && t.top < s.bottom && s.top < t.bottom
					if (!seen || covers) wrong.push(tip.id + (covers ? " covers the slider" : " is not in view"))
				}
				return wrong.join(", ")
			})()`)
			require.Empty(t, wrong)
		})
	}

	t.Run("numbers of other lengths move nothing", func(t *testing.T) {
		open(t, tab, url+"/rising", 1440, 900)
		moved := eval[string](t, tab, `(() => {
			const places = () => [...document.querySelectorAll(".lane .chart, .lane dt, .lane-head, .big > *, .throttle *, .knob *")].map(e => { const r = e.getBoundingClientRect(); return e.className + " " + [r.x, r.y].join(" ") })
			const say = (rss, one, all, rate) => {
				for (const e of document.querySelectorAll("[data-live$='.rss']")) e.textContent = rss
				for (const e of document.querySelectorAll(".figures:not(.small) dd")) e.textContent = one
				for (const e of document.querySelectorAll("output[data-out=throttle]")) e.textContent = rate
				return places()
			}
			const before = say("9.9", "0", "", "stopped"), after = say("26.1", "1023 KiB", "", "unlimited")
			return before.filter((p, i) => p !== after[i]).join(", ")
		})()`)
		require.Empty(t, moved)
	})

	t.Run("an explanation goes away with Escape", func(t *testing.T) {
		open(t, tab, url+"/rising", 1440, 900)
		shown := `(() => { const t = document.querySelector(".figures .told"); t.querySelector("dt").focus(); const seen = () => getComputedStyle(t.querySelector(".tip")).display !== "none"
			const before = seen(); dispatchEvent(new KeyboardEvent("keydown", {key: "Escape"})); return before + " " + seen() })()`
		require.Equal(t, "true false", eval[string](t, tab, shown))
	})

	t.Run("a guess is remembered on the page and answered after the death", func(t *testing.T) {
		open(t, tab, url+"/dead", 1440, 900)
		visible := `[...document.querySelectorAll("[data-if-guess]")].filter(e => e.checkVisibility()).map(e => e.textContent).join()`
		require.Empty(t, eval[string](t, tab, visible))
		eval[string](t, tab, `document.body.dataset.guess = "push"`)
		require.Equal(t, "You said push: right.", eval[string](t, tab, visible))
		require.Equal(t, "push", eval[string](t, tab, `document.querySelector("[data-action=guess][aria-pressed=true]").dataset.guess`))
		// A verdict that arrives later is answered too.
		eval[string](t, tab, `document.getElementById("verdict").innerHTML = '<p data-if-guess="push" hidden>A</p><p data-if-guess="both" hidden>B</p>'`)
		require.Equal(t, "A", eval[string](t, tab, visible))
	})

	t.Run("S goes to the slider that is shown", func(t *testing.T) {
		open(t, tab, url+"/rising", 1440, 900)
		press := `document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "s", bubbles: true})); document.activeElement.id`
		require.Equal(t, "throttle", eval[string](t, tab, press))
		eval[string](t, tab, `document.activeElement.blur(); document.body.dataset.each = "true"`)
		require.Equal(t, "throttle-push", eval[string](t, tab, press))
	})

	t.Run("who only watches sees no controls of the run", func(t *testing.T) {
		open(t, tab, url+"/watch", 1440, 900)
		seen := eval[string](t, tab, `[...document.querySelectorAll("button, input")].filter(e => e.checkVisibility() && !e.hasAttribute("popovertarget")).map(e => e.dataset.action ?? e.dataset.set ?? "").join(" ")`)
		require.Equal(t, "theme help guess guess guess ownPause ownPause throttle", strings.TrimSpace(seen))
	})

	t.Run("a worker runs the same module and keeps what came too early", func(t *testing.T) {
		open(t, tab, url+"/rising", 1440, 900)
		eval[string](t, tab, `(() => { const s = document.querySelector("script[data-worker]").dataset, w = new Worker(s.worker)
			w.onmessage = e => globalThis.told = JSON.stringify(e.data)
			w.postMessage({module: spillwayModule, exec: s.exec}); w.postMessage("early"); return "" })()`)
		require.Eventually(t, func() bool {
			return eval[string](t, tab, `globalThis.told ?? ""`) == `["worker",true,1]`
		}, 10*time.Second, 20*time.Millisecond)
	})

	t.Run("a client that does not start is said", func(t *testing.T) {
		open(t, tab, url+"/rising", 1440, 900)
		require.False(t, eval[bool](t, tab, `document.querySelector(".on-failed").checkVisibility()`))
		eval[string](t, tab, `document.body.dataset.client = "failed"`)
		require.True(t, eval[bool](t, tab, `document.querySelector(".on-failed").checkVisibility()`))
	})
}
