package broker

import (
	"strconv"

	"github.com/tidwall/redcon"
)

// The replies of a command, appended to conn.reply. Where RESP3 has a type of
// its own, they use it for clients that chose RESP3 with HELLO.

func (c *conn) ok()                 { c.reply = redcon.AppendOK(c.reply) }
func (c *conn) int(n int64)         { c.reply = redcon.AppendInt(c.reply, n) }
func (c *conn) array(n int)         { c.reply = redcon.AppendArray(c.reply, n) }
func (c *conn) status(s string)     { c.reply = redcon.AppendString(c.reply, s) }
func (c *conn) bulk(b []byte)       { c.reply = redcon.AppendBulk(c.reply, b) }
func (c *conn) bulkString(s string) { c.reply = redcon.AppendBulkString(c.reply, s) }

// error replies with a text that begins with its code, such as "ERR ...".
func (c *conn) error(text string) {
	c.s.counters.errors++
	c.reply = redcon.AppendError(c.reply, text)
}

// id replies with the id of a stream entry.
func (c *conn) streamID(id streamID) {
	var buf [41]byte // two uint64 and a dash
	c.bulk(id.append(buf[:0]))
}

// mapHeader begins n pairs.
func (c *conn) mapHeader(n int) {
	if c.resp3 {
		c.header('%', n)
	} else {
		c.array(2 * n)
	}
}

// pushHeader begins a message of n elements that is not a reply.
func (c *conn) pushHeader(n int) {
	if c.resp3 {
		c.header('>', n)
	} else {
		c.array(n)
	}
}

func (c *conn) header(kind byte, n int) {
	c.reply = append(c.reply, kind)
	c.reply = strconv.AppendInt(c.reply, int64(n), 10)
	c.reply = append(c.reply, "\r\n"...)
}

func (c *conn) null()      { c.reply = c.appendNull(c.reply, "$-1\r\n") }
func (c *conn) nullArray() { c.reply = c.appendNull(c.reply, "*-1\r\n") }

func (c *conn) appendNull(dst []byte, resp2 string) []byte {
	if c.resp3 {
		return append(dst, "_\r\n"...)
	}
	return append(dst, resp2...)
}

// text replies with lines meant for people.
func (c *conn) text(s string) {
	if !c.resp3 {
		c.bulkString(s)
		return
	}
	c.header('=', len("txt:")+len(s))
	c.reply = append(c.reply, "txt:"...)
	c.reply = append(c.reply, s...)
	c.reply = append(c.reply, "\r\n"...)
}

// Error texts that several commands share, word for word those of Redis 7.
const (
	errSyntax     = "ERR syntax error"
	errNotInteger = "ERR value is not an integer or out of range"
	errStreamID   = "ERR Invalid stream ID specified as stream command argument"
	errNoSuchKey  = "ERR no such key"
)
