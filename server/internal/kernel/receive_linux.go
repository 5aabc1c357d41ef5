package kernel

import (
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// ReceiveQueue is how many bytes have arrived on a connection and were not read
// (SIOCINQ, tcp(7)). It blocks nobody. Elsewhere than on Linux it is an
// [ErrNotVisible].
func ReceiveQueue(c net.Conn) (uint64, error) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return 0, fmt.Errorf("read receive queue of a %T: %w", c, ErrNotVisible)
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("read receive queue: %w", err)
	}
	var n int
	if controlled := raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.SIOCINQ) }); controlled != nil {
		err = controlled
	}
	if err != nil {
		return 0, fmt.Errorf("read receive queue: %w", err)
	}
	return uint64(max(n, 0)), nil
}
