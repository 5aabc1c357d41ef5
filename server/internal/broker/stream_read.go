package broker

import (
	"math"
	"time"

	"github.com/tidwall/redcon"
)

// xrange replies with the entries between two ids.
func (s *Server) xrange(c *conn, args [][]byte) {
	s.replyRange(c, args[1], args[2], args[3], args[4:], (*stream).appendRange)
}

// xrevrange is xrange from the greater id to the smaller.
func (s *Server) xrevrange(c *conn, args [][]byte) {
	s.replyRange(c, args[1], args[3], args[2], args[4:], (*stream).appendReversed)
}

func (s *Server) replyRange(c *conn, key, start, end []byte, options [][]byte,
	appendTo func(st *stream, dst []byte, from, to streamID, limit int) []byte) {
	from, problem := parseBound(start, 0)
	if problem == "" && from.exclusive {
		var ok bool
		if from.id, ok = from.id.next(); !ok {
			problem = "ERR invalid start ID for the interval"
		}
	}
	if problem != "" {
		c.error(problem)
		return
	}
	to, problem := parseBound(end, math.MaxUint64)
	if problem == "" && to.exclusive {
		var ok bool
		if to.id, ok = to.id.previous(); !ok {
			problem = "ERR invalid end ID for the interval"
		}
	}
	if problem != "" {
		c.error(problem)
		return
	}
	count, all := int64(0), true
	for i := 0; i < len(options); i += 2 {
		if i+1 == len(options) || !option(options[i], "count") {
			c.error(errSyntax)
			return
		}
		var ok bool
		if count, ok = parseInt(options[i+1]); !ok {
			c.error(errNotInteger)
			return
		}
		all = false
	}
	st := s.streams[string(key)]
	switch {
	case st == nil:
		c.array(0)
	case !all && count <= 0:
		c.nullArray()
	default:
		c.reply = appendTo(st, c.reply, from.id, to.id, clampCount(count))
	}
}

// bound is one end of an interval.
type bound struct {
	id        streamID
	exclusive bool
}

func parseBound(arg []byte, missingSeq uint64) (bound, string) {
	switch string(arg) {
	case "-":
		return bound{id: minID}, ""
	case "+":
		return bound{id: maxID}, ""
	}
	var b bound
	if len(arg) > 1 && arg[0] == '(' {
		b.exclusive = true
		arg = arg[1:]
	}
	var ok bool
	if b.id, ok = parseID(arg, missingSeq); !ok {
		return b, errStreamID
	}
	return b, ""
}

// clampCount turns a COUNT into a limit; what is more than memory holds is none.
func clampCount(n int64) int { return int(min(max(n, 0), math.MaxInt32)) }

// readOptions are the arguments of XREAD. The keys are slices of the input.
type readOptions struct {
	count  int
	block  time.Duration // 0: without end
	blocks bool
	keys   [][]byte
	after  [][]byte
}

func parseReadOptions(args [][]byte) (readOptions, string) {
	var o readOptions
	for i := 1; i < len(args); i += 2 {
		if i+1 == len(args) {
			return o, errSyntax
		}
		value := args[i+1]
		switch {
		case option(args[i], "block"):
			ms, ok := parseInt(value)
			switch {
			case !ok || ms > math.MaxInt64/int64(time.Millisecond):
				return o, "ERR timeout is not an integer or out of range"
			case ms < 0:
				return o, "ERR timeout is negative"
			}
			o.blocks, o.block = true, time.Duration(ms)*time.Millisecond
		case option(args[i], "count"):
			n, ok := parseInt(value)
			if !ok {
				return o, errNotInteger
			}
			o.count = clampCount(n)
		case option(args[i], "streams"):
			names := args[i+1:]
			if len(names)%2 != 0 {
				return o, "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."
			}
			o.keys, o.after = names[:len(names)/2], names[len(names)/2:]
			return o, ""
		default:
			return o, errSyntax
		}
	}
	return o, errSyntax
}

// xread replies with the entries behind the given ids. If there are none and
// BLOCK is given, the client is blocked: its next commands are not run until an
// entry or the timeout comes. Nobody else waits.
func (s *Server) xread(c *conn, args [][]byte) {
	o, problem := parseReadOptions(args)
	if problem != "" {
		c.error(problem)
		return
	}
	after := make([]streamID, len(o.keys))
	for i, arg := range o.after {
		st := s.streams[string(o.keys[i])]
		switch string(arg) {
		case "$":
			if st != nil {
				after[i] = st.lastID
			}
			continue
		case ">":
			c.error("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.")
			return
		}
		var ok bool
		if after[i], ok = parseID(arg, 0); !ok {
			c.error(errStreamID)
			return
		}
	}
	ready := 0
	for i, key := range o.keys {
		if s.streams[string(key)].hasAfter(after[i]) {
			ready++
		}
	}
	if ready == 0 && o.blocks {
		s.block(c, o, after)
		return
	}
	if ready == 0 {
		c.nullArray()
		return
	}
	c.reply = c.appendReadHeader(c.reply, ready)
	for i, key := range o.keys {
		if st := s.streams[string(key)]; st.hasAfter(after[i]) {
			c.reply = c.appendRead(c.reply, key, st, after[i], o.count)
		}
	}
}

func (s *stream) hasAfter(id streamID) bool {
	return s != nil && s.length > 0 && id.less(s.newestID())
}

// appendReadHeader begins the reply to XREAD with n streams.
func (c *conn) appendReadHeader(dst []byte, n int) []byte {
	dst = redcon.AppendArray(dst, n)
	if c.resp3 {
		dst[len(dst)-len("*\r\n")-digits(uint64(n))] = '%' // a map
	}
	return dst
}

// appendRead appends one stream of the reply to XREAD.
func (c *conn) appendRead(dst, key []byte, st *stream, after streamID, count int) []byte {
	if !c.resp3 {
		dst = redcon.AppendArray(dst, 2)
	}
	dst = redcon.AppendBulk(dst, key)
	from, _ := after.next() // exists, since there is an entry behind it
	return st.appendRange(dst, from, maxID, count)
}
