package broker

import (
	"net"
	"sync"
	"sync/atomic"
)

const (
	// maxWriteBytes is taken from the queue for one write, so that the account
	// of what waits follows the socket closely (Redis: NET_MAX_WRITES_PER_EVENT).
	maxWriteBytes = 64 << 10
	// maxWritePieces is the most that one writev takes (IOV_MAX).
	maxWritePieces = 1024
	// pieceBytes is the cost of one piece beyond its bytes, a slice header.
	pieceBytes = 24
	// keepPieces is the length of queue that is kept for reuse once it is empty.
	keepPieces = 256
)

// outbox is the output queue of one client. Whoever runs a command puts pieces
// in and never waits; the client's writing goroutine takes them out. A piece is
// not changed once it is in, since several queues may share it.
type outbox struct {
	wake chan struct{} // capacity 1: one wake-up is enough for any number of pieces
	sum  *atomic.Int64 // all clients' waiting bytes

	mu      sync.Mutex
	pieces  [][]byte
	head    int   // pieces before it are gone
	waiting int64 // bytes, with pieceBytes each; includes the write in progress
	ending  bool  // no more pieces will come: write what is there, then stop
	closed  bool  // write nothing more
}

func newOutbox(sum *atomic.Int64) *outbox {
	return &outbox{wake: make(chan struct{}, 1), sum: sum}
}

// put appends a piece without waking the writer, and returns how many bytes
// wait now. Closed or ending queues drop it.
func (o *outbox) put(piece []byte) int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.ending {
		return 0
	}
	if o.head > len(o.pieces)/2 && len(o.pieces) == cap(o.pieces) {
		kept := copy(o.pieces, o.pieces[o.head:])
		clear(o.pieces[kept:])
		o.pieces, o.head = o.pieces[:kept], 0
	}
	o.pieces = append(o.pieces, piece)
	o.add(int64(len(piece) + pieceBytes))
	return o.waiting
}

func (o *outbox) add(n int64) {
	o.waiting += n
	o.sum.Add(n)
}

// signal wakes the writer.
func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default: // it has not seen the last one yet
	}
}

// take waits for pieces and moves up to maxWriteBytes of them to batch. size is
// what written must be told afterwards. ok is false when the writer must stop.
// It needs no context of its own: Serve closes every queue when its context
// ends, and that wakes it.
func (o *outbox) take(batch net.Buffers) (_ net.Buffers, size int64, ok bool) {
	for {
		o.mu.Lock()
		if o.closed || o.ending && o.head == len(o.pieces) {
			o.mu.Unlock()
			return nil, 0, false
		}
		if o.head < len(o.pieces) {
			break
		}
		o.mu.Unlock()
		<-o.wake
	}
	defer o.mu.Unlock()
	room := maxWriteBytes
	for o.head < len(o.pieces) && room > 0 && len(batch) < maxWritePieces {
		piece := o.pieces[o.head]
		if len(piece) > room {
			batch = append(batch, piece[:room])
			o.pieces[o.head] = piece[room:]
			return batch, size + int64(room), true
		}
		batch = append(batch, piece)
		o.pieces[o.head] = nil
		o.head++
		room -= len(piece)
		size += int64(len(piece) + pieceBytes)
	}
	if o.head == len(o.pieces) {
		o.pieces, o.head = o.pieces[:0], 0
		if cap(o.pieces) > keepPieces {
			o.pieces = nil
		}
	}
	return batch, size, true
}

// written settles the account of a batch that has left.
func (o *outbox) written(size int64) {
	o.mu.Lock()
	if !o.closed {
		o.add(-size)
	}
	o.mu.Unlock()
}

// end lets the writer stop when the queue is empty.
func (o *outbox) end() {
	o.mu.Lock()
	o.ending = true
	o.mu.Unlock()
	o.signal()
}

// close drops what waits and stops the writer.
func (o *outbox) close() {
	o.mu.Lock()
	if !o.closed {
		o.closed = true
		o.pieces, o.head = nil, 0
		o.add(-o.waiting)
	}
	o.mu.Unlock()
	o.signal()
}

// state returns the bytes and the pieces that wait.
func (o *outbox) state() (waiting int64, pieces int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.waiting, len(o.pieces) - o.head
}
