package script

import (
	"bytes"
	"path"
	"reflect"
	"strings"
)

// File is a scenario as it lies on the disk, or in an editor.
type File struct {
	Path string // as errors show it; the scenario is called like it, without folder and ending
	Text []byte
	// Read returns a file beside it, at most a few hundred KiB. Names have no
	// folder in them. Nil: there is nothing beside it.
	Read func(name string) ([]byte, error)
}

// Parse reads and checks a scenario. The error is [Errors]: everything that is
// wrong, and then there is no scenario. It takes no more than a fraction of a
// second and some ten MiB, whatever the file says.
func Parse(f File, v Vocabulary) (Scenario, error) {
	text := bytes.TrimPrefix(f.Text, byteOrderMark)
	r := &report{src: newSource(f.Path, nil)}
	if len(text) > MaxFileBytes {
		r.add(position{}, "", "%d bytes, at most %d", len(text), MaxFileBytes)
		return Scenario{}, r.errors()
	}
	r.src = newSource(f.Path, text)
	node := read(text, r)
	if node == nil {
		return Scenario{}, r.errors()
	}
	s := Scenario{Name: name(f.Path), Text: f.Text}
	d := decoder{report: r, v: v}
	root := &spot{}
	d.into(node, reflect.ValueOf(&s).Elem(), root)
	c := checker{report: r, v: v, s: &s, root: root, file: f}
	c.check()
	if len(r.problems) > 0 {
		return Scenario{}, r.errors()
	}
	return s, nil
}

// name is what a scenario in the file of that path is called.
func name(file string) string {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	return strings.TrimSuffix(base, path.Ext(base))
}
