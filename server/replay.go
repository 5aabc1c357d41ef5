package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"

	"spillway/server/internal/child"
	"spillway/server/internal/comparison"
	"spillway/server/internal/record"
	"spillway/server/internal/replay"
	"spillway/server/internal/run"
	"spillway/server/internal/site"
)

const replayUsage = `Plays a recording on the page, as if it happened now. Nothing else runs.

Usage:
  spillway replay FILE.ndjson [flags]

A recording comes from "spillway run --record FILE.ndjson", or from the list of
runs on the page. One of a comparison plays if its lanes fit on the page.

Flags:
  --listen ADDR  Where the page is served (default %s).
  --open         Open the page in the browser.
  --verbose      Log what happens, not only what goes wrong.
  --help         This text.

Exit codes: 0 fine, 1 the file cannot be read or is no recording, 64 wrong
flags.
`

// replayFile is the mode that shows a recording.
func replayFile(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	set := newFlags("replay")
	listen := set.String("listen", defaultListen, "")
	open := set.Bool("open", false, "")
	verbose := set.Bool("verbose", false, "")
	files, err := parseWithFiles(set, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(stdout, replayUsage, defaultListen)
		return exitOK
	}
	if err == nil && len(files) > 1 {
		err = fmt.Errorf("unexpected %q: one recording at a time", files[1])
	}
	if err == nil {
		err = checkListen(*listen)
	}
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	rec, err := readRecording(files[0])
	if err != nil {
		return complain(stderr, exitFailure, err)
	}
	ctx, cancel := child.ExitWithParent(ctx)
	defer cancel()
	var p pages
	if err := p.prepare(ctx, *listen, *open, stdout, newLog(stderr, *verbose)); err != nil {
		return complain(stderr, exitFailure, err)
	}
	defer p.listener.Close()
	player := replay.New(rec, replay.Options{Changed: p.changed})
	defer player.Stop()
	err = p.serve(ctx, site.Options{
		Control: player, Replay: player,
		Vocabulary: run.Vocabulary(rec.Header.Environment.MaxMemoryBytes),
	}, stdout)
	if err != nil {
		return complain(stderr, exitFailure, err)
	}
	return exitOK
}

// checkListen refuses what can never be an address.
func checkListen(addr string) error {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf("--listen %q: want host:port, for example %s or :8080", addr, defaultListen)
	}
	return nil
}

func readRecording(path string) (*record.Recording, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	defer file.Close()
	rec, err := record.Read(file, record.ReadOptions{Vocabulary: comparison.Vocabulary})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	most := run.Vocabulary(rec.Header.Environment.MaxMemoryBytes).Bounds.MaxLanes
	if n := len(rec.Moments[0].Scenario.Lanes); n > most {
		return nil, fmt.Errorf("%s: %d strategies were compared, and a page shows at most %d lanes side by side; the report of the run, in the list of runs, has them all", path, n, most)
	}
	return rec, nil
}
