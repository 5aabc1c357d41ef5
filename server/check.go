package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"spillway/scenarios"
	"spillway/scenarios/script"
	"spillway/server/internal/run"
	"spillway/web"
)

const checkUsage = `Tells whether scenario files are valid, and else everything that is wrong.

Usage:
  spillway check FILE… [flags]

A FILE is a scenario, or the name of a lesson that comes with the program:
%s

Flags:
  --max-memory SIZE  Ceiling for all lanes together (default %s), which the
                     limits of the lanes must fit in.
  --help             This text.

Exit codes: 0 all are valid, 1 a file cannot be read, 64 wrong flags, 104 a file
is not valid.
`

// checkFiles is the mode that looks at scenario files and runs nothing.
func checkFiles(args []string, stdout, stderr io.Writer) int {
	set := newFlags("check")
	maxMemory := set.String("max-memory", defaultMaxMemory, "")
	files, err := parseWithFiles(set, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stdout, checkUsage, indented(lessonList()+"."), defaultMaxMemory)
		return exitOK
	}
	ceiling, sizeErr := script.ParseSize(*maxMemory)
	if err == nil && sizeErr != nil {
		err = fmt.Errorf("--max-memory: %w", sizeErr)
	}
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	_, code := loadScenarios(files, int64(ceiling), stderr, func(file string) { fmt.Fprintf(stdout, "%s: ok\n", file) })
	return code
}

// program is how a person starts this program: a release is called by its name,
// what was built without its client comes from the repository.
func program() string {
	if web.Client() != nil {
		return "spillway"
	}
	return "go run ./server"
}

// complain says in one line what is wrong, and returns the exit code.
func complain(stderr io.Writer, code int, err error) int {
	fmt.Fprintln(stderr, "spillway:", err)
	return code
}

// newFlags is a set of flags whose errors are ours to say, once and in one line.
func newFlags(mode string) *flag.FlagSet {
	set := flag.NewFlagSet("spillway "+mode, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return set
}

// parseWithFiles reads flags that may stand before, between and behind files.
// Behind -- everything is a file. Its error is one line, or flag.ErrHelp.
func parseWithFiles(set *flag.FlagSet, args []string) (files []string, err error) {
	for len(args) > 0 {
		if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			return nil, fmt.Errorf("%w (--help lists the flags)", err)
		}
		rest := set.Args()
		if taken := len(args) - len(rest); taken > 0 && args[taken-1] == "--" {
			files, rest = append(files, rest...), nil
		}
		if len(rest) == 0 {
			break
		}
		files, args = append(files, rest[0]), rest[1:]
	}
	if len(files) == 0 {
		return nil, errors.New("which FILE? (--help tells how to call it)")
	}
	return files, nil
}

// gravity orders exit codes, the gravest first.
var gravity = []int{exitUser, exitFailure, exitUsage, exitScript, exitRule}

// graver is the graver of two exit codes.
func graver(a, b int) int {
	for _, code := range gravity {
		if a == code || b == code {
			return code
		}
	}
	return exitOK
}

// loadScenarios reads files, complains of each that cannot be played, and calls
// good for the others.
func loadScenarios(files []string, maxMemoryBytes int64, stderr io.Writer, good func(file string)) (all []script.Scenario, code int) {
	for _, file := range files {
		s, err := loadScenario(file, maxMemoryBytes)
		var wrong script.Errors
		switch {
		case err == nil:
			all = append(all, s)
			good(file)
		case errors.As(err, &wrong):
			fmt.Fprintln(stderr, wrong.Pretty())
			code = graver(code, exitScript)
		case errors.Is(err, run.ErrInvalid):
			code = graver(code, complain(stderr, exitScript, fmt.Errorf("%s: %w", file, err)))
		default:
			code = graver(code, complain(stderr, exitFailure, err))
		}
	}
	return all, code
}

// loadScenario reads a scenario file or a built-in lesson. The error is
// script.Errors, wraps run.ErrInvalid, or says why there is nothing to read.
func loadScenario(file string, maxMemoryBytes int64) (script.Scenario, error) {
	source, err := openScenario(file)
	if err != nil {
		return script.Scenario{}, err
	}
	s, err := script.Parse(source, run.Vocabulary(maxMemoryBytes))
	if err != nil {
		return script.Scenario{}, err
	}
	return s, run.Check(s, maxMemoryBytes)
}

// openScenario finds the file that a person means.
func openScenario(file string) (script.File, error) {
	if name := file + ".yaml"; !strings.ContainsAny(file, `/\`) && slices.Contains(lessonNames(), file) {
		text, err := scenarios.Files.ReadFile(name)
		return script.File{Path: name, Text: text, Read: scenarios.Files.ReadFile}, err
	}
	text, err := readAtMost(file, script.MaxFileBytes+1) // one more, so that the parser sees that it is too large
	if errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(file, `/\.`) {
		return script.File{}, fmt.Errorf("there is no file %q and no lesson of that name; lessons are %s", file, lessonList())
	}
	if err != nil {
		return script.File{}, fmt.Errorf("read scenario: %w", err)
	}
	beside := func(name string) ([]byte, error) {
		if name != filepath.Base(name) || !filepath.IsLocal(name) {
			return nil, fmt.Errorf("read %q: a file beside the scenario has no folder in its name", name)
		}
		return readAtMost(filepath.Join(filepath.Dir(file), name), maxBesideBytes)
	}
	return script.File{Path: file, Text: text, Read: beside}, nil
}

// maxBesideBytes bounds a file that a scenario names.
const maxBesideBytes = 512 << 10

// readAtMost reads the beginning of a file.
func readAtMost(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, most))
}

// lessonNames are the built-in lessons.
func lessonNames() []string {
	files, _ := fs.Glob(scenarios.Files, "*.yaml") // fails only for a bad pattern
	for i, file := range files {
		files[i] = strings.TrimSuffix(file, ".yaml")
	}
	return files
}

func lessonList() string { return strings.Join(lessonNames(), ", ") }

// indented is a text in lines for a help.
func indented(text string) string { return "  " + strings.Join(wrap(text, 78), "\n  ") }
