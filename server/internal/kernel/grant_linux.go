package kernel

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

func grantedSendBuffer(raw syscall.RawConn, askedBytes int) (n int, err error) {
	controlled := raw.Control(func(fd uintptr) {
		if err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, askedBytes); err == nil {
			n, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF)
		}
	})
	if controlled != nil {
		err = controlled
	}
	if err != nil {
		return 0, fmt.Errorf("ask for a send buffer of %d bytes: %w", askedBytes, err)
	}
	return n / 2, nil
}
