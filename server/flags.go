package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"

	"spillway/scenarios"
	"spillway/scenarios/script"
	"spillway/server/internal/run"
)

const usage = `Spillway shows what backpressure is for: the same messages, the same readers,
two servers. One of them runs out of memory.

Usage, with "go run ./server" or, from a release, "spillway":
  spillway [flags]                   the page
  spillway check FILE…               is this scenario valid?
  spillway run FILE… [flags]         plays scenarios without a browser
  spillway replay FILE.ndjson        the page plays a recording
  spillway compare [STRATEGY…]       what each strategy costs, as a table
  spillway metrics                   what thresholds may name
  spillway bench                     what a lane costs beside other servers
  spillway soak                      half an hour among everything that goes wrong

Each command has a --help of its own.

Flags of the page:
  --listen ADDR      Where the page is served (default 127.0.0.1:8080). ":8080"
                     opens it to the network, for a classroom: then steering
                     needs the token in the URL that is printed, everybody else
                     watches. Lanes listen on the same interface, each on a
                     port of its own.
  --redis URL|local  The broker. Without the flag it is the one inside.
                     "local" starts the redis-server on PATH,
                     redis://[:password@]host:port[/db] uses a running one.
  --scenario NAME    The lesson that opens (default %s); the page
                     lists them all, and so does "spillway check --help".
  --scenarios DIR    Your own scenario files, beside the built-in ones. They are
                     read again when they change; errors are shown on the page.
  --recordings DIR   Where runs of the page are written down, the newest eight of
                     them (default: in the folder for caches); "off" writes none.
  --max-memory SIZE  Ceiling for all lanes together (default %s). Each has its
                     share; one that passes its limit is killed.
  --open             Open the page in the browser.
  --verbose          Log what the processes do, not only what goes wrong.
  --help             This text.

The run begins when the first page opens and rests when the last one has closed.
Scripts steer it under /api/run; figures for Prometheus are under /metrics, and
profiles of the server, on loopback only, under /debug/pprof/.

Exit codes: 0 fine, 1 failure, 64 wrong flags, 104 a scenario that is not valid.
`

const (
	defaultListen    = "127.0.0.1:8080"
	defaultMaxMemory = "1GiB"
)

// flags are what a person can choose.
type flags struct {
	listen    string
	redis     string
	scenario  string
	scenarios string
	tapes     string // folder of recordings; empty: the usual one
	maxMemory int64
	open      bool
	verbose   bool
}

// errHelp says that help was asked for and given.
var errHelp = errors.New("help")

// parseFlags reads the command line. Its error is one line.
func parseFlags(args []string, stdout io.Writer) (flags, error) {
	var f flags
	var maxMemory string
	set := newFlags("")
	set.StringVar(&f.listen, "listen", defaultListen, "")
	set.StringVar(&f.redis, "redis", "", "")
	set.StringVar(&f.scenario, "scenario", scenarios.Default, "")
	set.StringVar(&f.scenarios, "scenarios", "", "")
	set.StringVar(&f.tapes, "recordings", "", "")
	set.StringVar(&maxMemory, "max-memory", defaultMaxMemory, "")
	set.BoolVar(&f.open, "open", false, "")
	set.BoolVar(&f.verbose, "verbose", false, "")
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stdout, usage, scenarios.Default, defaultMaxMemory)
		return f, errHelp
	}
	if err != nil {
		return f, fmt.Errorf("%w (--help lists the flags)", err)
	}
	if set.NArg() > 0 {
		return f, fmt.Errorf("unexpected %q (--help lists the flags)", set.Arg(0))
	}
	if err := checkListen(f.listen); err != nil {
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

// checkRedis refuses what can never be a broker, before anything is started. It
// does not repeat the address: a password may be in it.
func checkRedis(redis string) error {
	if redis == "" || redis == "local" {
		return nil
	}
	u, err := url.Parse(redis)
	if err != nil || (u.Scheme != "redis" && u.Scheme != "rediss") || u.Hostname() == "" {
		return errors.New("--redis: want local or redis://[:password@]host:port[/db]")
	}
	return nil
}

// brokerOf reads --redis.
func brokerOf(redis string) run.BrokerChoice {
	switch redis {
	case "":
		return run.BrokerChoice{Kind: run.BrokerEmbedded}
	case "local":
		return run.BrokerChoice{Kind: run.BrokerLocal}
	}
	return run.BrokerChoice{Kind: run.BrokerRemote, URL: redis}
}
