package transport

import (
	"net"
	"time"

	"spillway/server/internal/kernel"
)

// silent tells whether the other machine has not acknowledged what was sent to
// it, and has not been heard at all, for that long. What waits because the window
// is shut is not in flight. Where the system does not tell, nobody is silent: it
// ends a connection whose other machine is gone by itself, after minutes.
func silent(conn net.Conn, since time.Duration) bool {
	const second = time.Second // more than an answer takes; the ping may have left a little late, too
	info, ok := look(conn)
	return ok && info.InFlight > 0 && info.Heard > max(since-second, second)
}

// unsent tells whether bytes wait for the other machine to have room for them.
func unsent(conn net.Conn) bool {
	info, ok := look(conn)
	return ok && info.UnsentBytes > 0
}

// look asks the kernel about an open connection.
func look(conn net.Conn) (kernel.Info, bool) {
	k, err := kernel.Of(beneath(conn))
	if err != nil {
		return kernel.Info{}, false
	}
	info, err := k.Read(time.Now())
	return info, err == nil
}
