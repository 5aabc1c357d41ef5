package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeModule is a module of our name with the smallest client there is.
func fakeModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "go.mod", "module spillway\n\ngo 1.26\n")
	write(t, dir, "go.sum", "")
	write(t, dir, "wasm/main.go", "package main\n\nimport \"spillway/wasm/part\"\n\nfunc main() { part.Do() }\n")
	write(t, dir, "wasm/part/part.go", "package part\n\nfunc Do() {}\n")
	write(t, dir, "server/main.go", "package main\n\nfunc main() {}\n")
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

// load loads the client of a module and returns what it said meanwhile.
func load(t *testing.T, dir, cache string) (files Files, said []string) {
	t.Helper()
	files, err := Load(context.Background(), Options{
		Dir: dir, CacheDir: cache, Progress: func(line string) { said = append(said, line) },
	})
	require.NoError(t, err)
	return files, said
}

func TestTheClientIsCompiledOnce(t *testing.T) {
	dir, cache := fakeModule(t), t.TempDir()
	first, said := load(t, dir, cache)
	require.Len(t, said, 2, "a start that takes seconds says so, and how it went")
	unpack, err := gzip.NewReader(bytes.NewReader(first.WASM))
	require.NoError(t, err)
	wasm, err := io.ReadAll(unpack)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(wasm, []byte("\x00asm")))
	require.Contains(t, string(first.Exec), "globalThis.Go")

	again, said := load(t, filepath.Join(dir, "server"), cache)
	require.Empty(t, said)
	require.Equal(t, first, again)

	write(t, dir, "server/main.go", "package main\n\nfunc main() { println() }\n")
	_, said = load(t, dir, cache)
	require.Empty(t, said, "the server is no part of the client")

	write(t, dir, "wasm/part/part.go", "package part\n\nfunc Do() { println(\"other\") }\n")
	other, said := load(t, dir, cache)
	require.Len(t, said, 2)
	require.NotEqual(t, first.Hash, other.Hash)

	entries, err := os.ReadDir(cache)
	require.NoError(t, err)
	require.Len(t, entries, 2, "two clients and nothing half done")
}

func TestADamagedCacheIsReplaced(t *testing.T) {
	dir, cache := fakeModule(t), t.TempDir()
	whole, _ := load(t, dir, cache)
	folders, err := filepath.Glob(filepath.Join(cache, "client-*"))
	require.NoError(t, err)
	require.Len(t, folders, 1)
	require.NoError(t, os.Truncate(filepath.Join(folders[0], WASMFile), 0))
	files, said := load(t, dir, cache)
	require.Len(t, said, 2)
	require.Equal(t, whole, files)
}

func TestASourceThatDoesNotCompile(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"undefined": {"wasm/main.go", "package main\n\nfunc main() { nothing() }\n", "wasm/main.go:3:15: undefined: nothing"},
		"syntax":    {"wasm/part/part.go", "package part\n\nfunc Do( {}\n", "wasm/part/part.go:3:"},
		"import":    {"wasm/main.go", "package main\n\nimport _ \"spillway/gone\"\n\nfunc main() {}\n", "wasm/main.go:3:8: "},
	} {
		t.Run(name, func(t *testing.T) {
			dir, cache := fakeModule(t), t.TempDir()
			write(t, dir, c.file, c.text)
			_, err := Load(context.Background(), Options{Dir: dir, CacheDir: cache})
			require.ErrorContains(t, err, "the browser client does not compile: ")
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\n", "one line")
			entries, err := os.ReadDir(cache)
			require.NoError(t, err)
			require.Empty(t, entries)
		})
	}
}

func TestAToolchainWithoutTheExperiment(t *testing.T) {
	goTool, err := exec.LookPath("go")
	require.NoError(t, err)
	older := t.TempDir()
	write(t, older, "go", "#!/bin/sh\nif [ -n \"$GOEXPERIMENT\" ]; then echo \"go: unknown GOEXPERIMENT $GOEXPERIMENT\" >&2; exit 2; fi\nexec "+goTool+" \"$@\"\n")
	require.NoError(t, os.Chmod(filepath.Join(older, "go"), 0o755))
	dir, cache := fakeModule(t), t.TempDir()
	usual, _ := load(t, dir, cache)
	t.Setenv("PATH", older+string(os.PathListSeparator)+os.Getenv("PATH"))
	other, said := load(t, dir, t.TempDir())
	require.Len(t, said, 2)
	require.NotEqual(t, usual.Hash, other.Hash, "compiled without it")
}

func TestWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Load(context.Background(), Options{Dir: fakeModule(t), CacheDir: t.TempDir()})
	require.EqualError(t, err, "compile the browser client: there is no go on PATH; use a release, which has the client inside")
}

func TestTheCompilerEndsWithTheServer(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Load(ctx, Options{Dir: fakeModule(t), CacheDir: t.TempDir()})
	require.ErrorIs(t, err, context.Canceled)
}

func TestARelease(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	release := fstest.MapFS{WASMFile: {Data: []byte("packed")}, ExecFile: {Data: []byte("glue")}}
	files, err := Load(context.Background(), Options{Release: release})
	require.NoError(t, err)
	require.Equal(t, "packed", string(files.WASM))
	require.Equal(t, "glue", string(files.Exec))
	require.Len(t, files.Hash, 16)

	release[ExecFile].Data = []byte("other glue")
	other, err := Load(context.Background(), Options{Release: release})
	require.NoError(t, err)
	require.NotEqual(t, files.Hash, other.Hash)

	release[ExecFile].Data = nil
	_, err = Load(context.Background(), Options{Release: release})
	require.ErrorContains(t, err, "a file is empty")
	delete(release, WASMFile)
	_, err = Load(context.Background(), Options{Release: release})
	require.ErrorContains(t, err, WASMFile)
}

func TestTheCacheKeepsTheNewest(t *testing.T) {
	cache := t.TempDir()
	now := time.Now()
	age := func(name string, d time.Duration) string {
		dir := filepath.Join(cache, name)
		require.NoError(t, os.Mkdir(dir, 0o755))
		require.NoError(t, os.Chtimes(dir, now, now.Add(-d)))
		return dir
	}
	newest := age("client-new", 100*time.Hour) // whatever its clock says
	for i := range 8 {
		age(fmt.Sprintf("client-%d", i), time.Duration(i+1)*time.Hour)
	}
	age(building+"left", 2*abandoned)
	age(building+"now", 0)
	age("something else", 100*time.Hour)
	prune(cache, newest)
	entries, err := os.ReadDir(cache)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, "building-now client-0 client-1 client-2 client-3 client-new something else", strings.Join(names, " "))
}

// budgetBytes of the gzipped client: what a phone on a classroom's Wi-Fi loads in
// a second or two.
const budgetBytes = 750_000

func TestTheClientIsSmall(t *testing.T) {
	_, here, _, _ := runtime.Caller(0)
	files, err := Load(context.Background(), Options{Dir: filepath.Dir(here)})
	require.NoError(t, err)
	t.Logf("client.wasm is %d bytes gzipped", len(files.WASM))
	require.LessOrEqual(t, len(files.WASM), budgetBytes, "`GOOS=js GOARCH=wasm go list -deps ./wasm` shows what is in it")
}
