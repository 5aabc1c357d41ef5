package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// listed is a package of this module as go list sees it.
type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Standard   bool
}

// list asks the go tool about packages for a platform.
func list(t *testing.T, platform string, patterns ...string) []listed {
	t.Helper()
	goos, goarch, _ := strings.Cut(platform, "/")
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Deps,Standard"}, patterns...)...)
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var all []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, p)
	}
}

// platforms are those that the code is read for: files differ between them.
var platforms = []string{"linux/amd64", "darwin/arm64", "windows/amd64"}

// TestOnlyTheseImport holds who may use what: each of these libraries has one
// place in the design, and whoever looks for it finds it there.
func TestOnlyTheseImport(t *testing.T) {
	rules := map[string][]string{
		// How children, the Go toolchain and the person's browser are started.
		"os/exec": {"server/internal/supervisor", "server/internal/client", "server/internal/browser"},
		// Everybody else asks the broker through these.
		"github.com/redis/go-redis/": {"server/internal/source", "server/internal/broker", "server/internal/producer", "server/internal/lanehost"},
		// WebSockets are a transport, its readers, and the hub. Those of the endurance
		// test vanish, which the crowd's cannot.
		"github.com/gorilla/websocket": {"server/internal/transport", "server/internal/crowd", "server/internal/soak", "server/internal/site"},
		// What is for one package only.
		"github.com/prometheus/":           {"server/internal/site"},
		"github.com/a-h/templ":             {"server/internal/site", "web/page", "web/component"},
		"github.com/goccy/":                {"scenarios/script"},
		"github.com/invopop/":              {"scenarios/script/schema"},
		"github.com/fsnotify/":             {"server/internal/library"},
		"golang.org/x/term":                {"server/internal/terminal"},
		"github.com/google/pprof/":         {"server/internal/heap"},
		"github.com/aymanbagabas/go-udiff": {"server/internal/site"},
		// Frames by hand; what the servers and clients of net/http speak is its own.
		"golang.org/x/net/http2": {"server/internal/crowd"},
		// JavaScript is met in one place.
		"syscall/js": {"wasm", "wasm/internal/"},
	}
	used := make(map[string]bool)
	for _, platform := range append(slices.Clone(platforms), "js/wasm") {
		patterns := []string{"./..."}
		if platform == "js/wasm" {
			patterns = []string{"./wasm/..."}
		}
		for _, p := range list(t, platform, patterns...) {
			for what, where := range rules {
				if !slices.ContainsFunc(p.Imports, func(i string) bool { return strings.HasPrefix(i+"/", what) || i == what }) {
					continue
				}
				used[what] = true
				path := strings.TrimPrefix(p.ImportPath, "spillway/")
				require.True(t, slices.ContainsFunc(where, func(w string) bool {
					return path == w || strings.HasPrefix(path, w+"/internal/") || strings.HasSuffix(w, "/") && strings.HasPrefix(path, w)
				}) || isTesting(path), "%s imports %s (%s)", path, what, platform)
			}
		}
	}
	for what := range rules {
		require.True(t, used[what], "nobody imports %s: the rule is out of date", what)
	}
}

// isTesting tells whether a package is for tests only.
func isTesting(path string) bool { return strings.HasSuffix(path, "test") }

// TestStandardLibraryOnly holds that what both ends share stays small and free.
func TestStandardLibraryOnly(t *testing.T) {
	shared := []string{"./server/internal/lane", "./web/chart", "./wasm/wire", "./wasm/reader", "./wasm/throttle"}
	ours := []string{"spillway/wasm/wire", "spillway/wasm/throttle", "spillway/wasm/reader", "spillway/web/chart", "spillway/server/internal/lane"}
	for _, p := range list(t, "linux/amd64", shared...) {
		for _, dep := range list(t, "linux/amd64", append([]string{"-deps"}, p.ImportPath)...) {
			require.True(t, dep.Standard || slices.Contains(ours, dep.ImportPath), "%s depends on %s", p.ImportPath, dep.ImportPath)
		}
	}
}

// TestTheClientImportsNothingHeavy holds the packages that were measured to blow
// the client up.
func TestTheClientImportsNothingHeavy(t *testing.T) {
	heavy := []string{"fmt", "log", "log/slog", "encoding/json", "net/http", "reflect", "time", "context", "os", "regexp", "text/template"}
	for _, p := range list(t, "js/wasm", "./wasm") {
		for _, dep := range p.Deps {
			require.NotContains(t, heavy, dep, "the client depends on %s", dep)
			require.False(t, strings.HasPrefix(dep, "spillway/server/"), "the client depends on %s", dep)
		}
	}
}

// TestLayers holds which parts of the module do not know each other.
func TestLayers(t *testing.T) {
	const server = "spillway/server/internal/"
	never := map[string][]string{
		"./web/...":                       {"spillway/server/"},
		"./wasm/...":                      {"spillway/server/"},
		"./scenarios/...":                 {"spillway/server/", "spillway/web/", "spillway/wasm/"},
		"./server/internal/source/...":    {server + "strategy", server + "transport"},
		"./server/internal/strategy/...":  {server + "source", server + "transport"},
		"./server/internal/transport/...": {server + "source", server + "strategy"},
		"./server/internal/lanehost/...":  {server + "run", server + "site", server + "supervisor"},
		"./server/internal/run/...":       {server + "site", "net/http/pprof"},
		"./server/internal/play/...":      {server + "run", server + "lane"},
		"./server/internal/metric/...":    {server + "run", server + "lane"},
		"./server/internal/threshold/...": {server + "run", server + "lane"},
		"./server":                        {"spillway/scenarios/script/schema"}, // a tool of development
	}
	for pattern, forbidden := range never {
		platform := "linux/amd64"
		if strings.HasPrefix(pattern, "./wasm") {
			platform = "js/wasm"
		}
		for _, p := range list(t, platform, pattern) {
			for _, dep := range p.Deps {
				for _, f := range forbidden {
					require.False(t, strings.HasPrefix(dep, f), "%s depends on %s", p.ImportPath, dep)
				}
			}
		}
	}
}
