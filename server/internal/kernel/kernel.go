// Package kernel reads what the operating system knows about one connection of a
// lane, from the lane's end of it.
//
//	transport → kernel → browser → reader
//
// A write that has returned put its bytes into the send queue, and no more. They
// leave it when the reader's kernel has acknowledged them, which says nothing
// about the reader: its own queue, and a browser's, come after that. When these
// are full the reader's kernel shuts the window, and then the send queue fills.
//
// Reading costs two system calls, about 3 µs. It never blocks and changes
// nothing.
package kernel

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// ErrNotVisible is returned where the operating system does not tell.
var ErrNotVisible = errors.New("not visible on this OS")

// Info is one reading of a connection.
type Info struct {
	QueueBytes  uint64        // written and not acknowledged: the send queue (SIOCOUTQ)
	UnsentBytes uint64        // of these, not sent even once, for want of window or anything else
	WindowBytes uint64        // what the reader's kernel said last that it has room for, beyond what is acknowledged
	Shut        time.Duration // for how long the window has had no room for what waits, since the first reading that saw it; 0 while it is open
	Limited     time.Duration // for how long, all in all, the window was what held sending up (tcpi_rwnd_limited)
	RoundTrip   time.Duration // smoothed; on loopback microseconds
	Lost        uint64        // segments sent again since the connection began
	InFlight    uint64        // segments that were sent and not acknowledged
	Heard       time.Duration // since the other machine acknowledged anything
	Sent        time.Duration // since anything was sent to it, for the first time or again
	Probes      uint64        // questions whether there is room again, sent and not answered
}

// Conn watches one connection.
type Conn struct {
	raw syscall.RawConn

	mu   sync.Mutex
	info Info
	err  error
	read func(fd uintptr) // made once: a closure for each reading would be garbage
	shut time.Time        // since when it has been shut; zero while it is open
}

// Of watches c, which must be one of the net package's own. What cannot be
// watched is an [ErrNotVisible].
func Of(c net.Conn) (*Conn, error) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return nil, fmt.Errorf("watch a %T: %w", c, ErrNotVisible)
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("watch connection: %w", err)
	}
	k := &Conn{raw: raw}
	k.read = func(fd uintptr) { k.info, k.err = readInfo(fd) }
	return k, nil
}

// Read takes a reading. Its errors are those of a connection that is closed, and
// [ErrNotVisible].
func (k *Conn) Read(now time.Time) (Info, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.raw.Control(k.read); err != nil {
		return Info{}, fmt.Errorf("read connection: %w", err)
	}
	if k.err != nil {
		return Info{}, fmt.Errorf("read connection: %w", k.err)
	}
	info := k.info
	switch {
	// With nothing under way the kernel would send if it might. The window itself
	// need not be 0: what is less than a segment is not used either (RFC 9293,
	// section 3.8.6.2.1).
	case info.UnsentBytes == 0 || info.InFlight > 0:
		k.shut = time.Time{}
	case k.shut.IsZero():
		k.shut = now
	default:
		info.Shut = now.Sub(k.shut)
	}
	return info, nil
}
