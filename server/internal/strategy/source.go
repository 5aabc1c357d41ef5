package strategy

import (
	"embed"
	"io/fs"
	"path"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// sources are the files that this program was built from: a line in them is the
// line that runs.
//
//go:embed *.go
var sources embed.FS

// Text returns the file of this package with this name, "pull_drain.go", or
// false. Tests are none.
func Text(name string) (string, bool) {
	if strings.HasSuffix(name, "_test.go") {
		return "", false
	}
	text, err := fs.ReadFile(sources, name)
	return string(text), err == nil
}

// Files names the files in which goroutines of the strategy can wait, for Text:
// its own first, then those of the engine it runs on, in the order in which its
// Run comes to them. They are found in the source.
func (d Definition) Files() []string {
	own := d.ownFile()
	files := []string{own}
	for _, f := range program().waitingFrom(d.runner() + ".Run") {
		if !slices.Contains(files, f) {
			files = append(files, f)
		}
	}
	return files
}

// ownFile is where New is.
func (d Definition) ownFile() string {
	f := runtime.FuncForPC(reflect.ValueOf(d.New).Pointer())
	if f == nil { // only for a program without its table of functions
		return ""
	}
	file, _ := f.FileLine(f.Entry())
	return path.Base(strings.ReplaceAll(file, `\`, "/"))
}

// runner is the type whose Run a lane calls.
func (d Definition) runner() string {
	s, err := d.Make(nil)
	if err != nil { // its defaults are tested
		return ""
	}
	t := reflect.TypeOf(s)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// program is the source of this package, read once.
var program = sync.OnceValue(func() *reading {
	r := newReading()
	names, _ := fs.Glob(sources, "*.go") // the pattern is good
	for _, name := range names {
		if text, ok := Text(name); ok {
			r.add(name, text)
		}
	}
	return r
})
