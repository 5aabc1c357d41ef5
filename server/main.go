// Spillway is a backpressure playground: the same stream through several lanes
// side by side, each in its own process, so that a room full of people sees one
// server run out of memory while the one beside it stays flat.
//
// The one binary has several modes. A person starts one of the first; these
// start the others from the same executable.
//
//	spillway           pages, live hub, run control, supervisor
//	spillway run       the same without pages: plays scenario files
//	├─ broker          the embedded Redis subset
//	├─ producer        the one workload, the same messages for every lane
//	├─ lane …          source → strategy → transport, one process each
//	├─ hop …           a proxy in front of a lane that asks for one
//	└─ crowd           synthetic readers
//
//	spillway check     is a scenario file valid?
//	spillway compare   every strategy on the same load
//	spillway bench     what a lane costs, beside its peers
//	spillway soak      does it last?
//	spillway replay    the page plays a recording, nothing else runs
//	spillway metrics   what thresholds may name
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"spillway/server/internal/broker"
	"spillway/server/internal/child"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 64  // as in sysexits.h
	exitRule    = 99  // a threshold failed, as in k6
	exitScript  = 104 // a scenario file is not valid, likewise
	exitUser    = 105 // stopped by the user, likewise
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := start(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// start picks the mode.
func start(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	mode := ""
	if len(args) > 0 {
		mode = args[0]
	}
	switch mode {
	case "broker":
		return serveChild(ctx, stdin, stdout, stderr, runBroker)
	case "producer":
		return serveChild(ctx, stdin, stdout, stderr, runProducer)
	case "lane":
		return serveChild(ctx, stdin, stdout, stderr, runLane)
	case "hop":
		return serveChild(ctx, stdin, stdout, stderr, runHop)
	case "crowd":
		return serveChild(ctx, stdin, stdout, stderr, runCrowd)
	case "client":
		return compileClient(ctx, args[1:], stdout, stderr)
	case "check":
		return checkFiles(args[1:], stdout, stderr)
	case "run":
		return playFiles(ctx, args[1:], stdout, stderr)
	case "compare":
		return compareStrategies(ctx, args[1:], stdout, stderr)
	case "bench":
		return benchLanes(ctx, args[1:], stdin, stdout, stderr)
	case "soak":
		return soakLanes(ctx, args[1:], stdout, stderr)
	case "replay":
		return replayFile(ctx, args[1:], stdout, stderr)
	case "metrics":
		return listMetrics(args[1:], stdout, stderr)
	}
	return serve(ctx, args, stdout, stderr)
}

// serveChild runs a mode that only the server starts.
func serveChild[C any](ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, mode func(context.Context, C, *child.Link, childLog) error) int {
	log := child.NewLog(stderr)
	broker.LogClient(log)
	err := child.Serve(ctx, child.Options{Stdin: stdin, Stdout: stdout, Log: log},
		func(ctx context.Context, cfg C, link *child.Link) error { return mode(ctx, cfg, link, log) })
	if err != nil {
		fmt.Fprintln(stderr, err)
	}
	return child.ExitCode(err)
}
