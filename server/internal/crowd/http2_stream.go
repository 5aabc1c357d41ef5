package crowd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// Errors of a stream.
var (
	errReset    = errors.New("the lane reset the stream")
	errWindow   = errors.New("the lane wrote beyond the window")
	errNoStatus = errors.New("there is no status in the head")
)

// http2Stream is one stream: the body of one answer. What has arrived lies in
// arrived until it is read, at most streamWindowBytes. The connection's mu
// guards it.
type http2Stream struct {
	c       *http2Conn
	id      uint32
	status  int           // of the answer; 0 before its head
	head    chan struct{} // closed once the head is there, or never will be
	arrived []byte
	more    chan struct{} // holds one: something has arrived, or an end
	owed    int           // bytes read, and not given back to the stream's window
	err     error         // how the stream ended; io.EOF where the lane ended it
	closed  bool
	held    *atomic.Int64 // the reader's count of what lies in arrived
	stop    func() bool   // the watch of the context
}

// wait blocks until the head of the answer is there, at most answerWait.
func (s *http2Stream) wait() error {
	late := time.NewTimer(answerWait)
	defer late.Stop()
	select {
	case <-s.head:
	case <-late.C:
		s.leave(os.ErrDeadlineExceeded)
	}
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	switch {
	case s.status == http.StatusOK:
		return nil
	case s.status != 0:
		return fmt.Errorf("read response: lane answers %d %s", s.status, http.StatusText(s.status))
	}
	return fmt.Errorf("read response: %w", s.err)
}

// Read blocks until something has arrived. What it takes makes room in both
// windows, of the stream and of the connection (RFC 9113, section 6.9): nothing
// else does.
func (s *http2Stream) Read(b []byte) (int, error) {
	for {
		if n, err := s.take(b); n > 0 || err != nil {
			return n, err
		}
		<-s.more
	}
}

func (s *http2Stream) take(b []byte) (int, error) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	n := copy(b, s.arrived)
	if n == 0 {
		return 0, s.err
	}
	s.arrived = s.arrived[:copy(s.arrived, s.arrived[n:])]
	s.held.Add(int64(-n))
	s.owed += n
	if s.owed >= creditBytes && s.err == nil {
		s.c.credit(s.id, s.owed)
		s.owed = 0
	}
	s.c.consumed(n)
	return n, nil
}

// answer takes the head of the answer in. c.mu is held.
func (s *http2Stream) answer(f *http2.MetaHeadersFrame) {
	if s.status == 0 {
		status, err := strconv.Atoi(f.PseudoValue("status"))
		if err != nil {
			s.end(errNoStatus)
			return
		}
		s.status = status
		close(s.head)
	}
	if f.StreamEnded() {
		s.end(io.EOF)
	}
}

// end notes how the stream ended; the first time counts. c.mu is held.
func (s *http2Stream) end(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	if s.status == 0 {
		close(s.head)
	}
	s.wake()
}

func (s *http2Stream) wake() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// Close resets the stream if it has not ended, and throws away what was not
// read, which gives its credit back to the connection. The last one to leave a
// connection ends it, and waits for its goroutine.
func (s *http2Stream) Close() error {
	s.stop()
	s.leave(context.Canceled)
	if s.c.retire() {
		s.c.close()
	}
	return nil
}

// leave is Close without the end of the connection.
func (s *http2Stream) leave(why error) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	if s.err == nil {
		c.write(func() error { return c.framer.WriteRSTStream(s.id, http2.ErrCodeCancel) })
	}
	delete(c.streams, s.id)
	c.consumed(len(s.arrived))
	s.held.Add(int64(-len(s.arrived)))
	s.arrived = nil
	s.end(why)
}
