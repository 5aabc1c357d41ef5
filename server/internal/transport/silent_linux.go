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
	const second = time.Second // more than an answer takes; the ping may have left a little late, too
	info, ok := tcpInfo(conn)
	return ok && info.Unacked > 0 && time.Duration(info.Last_ack_recv)*time.Millisecond > max(since-second, second)
}

// unsent tells whether bytes wait for the other machine to have room for them
// (tcpi_notsent_bytes).
func unsent(conn net.Conn) bool {
	info, ok := tcpInfo(conn)
	return ok && info.Notsent_bytes > 0
}

// tcpInfo asks the kernel about an open TCP connection.
func tcpInfo(conn net.Conn) (info *unix.TCPInfo, ok bool) {
	c, ok := beneath(conn).(syscall.Conn)
	if !ok {
		return nil, false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, false
	}
	closed := raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	return info, closed == nil && err == nil
}
