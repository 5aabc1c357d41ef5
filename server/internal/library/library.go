// Package library holds the scenarios there are: those that come with the
// program, and those of a person's folder, which it reads again when they change.
//
//	scenario files → library → gallery, editor, run
//
// A file in the person's folder that is called like a built-in one takes its
// place: the person's wins, keeps the number of the other, and is marked as
// theirs. So somebody can work on a copy of the built-in files and see each
// change where they expect it. Without the file the built-in one is back.
//
// A file that is not valid is a lesson too: it is shown with its errors and
// cannot be played.
package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"spillway/scenarios/script"
)

// MaxFiles bounds the person's folder: the first of that many by name are read.
const MaxFiles = 200

// Options are what a Library needs.
type Options struct {
	BuiltIn    fs.FS   // NAME.yaml, what they name beside them, and shapes/NAME.csv
	Groups     []Group // the order of the gallery; built-in lessons that are in none follow by name
	Default    string  // the lesson that comes first, whatever the groups say
	Dir        string  // the person's folder; empty: none. It may come and go
	Vocabulary script.Vocabulary
	Program    string       // how a person starts this program, for Command
	Log        *slog.Logger // nil: nothing is logged
	// Changed is called after lessons have changed, by Run. It must not call Run.
	Changed func()
}

// Group is a heading of the gallery and the lessons under it.
type Group struct {
	Title   string
	About   string   // a sentence
	Lessons []string // names, in order
}

// Lesson is one scenario file.
type Lesson struct {
	Name     string // of the file, without its ending; unique
	Path     string // as errors show it
	Own      bool   // of the person's folder
	Group    string // title of its group; empty: it is in none
	Text     []byte // as it was read; nil when it could not be
	Scenario script.Scenario
	Errors   script.Errors // why it cannot be played; then Scenario is empty
	Shape    Shape         // how its lanes went in a run before; empty where nobody wrote one down
}

// Playable tells whether the file is valid.
func (l Lesson) Playable() bool { return len(l.Errors) == 0 }

// Title is that of the scenario, or the name of a file that is not valid.
func (l Lesson) Title() string {
	if l.Playable() {
		return l.Scenario.Title
	}
	return l.Name
}

// Library is the lessons there are. Its methods may be called from any
// goroutine and never wait for the disk, but for Parse.
type Library struct {
	o       Options
	builtIn []Lesson

	mu      sync.RWMutex
	lessons []Lesson // replaced, never changed
	trouble string
}

// New reads all lessons. A file that is not valid is no error, and neither is a
// folder that is not there yet; only a missing default lesson is, since then
// nothing could be shown.
func New(o Options) (*Library, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Dir != "" {
		absolute, err := filepath.Abs(o.Dir)
		if err != nil {
			return nil, fmt.Errorf("find the folder of scenarios %q: %w", o.Dir, err)
		}
		o.Dir = filepath.Clean(absolute)
	}
	l := &Library{o: o}
	builtIn, trouble := l.read(folder{fsys: o.BuiltIn, path: "scenarios"})
	if trouble != "" {
		return nil, fmt.Errorf("read the built-in scenarios: %s", trouble)
	}
	l.builtIn = builtIn
	l.refresh()
	if _, ok := l.Find(o.Default); !ok {
		return nil, fmt.Errorf("find the lesson to begin with: there is no scenario %q", o.Default)
	}
	return l, nil
}

// Lessons are all lessons in the order of the gallery: the default one, those
// of the groups, the others that are built in, and the person's.
func (l *Library) Lessons() []Lesson {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Clone(l.lessons)
}

// Groups are the headings of the gallery, in order. Some may have no lesson.
func (l *Library) Groups() []Group { return slices.Clone(l.o.Groups) }

// Find is the lesson of that name.
func (l *Library) Find(name string) (Lesson, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, lesson := range l.lessons {
		if lesson.Name == name {
			return lesson, true
		}
	}
	return Lesson{}, false
}

