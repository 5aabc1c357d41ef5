package broker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Sizes of a connection's input buffer: it starts small, because hundreds of
// connections only ever send an XREAD, grows to the middle size while reads
// fill it, and beyond that only for a large command, after which it is let go.
const (
	minInputBuffer  = 4 << 10
	keepInputBuffer = 64 << 10
)

// protocolError is malformed input: the client hears of it and is disconnected.
type protocolError string

func (e protocolError) Error() string { return "Protocol error: " + string(e) }

// errInputLimit means that a client sent more than maxInputBytes that cannot be
// processed yet. Redis closes such a client without a word, too.
var errInputLimit = errors.New("input buffer limit reached")

// span is where an argument lies, counted from the start of its command.
type span struct{ from, to int }

// decoder splits the bytes that a client sends into commands: RESP arrays of
// bulk strings, or lines typed by hand. It resumes an incomplete command where
// it stopped, and never allocates what was announced but not sent.
type decoder struct {
	buf           []byte
	start, end    int // buf[start:end] has not been consumed
	authenticated bool

	// The command being decoded, which begins at start.
	argsLeft int
	bulkLen  int // of the argument being read; -1: its header is still to come
	at       int // next byte to look at, counted from start
	spans    []span

	args [][]byte // reused from command to command
}

// fill reads once from r, waiting for at least one byte. The arguments returned
// by next are invalid afterwards.
func (d *decoder) fill(r io.Reader) error {
	if d.start == d.end {
		full := d.end == len(d.buf)
		d.start, d.end = 0, 0
		switch {
		case d.buf == nil:
			d.buf = make([]byte, minInputBuffer)
		case len(d.buf) > keepInputBuffer:
			d.buf = make([]byte, minInputBuffer)
		case full && len(d.buf) < keepInputBuffer:
			d.buf = make([]byte, 2*len(d.buf))
		}
	}
	if d.end == len(d.buf) {
		unread := d.buf[d.start:d.end]
		to := d.buf
		if len(unread) > len(d.buf)/2 {
			if len(d.buf) >= maxInputBytes {
				return errInputLimit
			}
			to = make([]byte, 2*len(d.buf))
		}
		d.end = copy(to, unread)
		d.buf, d.start = to, 0
	}
	n, err := r.Read(d.buf[d.end:])
	d.end += n
	if n > 0 {
		return nil // an error comes again with the next read
	}
	return err
}

// buffered is the number of bytes that next has not consumed.
func (d *decoder) buffered() int { return d.end - d.start }

// next returns the next complete command, or nil if there is none yet. The
// arguments are slices of the buffer and valid until fill is called. A command
// has at least one argument.
func (d *decoder) next() ([][]byte, error) {
	for d.argsLeft == 0 {
		if d.start == d.end {
			return nil, nil
		}
		if d.buf[d.start] != '*' {
			args, ok, err := d.line()
			if err != nil || !ok || len(args) > 0 {
				return args, err
			}
			continue
		}
		n, ok, err := d.header(maxArgs, "invalid multibulk length", "too big mbulk count string")
		if err != nil || !ok {
			return nil, err
		}
		if n > maxArgsUnauthenticated && !d.authenticated {
			return nil, protocolError("unauthenticated multibulk length")
		}
		if n <= 0 { // Redis skips empty and null arrays
			d.start, d.at = d.start+d.at, 0
			continue
		}
		d.argsLeft, d.bulkLen, d.spans = n, -1, d.spans[:0]
	}
	for d.argsLeft > 0 {
		if d.bulkLen < 0 {
			if ok, err := d.bulkHeader(); err != nil || !ok {
				return nil, err
			}
		}
		if d.buffered() < d.at+d.bulkLen+len("\r\n") {
			return nil, nil
		}
		d.spans = append(d.spans, span{d.at, d.at + d.bulkLen})
		d.at += d.bulkLen + len("\r\n")
		d.bulkLen = -1
		d.argsLeft--
	}
	d.args = d.args[:0]
	for _, s := range d.spans {
		d.args = append(d.args, d.buf[d.start+s.from:d.start+s.to:d.start+s.to])
	}
	d.start, d.at = d.start+d.at, 0
	return d.args, nil
}

// bulkHeader decodes the "$n" before an argument.
func (d *decoder) bulkHeader() (bool, error) {
	if d.buffered() == d.at {
		return false, nil
	}
	if first := d.buf[d.start+d.at]; first != '$' {
		return false, protocolError(fmt.Sprintf("expected '$', got '%s'", printable(first)))
	}
	n, ok, err := d.header(maxBulkBytes, "invalid bulk length", "too big bulk count string")
	if err != nil || !ok {
		return false, err
	}
	if n < 0 {
		return false, protocolError("invalid bulk length")
	}
	if n > maxBulkUnauthenticated && !d.authenticated {
		return false, protocolError("unauthenticated bulk length")
	}
	d.bulkLen = n
	return true, nil
}

// header decodes a line made of a type byte and a number of at most limit, and
// moves behind it.
func (d *decoder) header(limit int64, invalid, tooLong protocolError) (int, bool, error) {
	rest := d.buf[d.start+d.at : d.end]
	i := bytes.IndexByte(rest, '\r')
	if i < 0 && len(rest) > maxLineBytes {
		return 0, false, tooLong
	}
	if i < 0 || i+1 == len(rest) { // the newline is still to come
		return 0, false, nil
	}
	n, ok := parseInt(rest[1:i])
	if !ok || n > limit {
		return 0, false, invalid
	}
	d.at += i + len("\r\n")
	return int(n), true, nil
}

// line decodes a command typed by hand. ok is false if it is not complete.
func (d *decoder) line() (args [][]byte, ok bool, err error) {
	rest := d.buf[d.start:d.end]
	i := bytes.IndexByte(rest, '\n')
	if i < 0 {
		if len(rest) > maxLineBytes {
			return nil, false, protocolError("too big inline request")
		}
		return nil, false, nil
	}
	args, balanced := splitLine(bytes.TrimSuffix(rest[:i], []byte("\r")))
	if !balanced {
		return nil, false, protocolError("unbalanced quotes in request")
	}
	d.start += i + 1
	return args, true, nil
}

func printable(b byte) string {
	if b < ' ' || b > '~' {
		return fmt.Sprintf(`\x%02x`, b)
	}
	return string(rune(b))
}
