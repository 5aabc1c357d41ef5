package supervisor

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"spillway/server/internal/sample"
)

// samplePeriod is how often RSS is read and the limit enforced. At 300 MB/s a
// process grows 15 MB in it, 6 % of a limit of 256 MiB.
const samplePeriod = 50 * time.Millisecond

// sampler reads all processes from one goroutine.
type sampler struct {
	log         *slog.Logger
	stop, ended chan struct{}

	mu    sync.Mutex
	procs map[*Process]*sample.Proc
}

func newSampler(log *slog.Logger) *sampler {
	s := &sampler{
		log:   log,
		stop:  make(chan struct{}),
		ended: make(chan struct{}),
		procs: make(map[*Process]*sample.Proc),
	}
	go s.run()
	return s
}

func (s *sampler) run() {
	defer close(s.ended)
	tick := time.NewTicker(samplePeriod)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.sampleAll()
		}
	}
}

func (s *sampler) sampleAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, proc := range s.procs {
		measured, err := proc.Read()
		switch {
		case err == nil:
			p.take(measured)
		case errors.Is(err, sample.ErrExited): // its wait will remove it
		default:
			p.log.Error("sample process: give up", "pid", p.PID(), "err", err)
			s.forget(p)
		}
	}
}

// add takes the first sample and begins to watch p, whose pid must not be
// reaped yet.
func (s *sampler) add(p *Process) {
	proc, err := sample.OpenProc(p.PID())
	if err != nil {
		p.log.Error("sample process: its memory is not visible and its limit not enforced", "err", err)
		return
	}
	if measured, err := proc.Read(); err == nil {
		p.take(measured)
	}
	s.mu.Lock()
	s.procs[p] = proc
	s.mu.Unlock()
}

// remove ends the watch of p. No sample of it is taken after that.
func (s *sampler) remove(p *Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(p)
}

// forget needs s.mu.
func (s *sampler) forget(p *Process) {
	if proc, ok := s.procs[p]; ok {
		_ = proc.Close() // opened for reading
		delete(s.procs, p)
	}
}

func (s *sampler) close() {
	close(s.stop)
	<-s.ended
}
