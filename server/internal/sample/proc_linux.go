package sample

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// userHz is the unit of the times in /proc/PID/stat: the kernel's USER_HZ, 100
// on every architecture Go runs on, whatever the kernel's own tick (proc(5)).
const userHz = 100

// Proc reads one process from outside, through /proc files that stay open: a
// read is one pread, 24 µs where opening anew costs several times that. The open
// files also pin the process itself: another that is later given the same pid
// is never measured in its place. Not safe for concurrent use.
type Proc struct {
	statm, stat *os.File
	pageBytes   int64
	buf         [1024]byte // the longest line, stat, has 52 numbers
}

// OpenProc starts to measure the process pid. Close it when done.
func OpenProc(pid int) (*Proc, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	statm, err := os.Open(dir + "/statm")
	if err != nil {
		return nil, openError(pid, err)
	}
	stat, err := os.Open(dir + "/stat")
	if err != nil {
		statm.Close()
		return nil, openError(pid, err)
	}
	return &Proc{statm: statm, stat: stat, pageBytes: int64(os.Getpagesize())}, nil
}

// Read measures now. The error wraps [ErrExited] once the process has ended, a
// zombie included.
func (p *Proc) Read() (ProcSample, error) {
	s := ProcSample{At: time.Now()}
	line, err := p.pread(p.statm)
	if err != nil {
		return ProcSample{}, fmt.Errorf("read statm: %w", err)
	}
	pages, ok := residentPages(line)
	if !ok {
		return ProcSample{}, fmt.Errorf("read statm: unexpected %q", line)
	}
	if pages == 0 { // a zombie: its memory is gone already
		return ProcSample{}, ErrExited
	}
	s.RSSBytes = pages * p.pageBytes

	line, err = p.pread(p.stat)
	if err != nil {
		return ProcSample{}, fmt.Errorf("read stat: %w", err)
	}
	ticks, ok := cpuTicks(line)
	if !ok {
		return ProcSample{}, fmt.Errorf("read stat: unexpected %q", line)
	}
	s.CPU = time.Duration(ticks) * (time.Second / userHz)
	return s, nil
}

// Close ends the measuring.
func (p *Proc) Close() error {
	return errors.Join(p.statm.Close(), p.stat.Close())
}

func (p *Proc) pread(f *os.File) ([]byte, error) {
	n, err := f.ReadAt(p.buf[:], 0)
	if n > 0 { // io.EOF comes with every answer shorter than the buffer
		return p.buf[:n], nil
	}
	if errors.Is(err, syscall.ESRCH) {
		return nil, ErrExited
	}
	return nil, err
}

func openError(pid int, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		err = ErrExited
	}
	return fmt.Errorf("open process %d: %w", pid, err)
}

// residentPages takes the second number of /proc/PID/statm (proc(5)).
func residentPages(statm []byte) (int64, bool) {
	_, rest, ok := bytes.Cut(statm, []byte{' '})
	if !ok {
		return 0, false
	}
	n, _, ok := number(rest)
	return n, ok
}

// cpuTicks adds utime and stime, fields 14 and 15 of /proc/PID/stat (proc(5)).
// Field 2 is the program's name in parentheses, which may itself hold spaces
// and parentheses: what counts is the last one.
func cpuTicks(stat []byte) (int64, bool) {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return 0, false
	}
	rest := bytes.TrimLeft(stat[end+1:], " ")
	for range 14 - 3 { // rest begins with field 3
		_, after, ok := bytes.Cut(rest, []byte{' '})
		if !ok {
			return 0, false
		}
		rest = after
	}
	user, rest, ok := number(rest)
	if !ok {
		return 0, false
	}
	system, _, ok := number(rest)
	return user + system, ok
}

// number parses the decimal digits before the next space or the end, without
// allocating.
func number(b []byte) (n int64, rest []byte, ok bool) {
	i := 0
	for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		if i >= 18 { // 10^18 still fits
			return 0, nil, false
		}
		n = n*10 + int64(b[i]-'0')
	}
	if i == 0 {
		return 0, nil, false
	}
	return n, bytes.TrimLeft(b[i:], " "), true
}
