package child

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

const (
	// leaveGrace is how long run may take to return once its context is
	// cancelled. Shorter than the supervisor's patience, so that a child that
	// hangs says so in its log instead of being killed without a word.
	leaveGrace = 500 * time.Millisecond

	// flushGrace is how long the last reports may take to leave when the parent
	// is slow to read them.
	flushGrace = 200 * time.Millisecond
)

// Exit codes of a child.
const (
	ExitOK      = 0  // run returned nil, or was asked to leave and did
	ExitFailure = 1  // run failed
	ExitUsage   = 64 // the configuration line is missing or malformed (sysexits.h EX_USAGE)
)

var (
	// ErrParentGone is the cause of run's cancelled context when stdin ended:
	// the parent closed it, or died.
	ErrParentGone = errors.New("stdin ended: the parent is gone or asks to leave")

	// ErrStuck is returned when run did not return within 500 ms of its
	// context's end. Its goroutines are still there: the process has to exit.
	ErrStuck = errors.New("did not leave in time")
)

// ConfigError says that the first line is not a configuration.
type ConfigError struct{ Err error }

func (e *ConfigError) Error() string { return "read configuration line: " + e.Err.Error() }

// Unwrap returns the decoder's or the stream's error.
func (e *ConfigError) Unwrap() error { return e.Err }

// ExitCode is the exit code that an error of [Serve] stands for.
func ExitCode(err error) int {
	var config *ConfigError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &config):
		return ExitUsage
	default:
		return ExitFailure
	}
}

// Options are the streams of the contract.
type Options struct {
	Stdin  io.Reader    // required
	Stdout io.Writer    // required
	Log    *slog.Logger // nil discards; see [NewLog]
}

// Serve is the life of a child: it decodes the configuration line into a C
// (unknown fields are an error), calls run, and returns what run returned.
//
// When stdin ends, run's context is cancelled with cause [ErrParentGone]; Serve
// then returns as soon as run does, or after 500 ms with [ErrStuck]. A run that
// returns the context's error after its end left as it was asked to: Serve
// returns nil. A configuration that cannot be read is a [ConfigError].
//
// Serve waits for every goroutine it starts except those inside a read of stdin
// or a write to stdout: a pipe cannot be interrupted, it ends with the process.
// So call Serve as the last thing in a process.
func Serve[C any](ctx context.Context, o Options, run func(ctx context.Context, cfg C, link *Link) error) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	link := newLink(o.Stdout, o.Log)

	config := make(chan configLine, 1) // one line, handed over without waiting
	go func() {
		link.receive(NewLineReader(o.Stdin, MaxLineBytes), config)
		cancel(ErrParentGone)
	}()

	var first configLine
	select {
	case first = <-config:
	case <-ctx.Done():
		select {
		case first = <-config: // stdin ended right after it, or before
		default:
			return nil
		}
	}
	var cfg C
	if err := first.decode(&cfg); err != nil {
		return &ConfigError{err}
	}

	result := make(chan error, 1) // one result: a run that is stuck may still return later
	go func() { result <- run(ctx, cfg, link) }()
	err := waitRun(ctx, result)
	link.close(flushGrace)
	return err
}

// waitRun waits for run's result, and once ctx has ended only for leaveGrace.
func waitRun(ctx context.Context, result <-chan error) error {
	select {
	case err := <-result:
		return asAsked(ctx, err)
	case <-ctx.Done():
	}
	patience := time.NewTimer(leaveGrace)
	defer patience.Stop()
	select {
	case err := <-result:
		return asAsked(ctx, err)
	case <-patience.C:
		return fmt.Errorf("leave after %w: %w within %v", context.Cause(ctx), ErrStuck, leaveGrace)
	}
}

// asAsked turns the error of a cancelled run into nil.
func asAsked(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
		return nil
	}
	return err
}

// configLine is the first line of stdin, or why there is none.
type configLine struct {
	text []byte
	err  error
}

func (c configLine) decode(into any) error {
	if c.err != nil {
		return c.err
	}
	d := json.NewDecoder(bytes.NewReader(c.text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value on the line")
	}
	return nil
}
