package transport

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// silent tells whether the other machine has not acknowledged what was sent to
// it, and has not been heard at all, for that long: TCP_INFO has the segments in
// flight (tcpi_unacked), and the time since the last acknowledgement
// (tcpi_last_ack_recv, milliseconds). What waits because the window is shut is
// not in flight.
func silent(conn net.Conn, since time.Duration) bool {
	c, ok := beneath(conn).(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	dead := false
	raw.Control(func(fd uintptr) { //nolint:errcheck // a closed connection is not dead
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return
		}
		const second = time.Second // more than an answer takes; the ping may have left a little late, too
		dead = info.Unacked > 0 && time.Duration(info.Last_ack_recv)*time.Millisecond > max(since-second, second)
	})
	return dead
}
