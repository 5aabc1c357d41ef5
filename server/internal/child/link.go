package child

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// reportQueueLines bounds the reports that wait for the parent to read: at
	// ten a second, what piles up in six seconds. The same queue is bounded to
	// MaxLineBytes bytes.
	reportQueueLines = 64

	// commandQueueLines bounds the commands that wait for the child. Commands
	// come from people and scripts, a few a second at most.
	commandQueueLines = 16
)

var (
	// ErrNotReady says that a report was made before Ready.
	ErrNotReady = errors.New("report before ready")
	// ErrReadyTwice says that Ready was called again.
	ErrReadyTwice = errors.New("ready twice")
	// ErrClosed says that Serve has returned or the parent no longer reads.
	ErrClosed = errors.New("link closed")
	// ErrLineTooLong says that a value does not fit in MaxLineBytes.
	ErrLineTooLong = errors.New("line too long")
)

// Link is a child's connection to its parent. Safe for concurrent use.
type Link struct {
	out      io.Writer
	log      *slog.Logger
	commands chan json.RawMessage
	wake     chan struct{} // capacity 1: "look again", never a queue
	written  chan struct{} // closed when the writer has ended

	mu          sync.Mutex
	ready       bool
	closed      bool
	queue       [][]byte // reports not yet written, oldest first
	queuedBytes int

	reportsDropped  atomic.Uint64
	commandsDropped atomic.Uint64
	malformed       atomic.Uint64
}

func newLink(out io.Writer, log *slog.Logger) *Link {
	return &Link{
		out:      out,
		log:      log,
		commands: make(chan json.RawMessage, commandQueueLines),
		wake:     make(chan struct{}, 1),
		written:  make(chan struct{}),
	}
}

// Ready tells the parent that the child does its work from now on, with the
// value the parent needs to use it (a port, say). Once, before any report. It
// blocks until the line is in the pipe.
func (l *Link) Ready(v any) error {
	line, err := encode(v)
	if err != nil {
		return fmt.Errorf("encode ready value: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return ErrClosed
	case l.ready:
		return ErrReadyTwice
	}
	if _, err := l.out.Write(line); err != nil {
		return fmt.Errorf("write ready value: %w", err)
	}
	l.ready = true
	go l.write()
	return nil
}

// Report sends one line to the parent and never blocks: v is encoded at once,
// so it may be changed after the call, and the line waits in a queue of 64 lines
// and 1 MiB at most. When there is no room because the parent does not read, the
// oldest lines are dropped and counted in ReportsDropped.
func (l *Link) Report(v any) error {
	line, err := encode(v)
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return ErrClosed
	case !l.ready:
		return ErrNotReady
	}
	l.queue = append(l.queue, line)
	l.queuedBytes += len(line)
	for len(l.queue) > reportQueueLines || l.queuedBytes > MaxLineBytes+1 {
		l.pop()
		l.reportsDropped.Add(1)
	}
	l.look()
	return nil
}

// Commands are the lines after the configuration, each valid JSON. Closed when
// stdin ends. 16 of them wait; then the oldest is dropped and counted in
// CommandsDropped.
func (l *Link) Commands() <-chan json.RawMessage { return l.commands }

// ReportsDropped counts reports that the parent was too slow to read. A child
// puts it in its own report.
func (l *Link) ReportsDropped() uint64 { return l.reportsDropped.Load() }

// CommandsDropped counts commands that the child was too slow to take.
func (l *Link) CommandsDropped() uint64 { return l.commandsDropped.Load() }

// Malformed counts lines of stdin that are no JSON, or longer than MaxLineBytes.
func (l *Link) Malformed() uint64 { return l.malformed.Load() }

// receive reads stdin to its end. It never waits for the child to take a
// command: it is what notices that the parent is gone.
func (l *Link) receive(in *LineReader, config chan<- configLine) {
	defer close(l.commands)
	first, cut, err := in.Next()
	switch {
	case err == io.EOF:
		config <- configLine{err: errors.New("stdin ended before it; this mode is started by the server")}
		return
	case err != nil:
		config <- configLine{err: err}
		return
	case cut:
		config <- configLine{err: fmt.Errorf("%w: more than %d bytes", ErrLineTooLong, MaxLineBytes)}
		return
	}
	config <- configLine{text: append([]byte(nil), first...)}
	for {
		line, cut, err := in.Next()
		if err != nil {
			if err != io.EOF {
				l.log.Error("read command", "err", err)
			}
			return
		}
		if len(line) == 0 {
			continue
		}
		if cut || !json.Valid(line) {
			if n := l.malformed.Add(1); LogWorthy(n) {
				l.log.Warn("skip malformed command", "count", n, "too_long", cut, "line", Cut(line, 120))
			}
			continue
		}
		l.offer(append(json.RawMessage(nil), line...))
	}
}

// offer puts a command into the channel, in place of the oldest if it is full.
func (l *Link) offer(command json.RawMessage) {
	for {
		select {
		case l.commands <- command:
			return
		default:
		}
		select {
		case <-l.commands:
			if n := l.commandsDropped.Add(1); LogWorthy(n) {
				l.log.Warn("drop oldest command: nobody takes them", "count", n)
			}
		default:
		}
	}
}

// write moves the queue to stdout until the link is closed and the queue empty.
func (l *Link) write() {
	defer close(l.written)
	for {
		l.mu.Lock()
		var line []byte
		if len(l.queue) > 0 {
			line = l.pop()
		}
		closed := l.closed
		l.mu.Unlock()
		switch {
		case line != nil:
			if _, err := l.out.Write(line); err != nil {
				l.log.Error("write report", "err", err)
				l.mu.Lock()
				l.closed, l.queue, l.queuedBytes = true, nil, 0
				l.mu.Unlock()
				return
			}
		case closed:
			return
		default:
			<-l.wake // by Report or close
		}
	}
}

// close refuses further reports and waits for those in the queue, for patience
// at most.
func (l *Link) close(patience time.Duration) {
	l.mu.Lock()
	l.closed = true
	started := l.ready
	l.look()
	l.mu.Unlock()
	if !started {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-l.written:
	case <-timer.C:
		l.log.Warn("leave with reports unread by the parent")
	}
}

// pop takes the oldest line off the queue. l.mu is held.
func (l *Link) pop() []byte {
	line := l.queue[0]
	l.queue[0] = nil
	l.queue = l.queue[1:]
	l.queuedBytes -= len(line)
	return line
}

func (l *Link) look() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func encode(v any) ([]byte, error) {
	line, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if len(line) > MaxLineBytes {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrLineTooLong, len(line), MaxLineBytes)
	}
	return append(line, '\n'), nil
}

// LogWorthy thins out the log of something counted: true for the 1st, 2nd, 4th,
// 8th … time.
func LogWorthy(count uint64) bool { return bits.OnesCount64(count) == 1 }

// Cut shortens a line for a log to about maxBytes bytes.
func Cut(line []byte, maxBytes int) string {
	if len(line) <= maxBytes {
		return string(line)
	}
	return string(line[:maxBytes]) + "…"
}
