package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"spillway/scenarios/script"
	"spillway/server/internal/broker"
	"spillway/server/internal/child"
	"spillway/server/internal/outcome"
	"spillway/server/internal/run"
	"spillway/server/internal/supervisor"
	"spillway/server/internal/terminal"
)

const playUsage = `Plays scenarios without a browser: the same lanes, readers and steps, and a
native reader in place of the tab. Pauses for the presenter are skipped.

Usage:
  spillway run FILE… [flags]

A FILE is a scenario, or the name of a lesson that comes with the program:
%s

Several run one after the other; all are checked before the first one starts.

Flags:
  --report FILE      Writes the run as one HTML page.
  --json FILE        Writes the outcome as JSON.
  --csv FILE         Writes every sample as a table.
  --junit FILE       Writes the outcome for continuous integration: all
                     scenarios in one file.
  --record FILE      Writes the run down, for "spillway replay".
  --shapes DIR       Writes the memory curves for the picture in the gallery. It
                     looks for them in the folder "shapes" beside the scenario.
                     With several scenarios the name of each stands before the
                     ending of its files. "-" is stdout: of JSON, CSV, JUnit.
  --redis URL|local  The broker. Without the flag it is the one inside.
                     "local" starts the redis-server on PATH,
                     redis://[:password@]host:port[/db] uses a running one.
  --max-memory SIZE  Ceiling for all lanes together (default %s).
  --plain            Lines instead of a picture that changes in place.
  --verbose          Log what the processes do, not only what goes wrong.
  --help             This text.

Ctrl-C ends the run, and what was measured so far is written; again, it ends at
once. A scenario without steps runs for the minutes it names, or for one.

Exit codes: 0 all thresholds hold, 1 failure, 64 wrong flags, 99 a threshold
failed or a wait timed out, 104 a file is not valid, 105 stopped by Ctrl-C. Of
several scenarios the gravest: 105, 1, 99, 0.
`

// playFlags are what a person can choose.
type playFlags struct {
	files          []string
	out            outputs
	redis          string
	maxMemory      int64
	plain, verbose bool
}

// parsePlayFlags reads the command line. Its error is one line, or flag.ErrHelp.
func parsePlayFlags(args []string) (playFlags, error) {
	var f playFlags
	var maxMemory string
	set := newFlags("run")
	set.StringVar(&f.out.report, "report", "", "")
	set.StringVar(&f.out.json, "json", "", "")
	set.StringVar(&f.out.csv, "csv", "", "")
	set.StringVar(&f.out.junit, "junit", "", "")
	set.StringVar(&f.out.record, "record", "", "")
	set.StringVar(&f.out.shapes, "shapes", "", "")
	set.StringVar(&f.redis, "redis", "", "")
	set.StringVar(&maxMemory, "max-memory", defaultMaxMemory, "")
	set.BoolVar(&f.plain, "plain", false, "")
	set.BoolVar(&f.verbose, "verbose", false, "")
	var err error
	if f.files, err = parseWithFiles(set, args); err != nil {
		return f, err
	}
	if err := checkRedis(f.redis); err != nil {
		return f, err
	}
	size, err := script.ParseSize(maxMemory)
	if err != nil {
		return f, fmt.Errorf("--max-memory: %w", err)
	}
	f.maxMemory = int64(size)
	return f, nil
}

// command is how to run one of the files again. It holds no password.
func (f playFlags) command(file string) string {
	if strings.ContainsAny(file, " \t'\"$\\") {
		file = "'" + strings.ReplaceAll(file, "'", `'\''`) + "'"
	}
	out := program() + " run " + file
	if f.redis != "" {
		broker := f.redis
		if u, err := url.Parse(f.redis); err == nil {
			broker = u.Redacted()
		}
		out += " --redis " + broker
	}
	return out + fmt.Sprintf(" --max-memory %dMiB", f.maxMemory>>20)
}

