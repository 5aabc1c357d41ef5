package supervisor

import (
	"fmt"
	"strings"
	"time"

	"spillway/server/internal/sample"
)

// Reason is why a process ended.
type Reason string

const (
	ReasonLimit      Reason = "limit"       // killed here: its RSS was over the limit
	ReasonStopped    Reason = "stopped"     // Stop or Close; a Signal says that it had to be killed
	ReasonKilled     Reason = "killed"      // Kill
	ReasonOutside    Reason = "outside"     // a signal from somebody else: kill(1), the kernel's OOM killer
	ReasonCrashed    Reason = "crashed"     // an exit code other than 0, or a signal of its own doing (SIGSEGV, SIGABRT)
	ReasonFinished   Reason = "finished"    // exit code 0, and nobody had asked
	ReasonNeverReady Reason = "never ready" // ended, or was killed here, before it was ready
)

// Exit is how a process ended.
type Exit struct {
	// Code is what a shell shows: the exit code, or 128 + the signal's number
	// where a signal ended it. On Windows the code is shown as it is.
	Code   int
	Signal string // "SIGKILL"; "" if no signal ended it
	Reason Reason
	At     time.Time
	Uptime time.Duration

	// Last is the newest sample before the end; for ReasonLimit the one that
	// decided. But its CPU is that of the whole life, to the end. Zero
	// (Last.At.IsZero) if none could be taken.
	Last           sample.ProcSample
	PeakBytes      int64 // largest RSS sampled
	LimitBytes     int64 // limit at the end, 0 for none
	OvershootBytes int64 // Last.RSSBytes - LimitBytes for ReasonLimit, else 0

	// LogTail are the last lines of the log, oldest first, at most 40 of 512
	// bytes; of a Go crash also its first 16 lines.
	LogTail []string
}

// String is the end as half a sentence: "exit code 137 (SIGKILL): RSS 256.4 MiB
// was over the limit of 256.0 MiB".
func (e Exit) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "exit code %d", e.Code)
	if e.Signal != "" {
		fmt.Fprintf(&b, " (%s)", e.Signal)
	}
	switch e.Reason {
	case ReasonLimit:
		fmt.Fprintf(&b, ": RSS %s was over the limit of %s", mebibytes(e.Last.RSSBytes), mebibytes(e.LimitBytes))
	case ReasonStopped:
		b.WriteString(": stopped")
		if e.Signal == "SIGKILL" {
			fmt.Fprintf(&b, ", did not leave within %v", stopGrace)
		}
	case ReasonKilled:
		b.WriteString(": killed by hand")
	case ReasonOutside:
		b.WriteString(": killed from outside")
	case ReasonCrashed:
		b.WriteString(": crashed")
	case ReasonFinished:
		b.WriteString(": ended by itself")
	case ReasonNeverReady:
		b.WriteString(": never ready")
	}
	return b.String()
}

// NeverReadyError says why Start failed after the process had been started.
type NeverReadyError struct {
	Name string
	Err  error // the context's, ErrReadyTimeout, ErrClosed, or what was wrong with the ready line
	Exit Exit
}

// Error is one line: the cause, the exit, and the telling lines of the log.
func (e *NeverReadyError) Error() string {
	msg := fmt.Sprintf("start %s: %v; %s", e.Name, e.Err, e.Exit)
	tail := e.Exit.LogTail
	if len(tail) > errorLogLines {
		tail = tail[len(tail)-errorLogLines:]
	}
	if len(tail) > 0 {
		msg += "; its last log lines: " + strings.Join(tail, " | ")
	}
	return msg
}

// Unwrap returns Err.
func (e *NeverReadyError) Unwrap() error { return e.Err }

// errorLogLines of the log go into an error's text; Exit has them all.
const errorLogLines = 5

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
