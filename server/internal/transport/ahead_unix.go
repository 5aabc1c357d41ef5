//go:build unix

package transport

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// ahead writes to a connection without waiting for room. It belongs to one
// goroutine.
type ahead struct {
	raw syscall.RawConn
	p   []byte
	n   int
	err error
	try func(fd uintptr) bool // made once: a closure for each write would be garbage
}

// newAhead returns nil for a connection that is not the kernel's own.
func newAhead(conn net.Conn) *ahead {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	a := &ahead{raw: raw}
	a.try = func(fd uintptr) bool {
		for {
			a.n, a.err = syscall.Write(int(fd), a.p)
			if !errors.Is(a.err, syscall.EINTR) {
				return true
			}
		}
	}
	return a
}

// write writes what there is room for, which may be nothing.
func (a *ahead) write(p []byte) (n int, err error) {
	a.p, a.n, a.err = p, 0, nil
	err = a.raw.Write(a.try)
	a.p = nil
	switch {
	case err != nil:
		return 0, err
	case errors.Is(a.err, syscall.EAGAIN):
		return 0, nil
	case a.err != nil:
		return 0, fmt.Errorf("write: %w", a.err)
	}
	return a.n, nil
}
