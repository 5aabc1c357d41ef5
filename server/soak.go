package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"spillway/server/internal/broker"
	"spillway/server/internal/child"
	"spillway/server/internal/soak"
	"spillway/server/internal/supervisor"
)

const soakUsage = `Runs three lanes for a long time among everything that goes wrong: readers stall,
hang up, vanish without a word and come back; lanes are killed; the broker is
killed twice, and comes back once with what it had and once empty. Every reader
of a stream must have every message, once. Between the storms goroutines, file
descriptors and memory must be what they were after the first one.

Usage:
  spillway soak [flags]

Flags:
  --minutes N           How long, 1 to %d (default %d).
  --kill-every DURATION A lane is killed each time, in turn (default %v, from
                        %v). What readers do scales with it.
  --seed N              Decides what readers do and whom it hits (default 1).
  --embedded            Use the embedded broker, even if there is a redis-server
                        on PATH. It keeps nothing, so it comes back empty twice.
  --json FILE           Writes the result as JSON; "-" is stdout.
  --verbose             Log what the processes do, not only what goes wrong.
  --help                This text.

There are %d readers on each lane, over loopback. On Linux readers vanish without a
FIN: some leave no trace (TCP_REPAIR, as root), others hear nothing any more (a
socket filter). Where that is not allowed they freeze instead, until the next
calm, and are counted as frozen.

Exit codes: 0 nothing is wrong, 1 failure, 64 wrong flags, 99 something was lost,
repeated or left behind, 105 stopped by Ctrl-C.
`

// soaking is what a person can choose.
type soaking struct {
	soak.Options
	json    string
	verbose bool
}

func parseSoak(args []string) (soaking, error) {
	var s soaking
	set := newFlags("soak")
	minutes := set.Int("minutes", int(soak.DefaultDuration/time.Minute), "")
	set.DurationVar(&s.KillEvery, "kill-every", soak.DefaultKillEvery, "")
	set.Uint64Var(&s.Seed, "seed", 1, "")
	set.BoolVar(&s.Embedded, "embedded", false, "")
	set.StringVar(&s.json, "json", "", "")
	set.BoolVar(&s.verbose, "verbose", false, "")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return s, err
	} else if err != nil {
		return s, fmt.Errorf("%w (--help lists the flags)", err)
	}
	if set.NArg() > 0 {
		return s, fmt.Errorf("unexpected %q (--help lists the flags)", set.Arg(0))
	}
	if most := int(soak.MaxDuration / time.Minute); *minutes < 1 || *minutes > most {
		return s, fmt.Errorf("--minutes %d: want 1 to %d", *minutes, most)
	}
	s.Duration = time.Duration(*minutes) * time.Minute
	if s.KillEvery < soak.MinKillEvery || s.KillEvery > s.Duration {
		return s, fmt.Errorf("--kill-every %v: want from %v to the whole time", s.KillEvery, soak.MinKillEvery)
	}
	return s, nil
}

// soakLanes is the mode that tests endurance.
func soakLanes(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parseSoak(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stdout, soakUsage, soak.MaxDuration/time.Minute, soak.DefaultDuration/time.Minute,
			soak.DefaultKillEvery, soak.MinKillEvery, soak.ReadersEach)
		return exitOK
	}
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	out := outputs{json: s.json}
	if err := out.of(nil); err != nil {
		return complain(stderr, exitUsage, err)
	}
	if err := out.probe(); err != nil {
		return complain(stderr, exitFailure, err)
	}
	ctx, cancel := child.ExitWithParent(ctx)
	defer cancel()
	people := stdout
	if out.onStdout() {
		people = stderr
	}
	log := newLog(stderr, s.verbose)
	broker.LogClient(log)
	super := supervisor.New(supervisor.Options{Log: log})
	defer super.Close()
	s.Super, s.Log, s.Progress = super, log, people
	result, err := soak.Run(ctx, s.Options)
	if text := result.WriteText(people); text != nil && err == nil {
		err = text
	}
	if s.json != "" { // what was found is not thrown away
		err = errors.Join(err, put(stdout, s.json, func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(result)
		}))
	}
	switch {
	case ctx.Err() != nil:
		return exitUser
	case err != nil:
		return complain(stderr, exitFailure, err)
	case !result.OK():
		return exitRule
	}
	return exitOK
}
