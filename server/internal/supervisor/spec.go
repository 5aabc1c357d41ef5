package supervisor

import (
	"context"
	"encoding/json"
	"net"
	"time"
)

// defaultReadyTimeout is far above what a start takes (3 to 15 ms measured), for
// a laptop that is busy compiling or scanning the new executable for viruses.
const defaultReadyTimeout = 10 * time.Second

// Spec says which process to start.
type Spec struct {
	Name string   // in log, errors and Exit; for a lane the lane's name
	Path string   // the program, looked up on PATH if it has no slash; "" is this executable
	Args []string // without the program's name

	// Env is "KEY=value", added to this process's environment and winning over
	// it. GOGC and GOMEMLIMIT come from here only; a child does not inherit them.
	Env []string

	// Config is encoded as the first line of stdin; nil sends none.
	Config any

	// Ready makes the program a foreign one, which does not speak the contract
	// of package child (redis-server): its stdout is log like its stderr, it is
	// asked to leave with SIGTERM, and it is ready once Ready returns nil. Ready
	// is called every 20 ms with a context of 500 ms; see DialReady. nil waits
	// for the ready line on stdout.
	Ready func(ctx context.Context) error

	// LimitBytes of RSS end the process with SIGKILL. 0 is no limit.
	LimitBytes int64

	// ReadyTimeout until the process is ready; then it is killed and Start
	// fails. 0 is 10 s.
	ReadyTimeout time.Duration

	// OnReport gets each line of stdout after the ready line, valid JSON, its to
	// keep. Called from one goroutine per process, possibly before Start has
	// returned, and for the last time before Done is closed. While it blocks, the
	// child's reports are not read; it must not wait for the process's end. nil
	// discards.
	OnReport func(report json.RawMessage)
}

func (s Spec) foreign() bool { return s.Ready != nil }

// DialReady is a Spec.Ready for a program that listens on the TCP address. It
// cannot tell the program from another that had the address before it; ask the
// program itself where that matters.
func DialReady(address string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}
