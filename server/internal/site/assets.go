package site

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"spillway/server/internal/client"
	"spillway/web/page"
)

// assets are the files beside the page. Each has its hash in its URL, so a
// browser keeps it for ever and still sees every change at once.
type assets struct {
	files map[string]asset // by name below /static/
	urls  page.Assets
}

type asset struct {
	body        []byte
	gzipped     bool
	contentType string
	version     string
}

var contentTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".wasm": "application/wasm",
}

func newAssets(static fs.FS, c client.Files) (assets, error) {
	a := assets{files: make(map[string]asset)}
	names, err := fs.Glob(static, "*.*")
	if err != nil {
		return a, fmt.Errorf("list static files: %w", err)
	}
	for _, name := range names {
		body, err := fs.ReadFile(static, name)
		if err != nil {
			return a, fmt.Errorf("read static file: %w", err)
		}
		a.add(name, body, false)
	}
	a.add("client.wasm", c.WASM, true)
	a.add(client.ExecFile, c.Exec, false)
	a.urls = page.Assets{
		Style: a.url("app.css"), Theme: a.url("theme.js"), Boot: a.url("boot.js"), Worker: a.url("worker.js"),
		Exec: a.url(client.ExecFile), Client: a.url("client.wasm"), Mark: a.url("mark.svg"),
		Press: a.url("press.js"), Script: a.url("script.js"), Replay: a.url("replay.js"),
		Lesson: a.url("lesson.css"), Editor: a.url("editor.js"),
		Heap: a.url("heap.css"), Compare: a.url("compare.css"), Comparing: a.url("compare.js"), Code: a.url("code.css"), CodeScript: a.url("code.js"),
		Account: a.url("account.css"), AccountScript: a.url("account.js"), ReadersScript: a.url("readers.js"),
	}
	return a, nil
}

func (a assets) add(name string, body []byte, gzipped bool) {
	sum := sha256.Sum256(body)
	a.files[name] = asset{body, gzipped, contentTypes[path.Ext(name)], hex.EncodeToString(sum[:6])}
}

func (a assets) url(name string) string { return "/static/" + name + "?v=" + a.files[name].version }

// ServeHTTP serves one file.
func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/static/")
	f, ok := a.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == f.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	tag := f.version
	body := f.body
	if f.gzipped {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			tag += "-gzip" // two representations, two tags (RFC 9110, 8.8.3.3)
		} else if body = unzip(body); body == nil {
			http.Error(w, "the client cannot be unpacked", http.StatusInternalServerError)
			return
		}
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// takesGzip reads Accept-Encoding: gzip is there and not given the weight 0.
func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
			return err != nil || q > 0
		}
	}
	return false
}

// unzip is for the rare client that takes no gzip. nil if it is damaged.
func unzip(packed []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	var out bytes.Buffer
	if _, err := out.ReadFrom(r); err != nil {
		return nil
	}
	return out.Bytes()
}
