package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"spillway/scenarios/script"
	"spillway/server/internal/broker"
	"spillway/server/internal/child"
	"spillway/server/internal/outcome"
	"spillway/server/internal/run"
	"spillway/server/internal/strategy"
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

// comparison is what a person can choose.
type comparison struct {
	playFlags
	strategies    []strategy.Definition
	slow, healthy int
	throttle      string
	rate, size    string
	seconds       int
	print         bool
}

// The defaults. They fill what an unbounded queue may use several times over,
// and leave a laptop with two cores time to spare.
const (
	compareSlow     = 5
	compareHealthy  = 15
	compareThrottle = "10KB/s"
	compareRate     = "100/s"
	compareSize     = "2KiB"
	compareSeconds  = 20
)

// compareLanes is how many lanes a comparison may have. No page shows them, so
// it is more than a page has room for.
const compareLanes = 16

func parseComparison(args []string) (comparison, error) {
	c := comparison{}
	var maxMemory string
	set := newFlags("compare")
	set.IntVar(&c.slow, "slow", compareSlow, "")
	set.IntVar(&c.healthy, "healthy", compareHealthy, "")
	set.StringVar(&c.throttle, "throttle", compareThrottle, "")
	set.StringVar(&c.rate, "rate", compareRate, "")
	set.StringVar(&c.size, "size", compareSize, "")
	set.IntVar(&c.seconds, "seconds", compareSeconds, "")
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
	for _, name := range names {
		if name == "" { // what kept the names from being required
			continue
		}
		d, ok := strategy.Find(name)
		if !ok {
			return c, fmt.Errorf("there is no strategy %q; there are %s", name, strategyNames())
		}
		if !slices.ContainsFunc(c.strategies, func(other strategy.Definition) bool { return other.Name == name }) {
			c.strategies = append(c.strategies, d)
		}
	}
	if len(c.strategies) == 0 {
		c.strategies = strategy.All
	}
	if c.seconds < 1 {
		return c, fmt.Errorf("--seconds %d: want 1 or more", c.seconds)
	}
	if err := checkRedis(c.redis); err != nil {
		return c, err
	}
	size, err := script.ParseSize(maxMemory)
	if err != nil {
		return c, fmt.Errorf("--max-memory: %w", err)
	}
	c.maxMemory = int64(size)
	c.files = []string{"compare"}
	return c, nil
}

func strategyNames() string {
	var names []string
	for _, d := range strategy.All {
		names = append(names, d.Name)
	}
	return strings.Join(names, ", ")
}

// vocabulary is that of every scenario, with more lanes.
func (c comparison) vocabulary(maxMemoryBytes int64) script.Vocabulary {
	v := run.Vocabulary(maxMemoryBytes)
	v.Bounds.MaxLanes = compareLanes
	return v
}

// text is the comparison as a scenario. All lanes read one channel, each
// strategy from the source it is usually shown with.
func (c comparison) text() string {
	var b strings.Builder
	share := c.maxMemory / int64(len(c.strategies)) >> 20
	fmt.Fprint(&b, "version: 1\ntitle: Every strategy side by side\nlanes:\n")
	for _, d := range c.strategies {
		source := d.Source
		if source == "redis-pubsub" {
			source = "shared-pubsub" // one subscription for all readers, as servers have it
		}
		fmt.Fprintf(&b, "  %s: {source: %s, strategy: %s, transport: sse, limit: %dMiB}\n", d.Name, source, d.Name, min(share, 256))
	}
	fmt.Fprintf(&b, "workload: {kind: fixed, channels: shared, rate: %s, size: %s}\n", c.rate, c.size)
	fmt.Fprintf(&b, "readers:\n  slow: {count: %d}\n  healthy: {count: %d, steady: true}\n", c.slow, c.healthy)
	fmt.Fprintf(&b, `steps:
  - at: 3s
    set: {readers: {slow: {throttle: %s}}}
    say: %d of %d readers are slow now.
  - after: %ds
    set: {readers: {slow: {throttle: none}}}
    say: They are fast again.
  - after: 5s
    say: That was it.
`, c.throttle, c.slow, c.slow+c.healthy, c.seconds)
	return b.String()
}

// compareStrategies is the mode that plays every strategy on the same load.
func compareStrategies(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parseComparison(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stdout, compareUsage, "\n"+indented(strategyNames()+"."), compareSlow, compareHealthy,
			compareThrottle, compareRate, compareSize, compareSeconds, defaultMaxMemory)
		return exitOK
	}
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	s, err := script.Parse(script.File{Path: "compare.yaml", Text: []byte(c.text())}, c.vocabulary(c.maxMemory))
	if err == nil {
		err = run.Check(s, c.maxMemory)
	}
	var wrong script.Errors
	if errors.As(err, &wrong) { // of what was asked for
		return complain(stderr, exitUsage, errors.New(wrong[0].Text))
	}
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	if c.print {
		fmt.Fprint(stdout, c.text())
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
		playFlags: c.playFlags, vocabulary: c.vocabulary, super: super,
		display: display, log: log, stdout: stdout, stderr: stderr,
	}
	rec, err := p.perform(ctx, 0, s)
	if err != nil {
		return complain(stderr, exitFailure, err)
	}
	r := outcome.Of(rec)
	fmt.Fprintln(display)
	outcome.WriteComparison(display, r, time.Duration(c.seconds)*time.Second)
	if err := p.out.writeResults(stdout, []outcome.Result{r}); err != nil {
		return complain(stderr, exitFailure, err)
	}
	if r.Code() == exitRule { // there are no rules but the steps' own
		return exitFailure
	}
	return r.Code()
}
