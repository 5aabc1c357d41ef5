package library

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"spillway/scenarios/script"
)

// ending is that of a scenario file; .yml is read too.
const ending = ".yaml"

// maxBesideBytes bounds a file that a scenario names, and a shape.
const maxBesideBytes = 512 << 10

const tooLarge = "the file has more than 256 KiB; no scenario needs that"

// folder is where scenario files lie.
type folder struct {
	fsys fs.FS
	path string // as errors show it
}

// read reads every scenario of a folder, by name, and says what kept it from
// reading them all.
func (l *Library) read(f folder) ([]Lesson, string) {
	entries, err := fs.ReadDir(f.fsys, ".")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Sprintf("There is no folder %s; when it comes, its scenarios are shown.", f.path)
	case err != nil:
		return nil, fmt.Sprintf("The folder %s cannot be read: %v.", f.path, err)
	}
	trouble := ""
	var files []string
	for _, e := range entries {
		if e.IsDir() || nameOf(e.Name()) == "" {
			continue
		}
		if len(files) == MaxFiles {
			trouble = fmt.Sprintf("The folder %s has more than %d scenarios; the first of them by name are shown.", f.path, MaxFiles)
			break
		}
		files = append(files, e.Name())
	}
	var all []Lesson
	for _, file := range files {
		if n := len(all); n > 0 && all[n-1].Name == nameOf(file) {
			trouble = fmt.Sprintf("Of %s%s and %s.yml in %s only the first is shown.", nameOf(file), ending, nameOf(file), f.path)
			continue
		}
		if lesson, ok := l.lesson(f, file); ok {
			all = append(all, lesson)
		}
	}
	return all, trouble
}

// nameOf is what the scenario of a file is called; empty for what is none, the
// hidden files of editors among them.
func nameOf(file string) string {
	kind := path.Ext(file)
	if strings.HasPrefix(file, ".") || kind != ending && kind != ".yml" {
		return ""
	}
	return strings.TrimSuffix(file, kind)
}

// lesson reads one file. It is false for a file that went away meanwhile.
func (l *Library) lesson(f folder, file string) (Lesson, bool) {
	out := Lesson{Name: nameOf(file), Path: filepath.Join(f.path, file)}
	text, err := readFile(f.fsys, file, script.MaxFileBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return out, false
	case errors.Is(err, errTooLarge):
		out.Errors = script.Errors{{Path: out.Path, Text: tooLarge}}
		return out, true
	case err != nil:
		out.Errors = script.Errors{{Path: out.Path, Text: "the file cannot be read: " + err.Error()}}
		return out, true
	}
	out.Text = text
	out.Scenario, err = script.Parse(script.File{Path: out.Path, Text: text, Read: f.beside}, l.o.Vocabulary)
	if err != nil {
		out.Scenario, out.Errors = script.Scenario{}, errorsOf(out.Path, err)
	}
	csv, err := readFile(f.fsys, "shapes/"+out.Name+".csv", maxBesideBytes)
	if err == nil {
		out.Shape, err = ParseShape(csv)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.o.Log.Warn("no picture of a lesson", "lesson", out.Name, "err", err)
	}
	return out, true
}

// beside reads a file that a scenario of this folder names. There is no way out
// of the folder but a link that lies in it.
func (f folder) beside(name string) ([]byte, error) {
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, `/\`) {
		return nil, fmt.Errorf("read %q: a file beside the scenario has no folder in its name", name)
	}
	return readFile(f.fsys, name, maxBesideBytes)
}

var errTooLarge = errors.New("the file is too large")

// readFile reads a regular file of at most most bytes. Anything else could
// block or never end.
func readFile(fsys fs.FS, name string, most int64) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %q: not a file", name)
	}
	file, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", name, err)
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("read %q: %w: more than %d bytes", name, errTooLarge, most)
	}
	return text, nil
}

// same tells whether two lessons are equal in everything that is shown or
// played. A scenario follows from its text and the files it names.
func same(a, b Lesson) bool {
	return a.Name == b.Name && a.Own == b.Own && a.Path == b.Path && bytes.Equal(a.Text, b.Text) &&
		slices.Equal(a.Errors, b.Errors) && reflect.DeepEqual(a.Scenario.Files, b.Scenario.Files) && reflect.DeepEqual(a.Shape, b.Shape)
}
