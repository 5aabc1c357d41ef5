package bench

import "bytes"

// body takes what HTTP/1.1 adds out of a stream: the head of the answer, and the
// sizes of chunks (RFC 9112, section 7.1), which may stand in the middle of a
// message. What does not begin like HTTP is left as it is, but for a few bytes
// at its begin that come too early to tell. The zero value is at the begin of a
// connection.
type body struct {
	state bodyState
	head  []byte // of the answer, until it is complete
	left  int    // of the present chunk, or its size so far
}

type bodyState byte

const (
	inHead bodyState = iota
	inSize
	inExtension // behind the digits of a size
	inData
	behindData // at the line end that follows a chunk
	asItIs
)

const (
	protocol = "HTTP/"
	// maxHeadBytes bounds the head of an answer.
	maxHeadBytes = 16 << 10
)

// strip moves the payload in b to its begin and returns it. The error is a
// refusal.
func (s *body) strip(b []byte) ([]byte, error) {
	if s.state == inHead {
		var err error
		if b, err = s.answer(b); err != nil || len(b) == 0 {
			return nil, err
		}
	}
	if s.state == asItIs {
		return b, nil
	}
	n := 0
	for i := 0; i < len(b); {
		switch s.state {
		case inData:
			m := copy(b[n:], b[i:min(len(b), i+s.left)])
			n, i, s.left = n+m, i+m, s.left-m
			if s.left == 0 {
				s.state = behindData
			}
			continue
		case inSize:
			if digit := hexDigit(b[i]); digit >= 0 {
				s.left = s.left<<4 | digit
			} else {
				s.state = inExtension
				continue
			}
		case inExtension:
			if b[i] == '\n' {
				if s.state = inData; s.left == 0 { // the last chunk: an empty one
					s.state = behindData
				}
			}
		case behindData:
			if b[i] == '\n' {
				s.state = inSize
			}
		}
		i++
	}
	return b[:n], nil
}

// answer takes the head of the answer and returns what is behind it.
func (s *body) answer(b []byte) ([]byte, error) {
	s.head = append(s.head, b...)
	if n := min(len(s.head), len(protocol)); string(s.head[:n]) != protocol[:n] {
		s.state, s.head = asItIs, nil
		return b, nil
	}
	head, rest, complete := bytes.Cut(s.head, []byte("\r\n\r\n"))
	if !complete && len(s.head) < maxHeadBytes {
		return nil, nil
	}
	if line, _, _ := bytes.Cut(head, []byte("\r\n")); !complete || !bytes.Contains(line, []byte(" 200")) {
		return nil, &refusedError{bytes.Clone(line[:min(len(line), 80)])}
	}
	s.state = asItIs
	if bytes.Contains(bytes.ToLower(head), []byte("transfer-encoding: chunked")) {
		s.state = inSize
	}
	rest = b[:copy(b, rest)] // rest is shorter than what came now
	s.head = nil
	return rest, nil
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