// Trouble says in a sentence why the person's folder is not shown, or not all of
// it. Empty when there is nothing to say.
func (l *Library) Trouble() string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.trouble
}

// EditedName is what a scenario is called that has the text of an editor, which
// began with the lesson from.
func EditedName(from string) string {
	if from == "" {
		return "edited"
	}
	return from + "-edited"
}

// Parse reads a text as if it stood beside the lesson from, so that it finds the
// files that the lesson names; a from that does not exist has none. The error is
// script.Errors.
func (l *Library) Parse(from string, text []byte) (script.Scenario, error) {
	f := script.File{Path: EditedName("") + ending, Text: text}
	if lesson, ok := l.Find(from); ok {
		home := folder{fsys: l.o.BuiltIn, path: "scenarios"}
		if lesson.Own {
			home = l.own()
		}
		f.Path = EditedName(from) + ending
		f.Read = home.beside
	}
	if len(text) > script.MaxFileBytes {
		return script.Scenario{}, script.Errors{{Path: f.Path, Text: tooLarge}}
	}
	s, err := script.Parse(f, l.o.Vocabulary)
	if err != nil {
		return script.Scenario{}, errorsOf(f.Path, err)
	}
	return s, nil
}

// own is the person's folder.
func (l *Library) own() folder { return folder{fsys: os.DirFS(l.o.Dir), path: l.o.Dir} }

// refresh reads the person's folder and tells whether anything is different.
func (l *Library) refresh() bool {
	var own []Lesson
	var trouble string
	if l.o.Dir != "" {
		own, trouble = l.read(l.own())
		for i := range own {
			own[i].Own = true
		}
	}
	lessons := l.arrange(own)
	l.mu.Lock()
	defer l.mu.Unlock()
	if trouble == l.trouble && slices.EqualFunc(lessons, l.lessons, same) {
		return false
	}
	if trouble != "" && trouble != l.trouble {
		l.o.Log.Warn("scenarios not read", "folder", l.o.Dir, "why", trouble)
	}
	l.lessons, l.trouble = lessons, trouble
	return true
}

// arrange puts the person's lessons in the place of built-in ones of the same
// name, and all of them in order.
func (l *Library) arrange(own []Lesson) []Lesson {
	taken := make(map[string]bool, len(own))
	for _, lesson := range own {
		taken[lesson.Name] = true
	}
	all := slices.Clone(own)
	isBuiltIn := make(map[string]bool, len(l.builtIn))
	for _, lesson := range l.builtIn {
		isBuiltIn[lesson.Name] = true
		if !taken[lesson.Name] {
			all = append(all, lesson)
		}
	}
	places := make(map[string]int)
	groups := make(map[string]string)
	for _, g := range l.o.Groups {
		for _, name := range g.Lessons {
			places[name] = 1 + len(places)
			groups[name] = g.Title
		}
	}
	place := func(name string) int {
		ordered, ok := places[name]
		switch {
		case name == l.o.Default:
			return 0
		case ok && isBuiltIn[name]:
			return ordered
		case isBuiltIn[name]:
			return 1 + len(places)
		}
		return 2 + len(places)
	}
	for i, lesson := range all {
		if isBuiltIn[lesson.Name] {
			all[i].Group = groups[lesson.Name]
		}
	}
	slices.SortFunc(all, func(a, b Lesson) int {
		if by := place(a.Name) - place(b.Name); by != 0 {
			return by
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all
}

// errorsOf is what Parse says as Errors, whatever it is.
func errorsOf(path string, err error) script.Errors {
	var all script.Errors
	if errors.As(err, &all) && len(all) > 0 {
		return all
	}
	return script.Errors{{Path: path, Text: err.Error()}}
}

// Run reads the person's folder again whenever something in it changes, until
// ctx is done.
func (l *Library) Run(ctx context.Context) {
	if l.o.Dir == "" {
		<-ctx.Done()
		return
	}
	w := newWatch(l.o.Dir, l.o.Log)
	defer w.close()
	for w.wait(ctx) {
		if l.refresh() {
			l.o.Changed()
		}
	}
}
