package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"spillway/scenarios/script"
	"spillway/server/internal/broker"
	"spillway/server/internal/child"
	"spillway/server/internal/comparison"
	"spillway/server/internal/outcome"
	"spillway/server/internal/supervisor"
	"spillway/server/internal/terminal"
)

const compareUsage = `Plays every strategy side by side: one run, the same messages, the same readers.
Some of these are slow for most of it. The table says what each strategy costs,
and whom.

Usage:
  spillway compare [STRATEGY…] [flags]

Without names all strategies are compared:%s

Flags:
  --slow N           Slow readers of each lane (default %d).
  --healthy N        Readers that keep up (default %d).
  --throttle RATE    What a slow reader reads (default %s).
  --rate RATE        Messages of the one channel that all read (default %s).
  --size SIZE        Of one message (default %s).
  --seconds N        How long the readers are slow (default %d).
  --json FILE        Writes the outcome as JSON; "-" is stdout.
  --print            Prints the scenario that would be played, and plays nothing.
  --redis URL|local  The broker, as for "spillway run".
  --max-memory SIZE  Ceiling for all lanes together (default %s); each has its
                     share, and is killed there.
  --plain            Lines instead of a picture that changes in place.
  --verbose          Log what the processes do, not only what goes wrong.
  --help             This text.

Exit codes: 0 fine, 1 failure, 64 wrong flags, 105 stopped by Ctrl-C.
`

// comparing is what a person can choose.
type comparing struct {
	playFlags
	comparison.Choice
	print bool
}

func parseComparison(args []string) (comparing, error) {
	c := comparing{Choice: comparison.Default(0)}
	var maxMemory string
	set := newFlags("compare")
	set.IntVar(&c.Slow, "slow", c.Slow, "")
	set.IntVar(&c.Healthy, "healthy", c.Healthy, "")
	set.StringVar(&c.Throttle, "throttle", c.Throttle, "")
	set.StringVar(&c.Rate, "rate", c.Rate, "")
	set.StringVar(&c.Size, "size", c.Size, "")
	set.IntVar(&c.Seconds, "seconds", c.Seconds, "")
	set.StringVar(&c.out.json, "json", "", "")
	set.BoolVar(&c.print, "print", false, "")
	set.StringVar(&c.redis, "redis", "", "")
	set.StringVar(&maxMemory, "max-memory", defaultMaxMemory, "")
	set.BoolVar(&c.plain, "plain", false, "")
	set.BoolVar(&c.verbose, "verbose", false, "")
	names, err := parseWithFiles(set, append(args, "--", ""))
	if err != nil {
		return c, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" }) // what kept the names from being required
	if c.Strategies, err = comparison.Find(names); err != nil {
		return c, err
	}
	if c.Seconds < 1 {
		return c, fmt.Errorf("--seconds %d: want 1 or more", c.Seconds)
	}
	if err := checkRedis(c.redis); err != nil {
		return c, err
	}
	size, err := script.ParseSize(maxMemory)
	if err != nil {
		return c, fmt.Errorf("--max-memory: %w", err)
	}
	c.maxMemory, c.MaxMemoryBytes = int64(size), int64(size)
	c.files = []string{"compare"}
	return c, nil
}

// compareStrategies is the mode that plays every strategy on the same load.
func compareStrategies(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parseComparison(args)
	if errors.Is(err, flag.ErrHelp) {
		d := comparison.Default(0)
		fmt.Fprintf(stdout, compareUsage, "\n"+indented(comparison.Names()+"."), d.Slow, d.Healthy,
			d.Throttle, d.Rate, d.Size, d.Seconds, defaultMaxMemory)
		return exitOK
	}
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	s, err := c.Scenario()
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	if c.print {
		fmt.Fprint(stdout, c.Text())
		return exitOK
	}
	if err := c.out.probe(); err != nil {
		return complain(stderr, exitFailure, err)
	}
	ctx, cancel := child.ExitWithParent(ctx)
	defer cancel()
	people := stdout
	if c.out.onStdout() {
		people = stderr
	}
	display := terminal.NewDisplay(people, !c.plain, os.Getenv)
	defer display.Close()
	defer endAtOnce(ctx, display)()
	log := newLog(stderr, c.verbose)
	broker.LogClient(log)
	super := supervisor.New(supervisor.Options{Log: log})
	defer super.Close()
	p := playing{
		playFlags: c.playFlags, vocabulary: comparison.Vocabulary, super: super,
		display: display, log: log, stdout: stdout, stderr: stderr,
		again: c.Command(program()),
	}
	rec, err := p.perform(ctx, 0, s)
	if err != nil {
		return complain(stderr, exitFailure, err)
	}
	r := outcome.Of(rec)
	fmt.Fprintln(display)
	comparison.WriteText(display, comparison.Table(r), c.Slowness())
	if err := p.out.writeResults(stdout, []outcome.Result{r}); err != nil {
		return complain(stderr, exitFailure, err)
	}
	if r.Code() == exitRule { // there are no rules but the steps' own
		return exitFailure
	}
	return r.Code()
}
