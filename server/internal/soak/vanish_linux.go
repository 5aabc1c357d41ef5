package soak

import (
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// narrow gives a reader the small kernel buffers of the crowd (see its package
// documentation): with the usual ones a stall of some seconds stays in the kernel
// and no lane feels it.
func narrow(_, address string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) {
		if err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, bufferBytes); err == nil {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, segmentBytes)
		}
	}); e != nil {
		return e
	}
	if err != nil {
		return fmt.Errorf("set buffers of the socket to %s: %w", address, err)
	}
	return nil
}

// drop closes a connection without a FIN and without a reset (tcp(7),
// TCP_REPAIR), which root may: to the lane it is a machine that has restarted and
// answers whatever comes next with a reset.
func drop(c net.Conn) error {
	err := option(c, func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_REPAIR, 1) })
	if err != nil {
		return fmt.Errorf("drop connection: %w", err)
	}
	return c.Close()
}

// mute lets nothing more come in (socket(7), SO_ATTACH_FILTER), not even what the
// kernel would acknowledge: to the lane it is a machine that is gone. Root may do
// that, and on most kernels anybody to a socket of his own. The caller keeps it
// open: its end would tell.
func mute(c net.Conn) error {
	const accept = 0 // bytes of each segment
	filter := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: accept}}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	err := option(c, func(fd int) error {
		return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program)
	})
	if err != nil {
		return fmt.Errorf("mute connection: %w", err)
	}
	return nil
}

func option(c net.Conn, set func(fd int) error) error {
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	if e := raw.Control(func(fd uintptr) { err = set(int(fd)) }); e != nil {
		return e
	}
	return err
}
