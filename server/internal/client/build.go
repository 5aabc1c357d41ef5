package client

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// buildFlags make the client small: they strip what the browser has no use for, a
// fifth of the size, and keep what is not on the path of the bytes from being
// inlined, another 4 %.
var buildFlags = []string{
	"-trimpath", "-ldflags=-s -w",
	"-gcflags=runtime=-l", "-gcflags=syscall/js=-l", "-gcflags=strconv=-l",
	"-gcflags=spillway/wasm/wire=-l", "-gcflags=spillway/web/...=-l", "-gcflags=spillway/wasm/internal/...=-l",
}

// experiment is the toolchain's GOEXPERIMENT for the client: the collector that
// marks small objects page by page is made for many cores, of which WASM has none,
// and is 10 KB of the compressed size. A toolchain that does not know the word
// compiles without it.
const experiment = "nogreenteagc"

// source is the client's module as it is on this machine.
type source struct {
	dir  string // of the module
	hash string // of everything the client is compiled from
}

// locate finds the module and hashes what the client is made of: the toolchain,
// the flags, the sums of other modules, and every file of this module that the
// client's packages consist of.
func locate(ctx context.Context, dir string) (source, error) {
	if dir == "" {
		dir = "."
	}
	root, err := moduleDir(ctx, dir)
	if err != nil {
		return source{}, err
	}
	files, err := inputs(ctx, root)
	if err != nil {
		return source{}, err
	}
	version, err := goTool(ctx, root, "env", "GOVERSION", "GOROOT")
	if err != nil {
		return source{}, err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, string(version), buildFlags, experiment)
	for _, name := range append(files, filepath.Join(root, "go.mod"), filepath.Join(root, "go.sum")) {
		text, err := os.ReadFile(name)
		if err != nil {
			return source{}, fmt.Errorf("hash the browser client's source: %w", err)
		}
		rel, _ := filepath.Rel(root, name)
		fmt.Fprintln(sum, rel, len(text))
		sum.Write(text)
	}
	return source{dir: root, hash: hex.EncodeToString(sum.Sum(nil)[:8])}, nil
}

// moduleDir asks for the module at dir and, if that is not ours, where this
// program was compiled.
func moduleDir(ctx context.Context, dir string) (string, error) {
	for _, d := range []string{dir, compiledIn()} {
		out, err := goTool(ctx, d, "list", "-m", "-f", "{{.Path}}\t{{.Dir}}")
		if errors.Is(err, exec.ErrNotFound) {
			return "", errors.New("compile the browser client: there is no go on PATH; use a release, which has the client inside")
		}
		if ctx.Err() != nil {
			return "", err
		}
		if path, root, ok := strings.Cut(strings.TrimSpace(string(out)), "\t"); err == nil && ok && path == "spillway" {
			return root, nil
		}
	}
	return "", errors.New("compile the browser client: its source is not here; start the server inside a clone of the repository, or use a release, which has the client inside")
}

// compiledIn is the folder of this file on the machine that compiled it.
func compiledIn() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

// inputs lists the files of this module that the client is compiled from.
func inputs(ctx context.Context, root string) ([]string, error) {
	out, err := goTool(ctx, root, "list", "-deps", "-json=Dir,GoFiles,EmbedFiles,Module", "./wasm")
	if err != nil {
		return nil, err
	}
	var files []string
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir                 string
			GoFiles, EmbedFiles []string
			Module              *struct{ Main bool }
		}
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			slices.Sort(files)
			return files, nil
		case err != nil:
			return nil, fmt.Errorf("list the browser client's source: %w", err)
		}
		if p.Module == nil || !p.Module.Main {
			continue
		}
		for _, name := range append(p.GoFiles, p.EmbedFiles...) {
			files = append(files, filepath.Join(p.Dir, name))
		}
	}
}

// building is how the name of a folder begins that is not complete.
const building = "building-"

// Build compiles the client of the module in root into the folder dir, which
// appears whole or not at all.
func Build(ctx context.Context, root, dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("make folder for the browser client: %w", err)
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), building)
	if err != nil {
		return fmt.Errorf("make folder for the browser client: %w", err)
	}
	defer os.RemoveAll(temp)
	if err := compile(ctx, root, temp); err != nil {
		return err
	}
	if err := os.Rename(temp, dir); err != nil && !exists(dir) { // another server may have been faster
		return fmt.Errorf("keep the browser client: %w", err)
	}
	return nil
}

// WriteTo compiles the client of the module at dir into files of an existing
// folder, for a release.
func WriteTo(ctx context.Context, dir, folder string) error {
	src, err := locate(ctx, dir)
	if err != nil {
		return err
	}
	return compile(ctx, src.dir, folder)
}

func compile(ctx context.Context, root, folder string) error {
	raw := filepath.Join(folder, "client.wasm")
	defer os.Remove(raw)
	args := append(append([]string{"build"}, buildFlags...), "-o", raw, "./wasm")
	_, err := goToolWith(ctx, []string{"GOEXPERIMENT=" + experiment}, root, args...)
	if err != nil && strings.Contains(err.Error(), "unknown GOEXPERIMENT") {
		_, err = goTool(ctx, root, args...)
	}
	if err != nil {
		return err
	}
	goroot, err := goTool(ctx, root, "env", "GOROOT")
	if err != nil {
		return err
	}
	glue, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", ExecFile))
	if err != nil {
		return fmt.Errorf("find %s in the Go toolchain: %w", ExecFile, err)
	}
	if err := os.WriteFile(filepath.Join(folder, ExecFile), glue, 0o644); err != nil {
		return fmt.Errorf("write browser client: %w", err)
	}
	return compress(raw, filepath.Join(folder, WASMFile))
}

func compress(from, to string) error {
	wasm, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read compiled client: %w", err)
	}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is valid
	if _, err := w.Write(wasm); err != nil {
		return fmt.Errorf("compress client: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("compress client: %w", err)
	}
	if err := os.WriteFile(to, packed.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write browser client: %w", err)
	}
	return nil
}

// goTool runs the Go tool in dir for the browser's platform. Its error is one
// line: the first that the tool wrote about a file, or the first of all.
func goTool(ctx context.Context, dir string, args ...string) ([]byte, error) {
	return goToolWith(ctx, nil, dir, args...)
}

// goToolWith is goTool with more in its environment.
func goToolWith(ctx context.Context, env []string, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOFLAGS="), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("compile the browser client: %w", ctx.Err())
	}
	if line := firstError(stderr.String()); line != "" {
		return nil, fmt.Errorf("the browser client does not compile: %s (GOOS=js GOARCH=wasm go build ./wasm shows all)", line)
	}
	return nil, fmt.Errorf("compile the browser client: go %s: %w", args[0], err)
}

func firstError(output string) string {
	first := ""
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.Contains(line, ".go:") {
			return line
		}
		if first == "" {
			first = line
		}
	}
	return first
}

func hashOf(parts ...[]byte) [sha256.Size]byte {
	return sha256.Sum256(bytes.Join(parts, nil))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
