package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"spillway/scenarios/script"
	"spillway/server/internal/library"
	"spillway/server/internal/outcome"
	"spillway/server/internal/record"
	"spillway/server/internal/report"
)

// standardOut as the name of an output means stdout.
const standardOut = "-"

// outputs are the files a run is asked to leave; empty names are not asked for.
type outputs struct {
	report, json, csv, junit, record string
	shapes                           string   // a folder
	names                            []string // of the scenarios; empty for a single one
}

// output is one of them.
type output struct {
	flag, path string
	each       bool // one file for each scenario
	pipe       bool // may go to stdout
}

func (o outputs) all() []output {
	return []output{
		{"--report", o.report, true, false},
		{"--json", o.json, true, true},
		{"--csv", o.csv, true, true},
		{"--junit", o.junit, false, true},
		{"--record", o.record, true, false},
	}
}

// of prepares for these scenarios and says what cannot be meant.
func (o *outputs) of(all []script.Scenario) error {
	if len(all) > 1 {
		seen := make(map[string]int)
		for _, s := range all {
			name := s.Name
			if seen[s.Name]++; seen[s.Name] > 1 { // the same lesson again
				name += fmt.Sprintf("-%d", seen[s.Name])
			}
			o.names = append(o.names, name)
		}
	}
	taken := make(map[string]string)
	for _, out := range o.all() {
		switch {
		case out.path == "":
			continue
		case out.path == standardOut && !out.pipe:
			return fmt.Errorf("%s -: want a file; only --json, --csv and --junit can go to stdout", out.flag)
		case out.path == standardOut && out.flag == "--csv" && len(all) > 1:
			return errors.New("--csv -: several scenarios are several tables; want a file")
		}
		clean := filepath.Clean(out.path)
		if other := taken[clean]; other != "" {
			return fmt.Errorf("%s and %s both want %s", other, out.flag, out.path)
		}
		taken[clean] = out.flag
	}
	return nil
}

// onStdout tells whether stdout is taken, so that people are told on stderr.
func (o outputs) onStdout() bool {
	return o.json == standardOut || o.csv == standardOut || o.junit == standardOut
}

// name is the file of the i-th scenario: with several of them its name stands
// before the ending.
func (o outputs) name(path string, i int) string {
	if len(o.names) == 0 || path == "" || path == standardOut {
		return path
	}
	ending := filepath.Ext(path)
	return strings.TrimSuffix(path, ending) + "-" + o.names[i] + ending
}

// probe tells whether every file can be written, so that no run is for nothing.
// It leaves what is there as it is.
func (o outputs) probe() error {
	if o.shapes != "" {
		if info, err := os.Stat(o.shapes); err != nil || !info.IsDir() {
			return fmt.Errorf("--shapes %s: want a folder that is there", o.shapes)
		}
	}
	for _, out := range o.all() {
		for i := range max(1, len(o.names)) {
			path := out.path
			if out.each {
				path = o.name(path, i)
			}
			if path == "" || path == standardOut {
				continue
			}
			_, err := os.Lstat(path)
			missing := errors.Is(err, fs.ErrNotExist)
			file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
			if err != nil {
				return fmt.Errorf("%s: %w", out.flag, err)
			}
			file.Close()
			if missing {
				os.Remove(path)
			}
		}
	}
	return nil
}

// write writes what the i-th scenario leaves, and returns all that went wrong.
func (o outputs) write(stdout io.Writer, i int, rec *record.Recording, r outcome.Result) error {
	return errors.Join(
		put(stdout, o.name(o.report, i), func(w io.Writer) error { return report.Write(w, rec, r) }),
		put(stdout, o.name(o.csv, i), func(w io.Writer) error { return outcome.WriteCSV(w, rec) }),
		put(stdout, o.shape(rec), func(w io.Writer) error { return library.WriteShape(w, *rec) }),
	)
}

// shape is the file for the picture in the gallery, where the library looks for
// it.
func (o outputs) shape(rec *record.Recording) string {
	if o.shapes == "" {
		return ""
	}
	return filepath.Join(o.shapes, rec.Header.Scenario+".csv")
}

// writeResults writes what all scenarios leave together.
func (o outputs) writeResults(stdout io.Writer, all []outcome.Result) error {
	err := put(stdout, o.junit, func(w io.Writer) error { return outcome.WriteJUnit(w, all...) })
	if o.json == standardOut || len(o.names) == 0 {
		return errors.Join(err, put(stdout, o.json, func(w io.Writer) error { return outcome.WriteJSON(w, all...) }))
	}
	for i, r := range all {
		err = errors.Join(err, put(stdout, o.name(o.json, i), func(w io.Writer) error { return outcome.WriteJSON(w, r) }))
	}
	return err
}

// put writes one output, if it is asked for.
func put(stdout io.Writer, path string, write func(io.Writer) error) error {
	switch path {
	case "":
		return nil
	case standardOut:
		return write(stdout)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		file.Close()
		return fmt.Errorf("write %s: %w", path, err)
	}
	return file.Close()
}
