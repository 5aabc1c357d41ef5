package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"spillway/server/internal/bench"
	"spillway/server/internal/broker"
	"spillway/server/internal/child"
	"spillway/server/internal/supervisor"
)

const benchUsage = `Measures what a lane costs: events delivered for each second of processor time
of the serving process, beside small servers of the usual kinds. Everything runs
on this machine over real sockets; it should do nothing else meanwhile.

Usage:
  spillway bench [flags]

Works:
%s
Flags:
  --only WORK,…      Only these works.
  --runs N           Runs of each work. Without it %d, and %d of w3, w4 and growth,
                     which are long: all of it then takes some ten minutes.
  --peers PEER,…     Who does the works over sockets, instead of the usual ones;
                     the first is the baseline if "channel" is not among them.
  --json FILE        Writes the results as JSON. Works that were not done stay in
                     it, if they were measured on this machine.
  --readme FILE      Writes the tables of --json into this README.
  --tables           Measures nothing: prints what --json holds, and with --readme
                     writes it there.
  --profiles DIR     Writes a processor profile of each peer's last run, for
                     "go tool pprof". Figures are a little worse meanwhile.
  --verbose          Log what the processes do, not only what goes wrong.
  --help             This text.

Peers are push, pull and pull-shared (lanes), channel (net/http with a Go channel
for each reader), raw (TCP without HTTP: a ceiling), and any other lane as
SOURCE/STRATEGY/TRANSPORT, with options of the strategy behind a question mark:
redis-stream/batch/sse?wait=0s. Behind @ may stand another build of this program, to
compare before and after in the same run: push,push@bin/before

Peers take turns in each run. Their input comes from the embedded broker, over a
socket, and is the same. The load (feed and readers) is a process of its own: its
processor time and the broker's are shown, and count for nobody. A table has the
median of the runs and in brackets the smallest and the largest; ratios are to
the baseline of the same run.

Exit codes: 0 fine, 1 failure, 64 wrong flags, 105 stopped by Ctrl-C.
`

// benchmark is what a person can choose.
type benchmark struct {
	bench.Options
	json, readme string
	tables       bool // only from the file
	verbose      bool
}

func parseBench(args []string) (benchmark, error) {
	var b benchmark
	var only, peers string
	set := newFlags("bench")
	set.StringVar(&only, "only", "", "")
	set.IntVar(&b.Runs, "runs", 0, "")
	set.StringVar(&peers, "peers", "", "")
	set.StringVar(&b.json, "json", "", "")
	set.StringVar(&b.readme, "readme", "", "")
	set.BoolVar(&b.tables, "tables", false, "")
	set.StringVar(&b.Profiles, "profiles", "", "")
	set.BoolVar(&b.verbose, "verbose", false, "")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return b, err
	} else if err != nil {
		return b, fmt.Errorf("%w (--help lists the flags)", err)
	}
	if set.NArg() > 0 {
		return b, fmt.Errorf("unexpected %q (--help lists the flags)", set.Arg(0))
	}
	b.Works, b.Peers = atCommas(only), atCommas(peers)
	if b.readme != "" && b.json == "" {
		return b, errors.New("--readme: the tables come from the file of --json; name it")
	}
	if b.tables && b.json == "" {
		return b, errors.New("--tables: name the file with --json")
	}
	return b, b.Check()
}

// atCommas cuts s into names; empty is none.
func atCommas(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// benchLanes is the mode that measures, and its children.
func benchLanes(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "server":
			return serveChild(ctx, stdin, stdout, stderr, bench.ServeMain)
		case "load":
			return serveChild(ctx, stdin, stdout, stderr, bench.LoadMain)
		}
	}
	b, err := parseBench(args)
	if errors.Is(err, flag.ErrHelp) {
		var works strings.Builder
		titles := bench.Titles()
		for i, name := range bench.Names() {
			fmt.Fprintf(&works, "  %-11s %s\n", name, titles[i])
		}
		fmt.Fprintf(stdout, benchUsage, works.String(), bench.ShortRuns, bench.LongRuns)
		return exitOK
	}
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	if b.tables {
		if err := b.show(stdout); err != nil {
			return complain(stderr, exitFailure, err)
		}
		return exitOK
	}
	if b.Profiles != "" {
		if err := os.MkdirAll(b.Profiles, 0o755); err != nil {
			return complain(stderr, exitFailure, fmt.Errorf("make folder of profiles: %w", err))
		}
	}
	ctx, cancel := child.ExitWithParent(ctx)
	defer cancel()
	log := newLog(stderr, b.verbose)
	broker.LogClient(log)
	super := supervisor.New(supervisor.Options{Log: log})
	defer super.Close()
	b.Super, b.Out, b.Progress = super, stdout, stderr
	fmt.Fprintf(stdout, "%s\n\n", bench.Here())
	results, err := bench.Run(ctx, b.Options)
	if err == nil || len(results.Works) > 0 { // what was measured is not thrown away
		err = errors.Join(err, b.write(results))
	}
	switch {
	case ctx.Err() != nil:
		return exitUser
	case err != nil:
		return complain(stderr, exitFailure, err)
	}
	return exitOK
}

// show prints what was measured before, and brings the README up to date.
func (b benchmark) show(stdout io.Writer) error {
	r, err := bench.Read(b.json)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s\n\n", r.Machine)
	for _, w := range r.Works {
		if err := w.WriteText(stdout); err != nil {
			return err
		}
	}
	if b.readme == "" {
		return nil
	}
	return r.WriteReadme(b.readme)
}

// write writes the files that were asked for.
func (b benchmark) write(r bench.Results) error {
	if b.json == "" {
		return nil
	}
	r, err := r.Write(b.json)
	if err != nil || b.readme == "" {
		return err
	}
	return r.WriteReadme(b.readme)
}
