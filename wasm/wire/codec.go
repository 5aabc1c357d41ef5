package wire

import "errors"

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

// uint is a base-128 varint, least significant group first, as in Protocol
// Buffers. Package encoding/binary has it too, but brings reflection along.
func (c *codec) uint(v *uint64) {
	if !c.reading {
		n := *v
		for ; n >= 0x80; n >>= 7 {
			c.buf = append(c.buf, byte(n)|0x80)
		}
		c.buf = append(c.buf, byte(n))
		return
	}
	var n uint64
	for i := 0; i < len(c.buf) && i < maxVarintBytes; i++ {
		b := c.buf[i]
		if i == maxVarintBytes-1 && b > 1 {
			break // more than 64 bits
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			*v, c.buf = n, c.buf[i+1:]
			return
		}
	}
	c.fail()
}

// maxVarintBytes is what 64 bits take, seven in a byte.
const maxVarintBytes = 10

// int is a varint of the number with its sign in the lowest bit, so that small
// negative numbers stay short.
func (c *codec) int(v *int64) {
	n := uint64(*v)<<1 ^ uint64(*v>>63)
	c.uint(&n)
	if c.reading {
		*v = int64(n>>1) ^ -int64(n&1)
	}
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
