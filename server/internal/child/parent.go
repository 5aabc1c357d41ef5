package child

import (
	"context"
	"errors"
	"os"
	"time"
)

// parentPoll is how often the parent's pid is read; getppid is a system call of
// less than a microsecond.
const parentPoll = 500 * time.Millisecond

// ErrGoRunGone is the cause of the context's end when the go tool above exited.
var ErrGoRunGone = errors.New(`the "go run" above has ended`)

// ExitWithParent returns a context that ends, with cause [ErrGoRunGone], within
// 500 ms of the end of the `go run` above. It is for the server itself, which
// has no stdin to watch: it may be a terminal, /dev/null, or closed.
//
// Killing `go run` leaves the program it started alive, now under another
// parent, and a person who typed `go run ./server` expects it gone. A server
// started in any other way keeps running when its parent ends, as one under
// nohup, setsid or a service manager must: the watch is only set when the parent
// at the time of the call is the go tool. That is known from /proc/PID/comm on
// Linux and from sysctl kern.proc.pid on macOS; on other systems nothing is
// watched.
//
// The returned function ends the watch and waits for its goroutine.
func ExitWithParent(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	parent := os.Getppid()
	if processName(parent) != "go" {
		return ctx, func() { cancel(context.Canceled) }
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if watchParent(ctx, parent, os.Getppid) {
			cancel(ErrGoRunGone)
		}
	}()
	return ctx, func() {
		cancel(context.Canceled)
		<-done
	}
}

// watchParent blocks until getppid no longer answers parent (true) or ctx ends
// (false).
func watchParent(ctx context.Context, parent int, getppid func() int) bool {
	tick := time.NewTicker(parentPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
			if getppid() != parent {
				return true
			}
		}
	}
}
