//go:build !linux

package sample

import (
	"errors"
	"fmt"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// Proc reads one process from outside, through gopsutil. Not safe for
// concurrent use.
type Proc struct{ process *process.Process }

// OpenProc starts to measure the process pid. Close it when done.
func OpenProc(pid int) (*Proc, error) {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return nil, fmt.Errorf("open process %d: %w", pid, exited(err))
	}
	return &Proc{process: p}, nil
}

// Read measures now. The error wraps [ErrExited] once the process has ended.
func (p *Proc) Read() (ProcSample, error) {
	s := ProcSample{At: time.Now()}
	memory, err := p.process.MemoryInfo()
	if err != nil {
		return ProcSample{}, fmt.Errorf("read resident set: %w", exited(err))
	}
	if memory.RSS == 0 { // a zombie
		return ProcSample{}, ErrExited
	}
	s.RSSBytes = int64(memory.RSS)
	times, err := p.process.Times()
	if err != nil {
		return ProcSample{}, fmt.Errorf("read cpu time: %w", exited(err))
	}
	s.CPU = time.Duration((times.User + times.System) * float64(time.Second))
	return s, nil
}

// Close ends the measuring.
func (p *Proc) Close() error { return nil }

func exited(err error) error {
	if errors.Is(err, process.ErrorProcessNotRunning) {
		return ErrExited
	}
	return err
}
