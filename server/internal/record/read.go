package record

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"spillway/scenarios/script"
)

// ReadOptions are what Read needs to know.
type ReadOptions struct {
	// Vocabulary is what the scenario may name, under the ceiling of the machine
	// that recorded it. run.Vocabulary is one.
	Vocabulary func(maxMemoryBytes int64) script.Vocabulary
}

// Errors of Read, each a sentence for whoever chose the file.
var (
	ErrForeign = errors.New("this is no recording of Spillway: its first line is not a header of one")
	ErrNewer   = errors.New("the recording was made by a newer Spillway")
	ErrEmpty   = errors.New("the recording holds nothing but its header")
	ErrTooMuch = errors.New("the recording is larger than can be read: 256 MiB, 4 hours")
)

// Read reads a recording to its end. A last line that was cut off is left out
// and the ending is Torn; any other line that cannot be read is an error with
// its number. A recording has at least one moment. View.Elapsed and the clock of
// the steps are whole microseconds, StartedAt is UTC.
func Read(r io.Reader, o ReadOptions) (*Recording, error) {
	in := bufio.NewReaderSize(io.LimitReader(r, maxFileBytes+1), 64<<10)
	first, err := readLine(in, nil, maxHeaderBytes)
	switch {
	case errors.Is(err, errLongLine):
		return nil, ErrForeign
	case err != nil && !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("read the recording: %w", err)
	}
	d, err := newDecoder(first, o)
	if err != nil {
		return nil, err
	}
	size := int64(len(first))
	var text []byte
	var bad error // of the line before; an error only if it is not the last one
	for number := 2; ; number++ {
		text, err = readLine(in, text[:0], maxLineBytes)
		if errors.Is(err, io.EOF) && len(text) == 0 {
			break
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read line %d of the recording: %w", number, err)
		}
		if size += int64(len(text)); size > maxFileBytes {
			return nil, ErrTooMuch
		}
		if bad != nil {
			return nil, bad
		}
		if err := d.line(text); err != nil {
			bad = fmt.Errorf("line %d of the recording: %w", number, err)
		}
		if errors.Is(bad, ErrTooMuch) {
			return nil, bad
		}
	}
	if len(d.rec.Moments) == 0 {
		return nil, ErrEmpty
	}
	return d.rec, nil
}

var errLongLine = errors.New("the line is too long")

// readLine appends the next line to buf, without its end. With io.EOF it is the
// last one, or empty.
func readLine(in *bufio.Reader, buf []byte, most int) ([]byte, error) {
	for {
		part, err := in.ReadSlice('\n')
		if len(buf)+len(part) > most {
			return buf, errLongLine
		}
		buf = append(buf, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return buf, err
		}
		return buf[:len(buf)-1], nil
	}
}
