package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"spillway/scenarios"
	"spillway/scenarios/script"
	"spillway/server/internal/broker"
	"spillway/server/internal/child"
	"spillway/server/internal/comparison"
	"spillway/server/internal/library"
	"spillway/server/internal/record"
	"spillway/server/internal/run"
	"spillway/server/internal/site"
	"spillway/server/internal/supervisor"
	"spillway/wasm/wire"
)

// serve is the mode that a person starts.
func serve(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f, err := parseFlags(args, stdout)
	if errors.Is(err, errHelp) {
		return exitOK
	}
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	log := newLog(stderr, f.verbose)
	broker.LogClient(log)
	var p pages
	lessons, err := library.New(library.Options{
		BuiltIn:    scenarios.Files,
		Groups:     lessonGroups(),
		Default:    scenarios.Default,
		Dir:        f.scenarios,
		Vocabulary: run.Vocabulary(f.maxMemory),
		Program:    program(),
		Log:        log,
		Changed:    func() { p.changed() },
	})
	if err != nil {
		return complain(stderr, exitScript, err)
	}
	lesson, err := pick(lessons, f.scenario)
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	if !lesson.Playable() {
		if isForMemory(lesson) {
			return complain(stderr, exitUsage, fmt.Errorf("--max-memory: too little memory for %s: %s", lesson.Name, lesson.Errors[0].Text))
		}
		fmt.Fprintln(stderr, lesson.Errors.Pretty())
		return exitScript
	}
	if err := run.Check(lesson.Scenario, f.maxMemory); err != nil {
		return complain(stderr, exitScript, fmt.Errorf("scenario %s: %w", lesson.Name, err))
	}
	ctx, cancel := child.ExitWithParent(ctx)
	defer cancel()
	if err := p.prepare(ctx, f.listen, f.open, stdout, log); err != nil {
		return complain(stderr, exitFailure, err)
	}
	defer p.listener.Close()
	s := server{flags: f, lessons: lessons, lesson: lesson.Scenario, pages: &p, log: log}
	if err := s.run(ctx, stdout); err != nil {
		return complain(stderr, exitFailure, err)
	}
	return exitOK
}

// lessonGroups are the headings of the gallery.
func lessonGroups() []library.Group {
	all := make([]library.Group, len(scenarios.Groups))
	for i, g := range scenarios.Groups {
		all[i] = library.Group(g)
	}
	return all
}

// isForMemory tells whether a lesson would be valid under a higher ceiling.
func isForMemory(l library.Lesson) bool {
	_, err := script.Parse(script.File{Path: l.Path, Text: l.Text, Read: scenarios.Files.ReadFile}, run.Vocabulary(muchMemory))
	return err == nil
}

// muchMemory is more than any scenario asks for.
const muchMemory = 1 << 40

// server joins the parts of a run with its pages, and holds them while they run.
type server struct {
	flags   flags
	lessons *library.Library
	lesson  script.Scenario
	pages   *pages
	log     *slog.Logger
}

func (s server) run(ctx context.Context, stdout io.Writer) error {
	super := supervisor.New(supervisor.Options{Log: s.log})
	defer super.Close()

	tapes := openTapes(s.flags.tapes, s.log)
	var recorder *record.Recorder
	var control *run.Control
	here := record.Here(brokerName(s.flags.redis), s.flags.maxMemory)
	desk := comparison.NewDesk(comparison.DeskOptions{
		Control: func() comparison.Control { return control }, Environment: here, Program: program(),
	})
	observe := desk.Take
	if tapes != nil {
		defer tapes.Close()
		recorder = record.NewRecorder(record.RecorderOptions{
			Store:       tapes,
			Environment: here,
			Command: func(v run.View) string {
				if state, ok := desk.State(); ok && state.RunID == v.RunID {
					return desk.Command(state.Choice)
				}
				return s.command(v)
			},
			History: func() wire.History { return control.History() },
			Log:     s.log,
		})
		observe = func(v run.View) {
			desk.Take(v)
			recorder.Take(v)
		}
	}
	control, err := run.New(ctx, run.Options{
		Scenario:       s.lesson,
		Supervisor:     super,
		Broker:         brokerOf(s.flags.redis),
		LaneHost:       s.pages.host(),
		PagePort:       s.pages.addr().Port,
		MaxMemoryBytes: s.flags.maxMemory,
		Log:            s.log,
		Changed:        s.pages.changed,
		Observe:        observe,
	})
	if err != nil {
		return err
	}
	var beside sync.WaitGroup
	besideContext, end := context.WithCancel(context.WithoutCancel(ctx))
	defer beside.Wait()
	defer end() // after the run has ended, so that its end is recorded
	beside.Go(func() { s.lessons.Run(besideContext) })
	beside.Go(func() { desk.Run(besideContext) })
	if recorder != nil {
		beside.Go(func() { recorder.Run(besideContext) })
	}
	defer control.Close()
	o := site.Options{
		Control: control, Looking: control, Readers: control, Comparison: desk, Library: s.lessons, Folder: s.flags.scenarios,
		Vocabulary: run.Vocabulary(s.flags.maxMemory),
	}
	if tapes != nil {
		o.Recordings = tapes
	}
	return s.pages.serve(ctx, o, stdout)
}

// command runs the scenario of a run again.
func (s server) command(v run.View) string {
	path := v.Scenario.Name
	if lesson, ok := s.lessons.Find(v.Scenario.Name); ok {
		return s.lessons.Command(lesson)
	}
	return program() + " run " + path + ".yaml"
}

// noTapes as a folder says that runs are not written down.
const noTapes = "off"

// openTapes opens the folder where runs are written down; nil where there is to
// be none, or cannot be, and then the log says why.
func openTapes(dir string, log *slog.Logger) *record.Store {
	if dir == noTapes {
		return nil
	}
	var err error
	if dir == "" {
		dir, err = os.UserCacheDir()
		dir = filepath.Join(dir, "spillway", "recordings")
	}
	if err == nil {
		var store *record.Store
		if store, err = record.OpenStore(dir, record.StoreOptions{Log: log}); err == nil {
			return store
		}
	}
	log.Warn("runs are not recorded", "err", err)
	return nil
}

// pick finds the lesson that opens.
func pick(lessons *library.Library, name string) (library.Lesson, error) {
	if lesson, ok := lessons.Find(name); ok {
		return lesson, nil
	}
	var names []string
	for _, l := range lessons.Lessons() {
		names = append(names, l.Name)
	}
	return library.Lesson{}, fmt.Errorf("--scenario %q: there is no such lesson; there are %s", name, strings.Join(names, ", "))
}
