package bench

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// control sets the receive buffer and the largest segment of a socket before it
// connects: the window that is offered in the handshake follows from them.
func control(bufferBytes, segmentBytes int) func(network, address string, c syscall.RawConn) error {
	return func(_, address string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, bufferBytes)
			if err == nil {
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
}
