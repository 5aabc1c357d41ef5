package crowd

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// control sets the options of a socket before it connects: the window that the
// lane is offered in the handshake follows from them. Values below 0 are left to
// the OS. The kernel doubles SO_RCVBUF for its own bookkeeping.
func control(bufferBytes, segmentBytes int) func(network, address string, c syscall.RawConn) error {
	return func(_, address string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) {
			if bufferBytes > 0 {
				err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, bufferBytes)
			}
			if segmentBytes > 0 && err == nil {
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
