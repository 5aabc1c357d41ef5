package wire

import (
	"encoding/binary"
	"errors"
)

// ErrMalformed is returned for bytes that are not a frame of this protocol:
// wrong kind or version, cut short, too long, or with something left over.
var ErrMalformed = errors.New("wire: malformed frame")

// codec walks the fields of a frame in order, writing them or reading them, so
// that a layout is written down once and both directions cannot differ. The
// first error sticks; later calls do nothing.
type codec struct {
	buf     []byte
	reading bool
	bad     bool
}

func (c *codec) uint(v *uint64) {
	if !c.reading {
		c.buf = binary.AppendUvarint(c.buf, *v)
		return
	}
	n, size := binary.Uvarint(c.buf)
	if size <= 0 {
		c.fail()
		return
	}
	*v, c.buf = n, c.buf[size:]
}

func (c *codec) int(v *int64) {
	if !c.reading {
		c.buf = binary.AppendVarint(c.buf, *v)
		return
	}
	n, size := binary.Varint(c.buf)
	if size <= 0 {
		c.fail()
		return
	}
	*v, c.buf = n, c.buf[size:]
}

func (c *codec) byte(v *uint8) {
	if !c.reading {
		c.buf = append(c.buf, *v)
		return
	}
	if len(c.buf) == 0 {
		c.fail()
		return
	}
	*v, c.buf = c.buf[0], c.buf[1:]
}

func (c *codec) bool(v *bool) {
	var b uint8
	if *v {
		b = 1
	}
	c.byte(&b)
	if b > 1 {
		c.fail()
	}
	*v = b == 1
}

func (c *codec) string(v *string, limitBytes int) {
	size := uint64(len(*v))
	c.uint(&size)
	if !c.reading {
		c.buf = append(c.buf, *v...)
		return
	}
	if size > uint64(limitBytes) || size > uint64(len(c.buf)) {
		c.fail()
		return
	}
	*v, c.buf = string(c.buf[:size]), c.buf[size:]
}

// count writes or reads the length of a list and bounds it: each element takes
// at least one byte, so a list can never be longer than what is left.
func (c *codec) count(have, limit int) int {
	n := uint64(have)
	c.uint(&n)
	if c.reading && (n > uint64(limit) || n > uint64(len(c.buf))) {
		c.fail()
	}
	if c.bad {
		return 0
	}
	return int(n)
}

func (c *codec) fail() { c.bad, c.buf = true, nil }

// list walks a slice whose elements know their own fields.
func list[T any](c *codec, s *[]T, limit int, fields func(*T, *codec)) {
	n := c.count(len(*s), limit)
	if c.reading {
		*s = make([]T, n)
	}
	for i := range n {
		fields(&(*s)[i], c)
	}
}
