// Package client provides the two files that the browser runs: the reader
// compiled to WASM, and the glue of the toolchain that compiled it.
//
//	wasm/… → client.wasm (gzipped), wasm_exec.js → site → browser
//
// A release carries them inside. Otherwise they are compiled when the server
// starts, into the user's cache directory, under the hash of everything they are
// made of; a second start finds them there.
package client

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Names of the files, in the cache as well as in a release.
const (
	WASMFile = "client.wasm.gz"
	ExecFile = "wasm_exec.js"
)

// Files are what the browser needs.
type Files struct {
	Hash string // of their content; part of their URLs
	WASM []byte // gzipped
	Exec []byte
}

// Options say where to look.
type Options struct {
	Release  fs.FS             // files inside the program; nil if there are none
	CacheDir string            // "" is the user's
	Dir      string            // of the module or below it; "" is the working directory
	Progress func(line string) // told when something takes seconds; nil says nothing
}

// Load returns the files, compiling them if it has to. That takes some ten
// seconds once and is bounded by ctx. An error is one line that says what to do.
func Load(ctx context.Context, o Options) (Files, error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	if o.Release != nil {
		return read(o.Release)
	}
	source, err := locate(ctx, o.Dir)
	if err != nil {
		return Files{}, err
	}
	cache, err := cacheDir(o.CacheDir)
	if err != nil {
		return Files{}, err
	}
	dir := filepath.Join(cache, "client-"+source.hash)
	if files, err := read(os.DirFS(dir)); err == nil {
		return files, nil
	}
	if exists(dir) { // complete or not at all, unless somebody tidied up in it
		if err := os.RemoveAll(dir); err != nil {
			return Files{}, fmt.Errorf("replace the damaged browser client in the cache: %w", err)
		}
	}
	o.Progress("Compiling the browser client, once for this version …")
	started := time.Now()
	if err := Build(ctx, source.dir, dir); err != nil {
		return Files{}, err
	}
	files, err := read(os.DirFS(dir))
	if err != nil {
		return Files{}, err
	}
	o.Progress(fmt.Sprintf("Compiled in %.1f s: %d KB gzipped.", time.Since(started).Seconds(), len(files.WASM)/1000))
	prune(cache, dir)
	return files, nil
}

func read(from fs.FS) (Files, error) {
	wasm, err := fs.ReadFile(from, WASMFile)
	if err != nil {
		return Files{}, fmt.Errorf("read browser client: %w", err)
	}
	exec, err := fs.ReadFile(from, ExecFile)
	if err != nil {
		return Files{}, fmt.Errorf("read browser client: %w", err)
	}
	if len(wasm) == 0 || len(exec) == 0 {
		return Files{}, errors.New("read browser client: a file is empty")
	}
	sum := hashOf(wasm, exec)
	return Files{Hash: hex.EncodeToString(sum[:8]), WASM: wasm, Exec: exec}, nil
}

func cacheDir(dir string) (string, error) {
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil { // no home directory, as in a container
			user = os.TempDir()
		}
		dir = filepath.Join(user, "spillway")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make cache directory for the browser client: %w", err)
	}
	return dir, nil
}

// kept is how many compiled clients stay in the cache: enough for switching
// between a few branches.
const kept = 5

// abandoned is the age from which a folder that was being built belongs to a
// server that was killed.
const abandoned = time.Hour

// prune removes the oldest clients and what was never finished. Failing to is no
// reason to fail.
func prune(cache, newest string) {
	unfinished, _ := filepath.Glob(filepath.Join(cache, building+"*")) // the pattern is valid
	for _, e := range unfinished {
		if info, err := os.Stat(e); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.RemoveAll(e)
		}
	}
	entries, err := filepath.Glob(filepath.Join(cache, "client-*"))
	if err != nil {
		return
	}
	for len(entries) > kept {
		oldest, at := -1, time.Now()
		for i, e := range entries {
			if info, err := os.Stat(e); err == nil && e != newest && info.ModTime().Before(at) {
				oldest, at = i, info.ModTime()
			}
		}
		if oldest < 0 {
			return
		}
		_ = os.RemoveAll(entries[oldest])
		entries = append(entries[:oldest], entries[oldest+1:]...)
	}
}
