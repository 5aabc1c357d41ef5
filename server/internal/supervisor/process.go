package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"spillway/server/internal/child"
	"spillway/server/internal/sample"
)

const (
	// stopGrace is how long a process may take to leave when asked to.
	stopGrace = 2 * time.Second

	// sendQueueLines bounds the commands that wait for the process to read them:
	// as many as a script could send while the process is stopped in a debugger
	// for a moment, and no more.
	sendQueueLines = 64
)

var (
	// ErrSendQueueFull says that the process does not read its commands.
	ErrSendQueueFull = errors.New("command queue is full")
	// ErrForeign says that the program takes no commands.
	ErrForeign = errors.New("foreign program takes no commands")
)

// Process is one child, alive or ended. Safe for concurrent use.
type Process struct {
	spec       Spec
	log        *slog.Logger
	cmd        *exec.Cmd
	pipes      pipes
	startedAt  time.Time
	readyValue json.RawMessage // set before Start returns

	send     chan []byte
	ready    chan readyLine // capacity 1: the one ready line
	stopping chan struct{}  // closed when it has been asked to leave
	ended    chan struct{}  // closed when it is dead
	done     chan struct{}  // closed when it is dead and its output is read

	limitBytes atomic.Int64
	malformed  atomic.Uint64
	tail       logTail
	serving    sync.WaitGroup // the goroutines at the pipes

	mu             sync.Mutex
	isReady        bool
	reason         Reason // of the first who wanted it to end; "" nobody
	last           sample.ProcSample
	peakBytes      int64
	overLimitBytes int64 // the limit that was passed, for ReasonLimit

	exit Exit // set before done is closed
}

func newProcess(spec Spec, log *slog.Logger) *Process {
	p := &Process{
		spec:     spec,
		log:      log,
		send:     make(chan []byte, sendQueueLines),
		ready:    make(chan readyLine, 1),
		stopping: make(chan struct{}),
		ended:    make(chan struct{}),
		done:     make(chan struct{}),
	}
	p.limitBytes.Store(spec.LimitBytes)
	return p
}

// PID is the process's id, and on Unix that of its process group.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Name is the Spec's.
func (p *Process) Name() string { return p.spec.Name }

// StartedAt is when the process was started.
func (p *Process) StartedAt() time.Time { return p.startedAt }

// ReadyValue is the line with which the process said that it is ready; nil for a
// foreign program.
func (p *Process) ReadyValue() json.RawMessage { return p.readyValue }

// Malformed counts lines of stdout that were no JSON, or too long.
func (p *Process) Malformed() uint64 { return p.malformed.Load() }

// Send queues a command, encoded at once, and never blocks. The error wraps
// [ErrSendQueueFull] when 64 of them wait because the process does not read,
// [ErrEnded] or [ErrForeign]. A command that was queued may still be lost if the
// process dies before it reads it.
func (p *Process) Send(v any) error {
	if p.spec.foreign() {
		return fmt.Errorf("send to %s: %w", p.spec.Name, ErrForeign)
	}
	line, err := encodeLine(v)
	if err != nil {
		return fmt.Errorf("send to %s: %w", p.spec.Name, err)
	}
	select {
	case <-p.stopping:
		return fmt.Errorf("send to %s: %w", p.spec.Name, ErrEnded)
	case <-p.ended:
		return fmt.Errorf("send to %s: %w", p.spec.Name, ErrEnded)
	default:
	}
	select {
	case p.send <- line:
		return nil
	default:
		return fmt.Errorf("send to %s: %w", p.spec.Name, ErrSendQueueFull)
	}
}

// SetLimit changes the limit of RSS, 0 for none. It is enforced with the next
// sample, within 50 ms.
func (p *Process) SetLimit(limitBytes int64) { p.limitBytes.Store(limitBytes) }

// LimitBytes is the limit of RSS, 0 for none.
func (p *Process) LimitBytes() int64 { return p.limitBytes.Load() }

// Sample returns the newest sample: some 50 ms old while the process lives, and
// after that Exit.Last.
// false: none could be taken, RSS is not visible on this OS.
func (p *Process) Sample() (newest sample.ProcSample, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last, !p.last.At.IsZero()
}

// PeakBytes is the largest RSS sampled.
func (p *Process) PeakBytes() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peakBytes
}

// LogTail returns the last lines of the log so far; see Exit.LogTail.
func (p *Process) LogTail() []string { return p.tail.lines() }

// Done is closed when the process has ended and all its output has been read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit blocks until Done and says how the process ended.
func (p *Process) Exit() Exit {
	<-p.done
	return p.exit
}

// Stop asks the process to leave: its stdin is closed after the commands already
// queued, a foreign program gets SIGTERM. After 2 s it is killed. Stop blocks
// until Done or until ctx ends, whose error it then wraps; the stopping goes on.
func (p *Process) Stop(ctx context.Context) error {
	p.beginStop()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop %s: %w", p.spec.Name, ctx.Err())
	}
}

// Kill sends SIGKILL, the kill of a person who wants to see what happens. It
// does not wait; see Done.
func (p *Process) Kill() { p.kill(ReasonKilled) }

func (p *Process) beginStop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.stopping:
		return
	default:
	}
	if p.reason == "" {
		p.reason = ReasonStopped
	}
	close(p.stopping)
}

func (p *Process) kill(reason Reason) {
	p.mu.Lock()
	if p.reason == "" {
		p.reason = reason
	}
	p.mu.Unlock()
	if err := kill(p.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.log.Error("kill process", "pid", p.PID(), "err", err)
	}
}

// take keeps a sample and kills the process if it is over the limit. The sample
// that decided stays the last.
func (p *Process) take(s sample.ProcSample) {
	limit := p.limitBytes.Load()
	p.mu.Lock()
	if p.reason == ReasonLimit {
		p.mu.Unlock()
		return
	}
	p.last = s
	p.peakBytes = max(p.peakBytes, s.RSSBytes)
	over := limit > 0 && s.RSSBytes > limit
	if over {
		p.overLimitBytes = limit
	}
	p.mu.Unlock()
	if over {
		p.kill(ReasonLimit)
	}
}

func encodeLine(v any) ([]byte, error) {
	line, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if len(line) > child.MaxLineBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", child.ErrLineTooLong, len(line), child.MaxLineBytes)
	}
	return append(line, '\n'), nil
}
