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
	"time"
)

const (
	readyPoll    = 20 * time.Millisecond  // how often a foreign program is asked whether it is ready
	readyPollMax = 500 * time.Millisecond // how long one such question may take
)

var (
	// ErrClosed says that the supervisor is closed.
	ErrClosed = errors.New("supervisor is closed")
	// ErrReadyTimeout says that the process was not ready in time.
	ErrReadyTimeout = errors.New("not ready in time")
	// ErrEnded says that the process has ended or has been asked to.
	ErrEnded = errors.New("process has ended")
)

// Options of a Supervisor.
type Options struct {
	Log *slog.Logger // gets the children's logs too, with a "process" attribute; nil discards
}

// Supervisor owns processes from their start to their end. Safe for concurrent
// use. Close it, or its goroutines and thread stay.
type Supervisor struct {
	log     *slog.Logger
	spawner *spawner
	sampler *sampler
	closing chan struct{}

	mu        sync.Mutex
	closed    bool
	processes map[*Process]struct{}
	work      sync.WaitGroup // Start calls and processes
}

// New returns a running supervisor without children.
func New(o Options) *Supervisor {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Supervisor{
		log:       o.Log,
		spawner:   newSpawner(),
		sampler:   newSampler(o.Log),
		closing:   make(chan struct{}),
		processes: make(map[*Process]struct{}),
	}
}

// Close ends all children as Stop does, at the same time, and waits for them:
// 2 s and a little at most. Start calls that still wait fail with ErrClosed.
func (s *Supervisor) Close() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	if first {
		close(s.closing)
	}
	for p := range s.processes {
		p.beginStop()
	}
	s.mu.Unlock()
	s.work.Wait()
	if first {
		s.sampler.close()
		s.spawner.close()
	}
}

// Start starts a process and blocks until it is ready. ctx bounds the start
// only, not the life of the process. A process that is not ready in time, or
// not before ctx or the supervisor ends, is killed; a process that was started
// and did not become ready is reported as a [NeverReadyError].
func (s *Supervisor) Start(ctx context.Context, spec Spec) (*Process, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, fmt.Errorf("start %s: %w", spec.Name, ErrClosed)
	}
	s.work.Add(1)
	s.mu.Unlock()
	defer s.work.Done()

	p, err := s.spawn(spec)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	if err := s.awaitReady(ctx, p); err != nil {
		p.kill(ReasonNeverReady)
		<-p.done
		return nil, &NeverReadyError{Name: spec.Name, Err: err, Exit: p.exit}
	}
	p.log.Info("process is ready", "pid", p.PID(), "after", time.Since(p.startedAt).Round(time.Millisecond))
	return p, nil
}

// spawn forks the process and starts the goroutines that serve it.
func (s *Supervisor) spawn(spec Spec) (*Process, error) {
	if spec.Path == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find this executable: %w", err)
		}
		spec.Path = self
	}
	path, err := exec.LookPath(spec.Path)
	if err != nil {
		return nil, err // says which and why
	}
	spec.Path = path
	p := newProcess(spec, s.log.With("process", spec.Name))
	if spec.Config != nil {
		line, err := encodeLine(spec.Config)
		if err != nil {
			return nil, fmt.Errorf("encode configuration: %w", err)
		}
		p.send <- line // the queue is new and empty
	}
	if err := p.spawn(s.spawner); err != nil {
		return nil, err
	}
	s.sampler.add(p)
	s.mu.Lock()
	s.processes[p] = struct{}{}
	if s.closed { // since Start looked
		p.beginStop()
	}
	s.mu.Unlock()
	s.work.Go(func() {
		p.wait(s.sampler)
		s.mu.Lock()
		delete(s.processes, p)
		s.mu.Unlock()
		close(p.done)
	})
	return p, nil
}

// awaitReady blocks until p is ready or there is no hope.
func (s *Supervisor) awaitReady(ctx context.Context, p *Process) error {
	timeout := p.spec.ReadyTimeout
	if timeout == 0 {
		timeout = defaultReadyTimeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("%w: %v", ErrReadyTimeout, timeout))
	defer cancel()

	var poll <-chan time.Time // nil unless foreign
	if p.spec.foreign() {
		tick := time.NewTicker(readyPoll)
		defer tick.Stop()
		poll = tick.C
	}
	for {
		select {
		case r := <-p.ready:
			p.readyValue = r.value
			return r.err
		case <-poll:
			if p.askReady(ctx) {
				return nil
			}
		case <-p.done:
			select {
			case r := <-p.ready: // it was ready, and died since: the caller learns that from Done
				p.readyValue = r.value
				return r.err
			default:
				return fmt.Errorf("%w before it was ready", ErrEnded)
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.closing:
			return ErrClosed
		}
	}
}

// readyLine is the first line of stdout, or what is wrong with it.
type readyLine struct {
	value json.RawMessage
	err   error
}
