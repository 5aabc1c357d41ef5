package child

import (
	"bufio"
	"io"
)

// MaxLineBytes bounds a line of the contract, its newline not counted, in both
// directions: 1 MiB.
const MaxLineBytes = 1 << 20

// readBufferBytes is what is taken from the pipe in one read.
const readBufferBytes = 16 << 10

// LineReader splits a stream into lines and never holds more than maxBytes of
// one, whatever the other side sends. Not safe for concurrent use.
type LineReader struct {
	in       *bufio.Reader
	line     []byte
	maxBytes int
}

// NewLineReader reads lines of at most maxBytes bytes from r.
func NewLineReader(r io.Reader, maxBytes int) *LineReader {
	return &LineReader{in: bufio.NewReaderSize(r, readBufferBytes), maxBytes: maxBytes}
}

// Next blocks until there is a line and returns it without its newline. The
// bytes are valid until the next call. cut says that the line was longer than
// the maximum and only its beginning is returned. A last line without a newline
// is a line. The error is the stream's, io.EOF at its end.
func (r *LineReader) Next() (line []byte, cut bool, err error) {
	r.line = r.line[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		if err == nil {
			part = part[:len(part)-1]
		}
		if room := r.maxBytes - len(r.line); len(part) > room {
			part, cut = part[:room], true
		}
		r.line = append(r.line, part...)
		switch {
		case err == nil:
			return r.line, cut, nil
		case err == bufio.ErrBufferFull:
			continue
		case len(r.line) > 0:
			return r.line, cut, nil
		default:
			return nil, false, err
		}
	}
}