// playFiles is the mode that plays scenarios without a page.
func playFiles(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f, err := parsePlayFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stdout, playUsage, indented(lessonList()+"."), defaultMaxMemory)
		return exitOK
	}
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	all, code := loadScenarios(f.files, f.maxMemory, stderr, func(string) {})
	if code != exitOK {
		return code
	}
	if err := f.out.of(all); err != nil {
		return complain(stderr, exitUsage, err)
	}
	if err := f.out.probe(); err != nil {
		return complain(stderr, exitFailure, err)
	}
	ctx, cancel := child.ExitWithParent(ctx)
	defer cancel()
	people := stdout
	if f.out.onStdout() {
		people = stderr
	}
	display := terminal.NewDisplay(people, !f.plain, os.Getenv)
	defer display.Close()
	defer endAtOnce(ctx, display)()

	logTo := stderr
	if _, ok := terminal.Open(stderr, os.Getenv); ok {
		logTo = display // both are the same terminal
	}
	log := newLog(logTo, f.verbose)
	broker.LogClient(log)
	super := supervisor.New(supervisor.Options{Log: log})
	defer super.Close()
	p := playing{playFlags: f, vocabulary: run.Vocabulary, super: super, display: display, log: log, stdout: stdout, stderr: stderr}
	return p.all(ctx, all)
}

// newLog is the log of the program itself.
func newLog(w io.Writer, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// endAtOnce ends the program at the second Ctrl-C; the first one has ended ctx.
// Its children end with it. The returned function waits for its goroutine.
func endAtOnce(ctx context.Context, display *terminal.Display) (stop func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-ctx.Done():
		case <-over:
			return
		}
		second := make(chan os.Signal, 1)
		signal.Notify(second, os.Interrupt, syscall.SIGTERM)
		defer signal.Stop(second)
		fmt.Fprintln(display, "The run ends. Once more ends it at once.")
		select {
		case <-second:
			display.Close()
			os.Exit(exitUser)
		case <-over:
		}
	}()
	return func() {
		close(over)
		<-done
	}
}

// playing plays scenarios one after the other.
type playing struct {
	playFlags
	vocabulary     func(maxMemoryBytes int64) script.Vocabulary
	super          *supervisor.Supervisor
	display        *terminal.Display
	log            *slog.Logger
	stdout, stderr io.Writer
	again          string // the command that reproduces the run; empty: that of its file
}

// all plays the scenarios until ctx ends, and returns the gravest exit code.
func (p *playing) all(ctx context.Context, all []script.Scenario) int {
	code := exitOK
	var results []outcome.Result
	for i, s := range all {
		if ctx.Err() != nil {
			fmt.Fprintf(p.display, "%s was not run.\n", s.Name)
			code = exitUser
			continue
		}
		if len(all) > 1 {
			fmt.Fprintf(p.display, "%d of %d: %s\n", i+1, len(all), s.Title)
		}
		r, err := p.one(ctx, i, s)
		if err != nil {
			code = graver(code, complain(p.stderr, exitFailure, err))
		}
		code = graver(code, r.Code())
		results = append(results, r)
	}
	if len(results) > 1 {
		p.tellAll(results)
	}
	if err := p.out.writeResults(p.stdout, results); err != nil {
		code = graver(code, complain(p.stderr, exitFailure, err))
	}
	return code
}

// tellAll says in a line what became of each scenario.
func (p *playing) tellAll(results []outcome.Result) {
	fmt.Fprintln(p.display)
	for _, r := range results {
		sign := "✓"
		if r.Code() != exitOK {
			sign = "✗"
		}
		fmt.Fprintf(p.display, "%s %-20s %5.1f s  %s\n", sign, r.Scenario, r.ElapsedSeconds, r.Closing())
	}
}

// one plays a scenario, prints its summary and writes its outputs. The error is
// what kept it from being played or written down as asked.
func (p *playing) one(ctx context.Context, i int, s script.Scenario) (outcome.Result, error) {
	rec, err := p.perform(ctx, i, s)
	r := outcome.Of(rec)
	if len(rec.Moments) == 0 {
		return r, err
	}
	look := p.display.Look()
	fmt.Fprintln(p.display)
	return r, errors.Join(err,
		outcome.WriteText(p.display, r, outcome.TextOptions{Color: look.Color, Width: look.Width}),
		p.out.write(p.stdout, i, rec, r))
}

// brokerName says which broker carries the messages, without its address: a
// password may be in it.
func brokerName(redis string) string {
	switch redis {
	case "":
		return "embedded"
	case "local":
		return "redis-server on PATH"
	}
	return "a running Redis"
}
