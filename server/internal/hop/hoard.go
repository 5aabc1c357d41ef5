package hop

import (
	"io"
	"net/http"
	"sync"
)

// pieceBytes is the largest piece that is taken from a lane in one read.
const pieceBytes = 32 << 10

// hoard takes a body as fast as it comes and gives it as slowly as it is read.
// Between the two it holds everything, without a bound.
type hoard struct {
	body io.ReadCloser
	held *counter // of all hoards together
	done chan struct{}

	mu     sync.Mutex
	more   sync.Cond // there is another piece, or the end
	pieces [][]byte  // not yet read, oldest first
	err    error     // why no more will come
}

// hold puts a hoard between the lane and a reader. A WebSocket stays as it is:
// its connection is handed over, and there is no body to take.
func (h *Hop) hold(r *http.Response) error {
	if r.StatusCode != http.StatusOK {
		return nil
	}
	b := &hoard{body: r.Body, held: &h.held, done: make(chan struct{})}
	b.more.L = &b.mu
	go b.take()
	r.Body = b
	return nil
}

// take reads until the body ends, which closing it makes it do.
func (b *hoard) take() {
	defer close(b.done)
	buffer := make([]byte, pieceBytes)
	for {
		n, err := b.body.Read(buffer)
		b.mu.Lock()
		if n > 0 {
			b.pieces = append(b.pieces, append([]byte(nil), buffer[:n]...))
			b.held.Add(uint64(n))
		}
		b.err = err
		b.mu.Unlock()
		b.more.Signal()
		if err != nil {
			return
		}
	}
}

// Read waits for a piece. Those that have come before the end are read before it.
func (b *hoard) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.pieces) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		b.more.Wait()
	}
	n := copy(p, b.pieces[0])
	if b.pieces[0] = b.pieces[0][n:]; len(b.pieces[0]) == 0 {
		b.pieces[0] = nil
		b.pieces = b.pieces[1:]
	}
	b.held.Add(-uint64(n))
	return n, nil
}

// Close gives up what was not read, and ends the connection to the lane.
func (b *hoard) Close() error {
	err := b.body.Close()
	<-b.done
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, piece := range b.pieces {
		b.held.Add(-uint64(len(piece)))
	}
	b.pieces = nil
	return err
}
