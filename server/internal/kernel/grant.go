package kernel

import (
	"fmt"
	"net"
)

// GrantedSendBuffer is what the kernel makes of a send buffer of this size: it
// asks for one on a socket of its own, and reads back what it got. The kernel
// grants at most net.core.wmem_max and refuses nothing (socket(7), SO_SNDBUF).
// What it tells is twice that, because it counts its own bookkeeping in; here it
// is halved. It is an [ErrNotVisible] where the system keeps no such count.
func GrantedSendBuffer(askedBytes int) (int, error) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, fmt.Errorf("open socket to ask for a send buffer: %w", err)
	}
	defer l.Close()
	raw, err := l.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("ask for a send buffer: %w", err)
	}
	return grantedSendBuffer(raw, askedBytes)
}
