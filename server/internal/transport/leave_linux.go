package transport

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A reader of server-sent events sends nothing after its request, so all that is
// to be seen from it is that it leaves. A goroutine that waits for that costs 2 to
// 4 KiB of stack; one for all readers, behind an epoll of its own (epoll(7)),
// costs an entry in a map for each.

// together is that goroutine. It runs while there is anybody to watch.
var together struct {
	mu  sync.Mutex
	now *departures // nil: nobody is watched
}

// departures are the readers that are watched, and have not left.
type departures struct {
	file *os.File // the epoll; Go's own poller waits for it
	raw  syscall.RawConn
	fd   int

	last uint64           // id given last; together.mu guards it, and what follows
	open map[uint64]*line // by id, which is never given twice

	// of the goroutine alone
	events  [64]unix.EpollEvent
	n       int
	err     error
	discard [512]byte
	wait    func(fd uintptr) bool // made once, as in ahead
	read    func(fd uintptr) bool
}

// watchTogether has the reader watched with the others. It reports false where
// that is not possible.
func watchTogether(l *line) bool {
	if l.ahead == nil {
		return false
	}
	together.mu.Lock()
	defer together.mu.Unlock()
	d := together.now
	if d == nil {
		var err error
		if d, err = watchDepartures(); err != nil {
			return false
		}
	}
	d.last++
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(uint32(d.last)), Pad: int32(uint32(d.last >> 32))}
	var failed error
	err := l.ahead.raw.Control(func(fd uintptr) { failed = unix.EpollCtl(d.fd, unix.EPOLL_CTL_ADD, int(fd), &event) })
	if err == nil && failed == nil {
		l.watchID = d.last
		d.open[l.watchID] = l
	}
	d.endIfAlone()
	return l.watchID > 0
}

// watchDepartures starts the goroutine; together.mu is held.
func watchDepartures() (*departures, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create epoll: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // or Go would not poll it
		unix.Close(fd)
		return nil, fmt.Errorf("prepare epoll: %w", err)
	}
	d := &departures{file: os.NewFile(uintptr(fd), "epoll"), fd: fd, open: make(map[uint64]*line)}
	if d.raw, err = d.file.SyscallConn(); err != nil {
		d.file.Close()
		return nil, fmt.Errorf("prepare epoll: %w", err)
	}
	d.wait = func(fd uintptr) bool {
		d.n, d.err = unix.EpollWait(int(fd), d.events[:], 0)
		return d.n != 0 || d.err != nil
	}
	d.read = func(fd uintptr) bool {
		d.n, d.err = unix.Read(int(fd), d.discard[:])
		return true
	}
	together.now = d
	go d.run()
	return d, nil
}

// run waits for departures until there is nobody left. Nobody waits for it: who
// closes its epoll holds the lock that it may need once more.
func (d *departures) run() {
	for {
		if err := d.raw.Read(d.wait); err != nil { // it is closed
			return
		}
		if d.err != nil { // a signal
			continue
		}
		for _, e := range d.events[:d.n] {
			d.look(uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32)
		}
	}
}

// look reads what one has sent, which is nothing that matters, or its end.
func (d *departures) look(id uint64) {
	together.mu.Lock()
	l := d.open[id]
	together.mu.Unlock()
	for l != nil {
		err := l.ahead.raw.Read(d.read)
		switch {
		case err == nil && d.n > 0:
		case err == nil && errors.Is(d.err, unix.EAGAIN):
			return
		case err == nil && errors.Is(d.err, unix.EINTR):
		default: // a Send may be blocked on a connection whose other end has gone without a reset
			l.hangUp()
			return
		}
	}
}

// forget ends the watch, if it has not ended.
func (l *line) forget() {
	together.mu.Lock()
	defer together.mu.Unlock()
	if d := together.now; d != nil && l.watchID > 0 && d.open[l.watchID] == l {
		delete(d.open, l.watchID)
		d.endIfAlone()
		l.leave(nil)
		close(l.gone)
	}
}

// endIfAlone ends the goroutine if nobody is watched; together.mu is held.
func (d *departures) endIfAlone() {
	if len(d.open) == 0 {
		together.now = nil
		d.file.Close()
	}
}
