//go:build unix && !linux

package crowd

import (
	"fmt"
	"syscall"
)

// control sets the receive buffer of a socket before it connects. The BSDs and
// macOS accept no segment size larger than the 512 or so bytes they begin with
// (tcp(4)), so it is left to them.
func control(bufferBytes, _ int) func(network, address string, c syscall.RawConn) error {
	return func(_, address string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) {
			if bufferBytes > 0 {
				err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, bufferBytes)
			}
		}); e != nil {
			return e
		}
		if err != nil {
			return fmt.Errorf("set receive buffer of the socket to %s: %w", address, err)
		}
		return nil
	}
}
