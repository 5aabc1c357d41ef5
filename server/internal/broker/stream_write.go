package broker

import (
	"bytes"
	"fmt"
	"math"
	"time"
)

// addOptions are the arguments of XADD and XTRIM in front of the fields.
type addOptions struct {
	trim     trim
	noCreate bool
	auto     bool // the id is "*"
	autoSeq  bool // the id is "ms-*"
	id       streamID
	next     int // index of the first field
}

// parseAddOptions reads what stands behind the key, in the order and with the
// errors of Redis's streamParseAddOrTrimArgsOrReply.
func parseAddOptions(args [][]byte, xadd bool) (addOptions, string) {
	var o addOptions
	var limit int64
	limited, done := false, false
	i := 2
	for ; i < len(args) && !done; i++ {
		more := len(args) - 1 - i
		switch {
		case xadd && string(args[i]) == "*":
			o.auto, done = true, true
		case more > 0 && (option(args[i], "maxlen") || option(args[i], "minid")):
			if o.trim.strategy != trimNone {
				return o, "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
			}
			used, problem := o.trim.parse(args[i:])
			if problem != "" {
				return o, problem
			}
			i += used
		case more > 0 && option(args[i], "limit"):
			i++
			var ok bool
			if limit, ok = parseInt(args[i]); !ok {
				return o, errNotInteger
			}
			if limit < 0 {
				return o, "ERR The LIMIT argument must be >= 0."
			}
			limited = true
		case xadd && option(args[i], "nomkstream"):
			o.noCreate = true
		case xadd:
			if problem := o.parseID(args[i]); problem != "" {
				return o, problem
			}
			done = true
		default:
			return o, errSyntax
		}
	}
	o.next = i
	switch {
	case limit > 0 && o.trim.strategy == trimNone:
		return o, "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
	case !xadd && o.trim.strategy == trimNone:
		return o, "ERR syntax error, XTRIM must be called with a trimming strategy"
	case limited && !o.trim.approximate:
		return o, "ERR syntax error, LIMIT cannot be used without the special ~ option"
	case o.trim.approximate && !limited:
		limit = defaultTrimLimit
	}
	o.trim.limit = limit
	return o, ""
}

// parse reads MAXLEN or MINID, its = or ~ and its threshold, and returns how
// many arguments follow the keyword.
func (t *trim) parse(args [][]byte) (used int, problem string) {
	used = 1
	if len(args) > 2 && (string(args[1]) == "~" || string(args[1]) == "=") {
		t.approximate = string(args[1]) == "~"
		used = 2
	}
	threshold := args[used]
	var ok bool
	if option(args[0], "minid") {
		t.strategy = trimMinID
		if t.minID, ok = parseID(threshold, 0); !ok {
			return 0, errStreamID
		}
		return used, ""
	}
	t.strategy = trimMaxLen
	if t.maxLen, ok = parseInt(threshold); !ok {
		return 0, errNotInteger
	}
	if t.maxLen < 0 {
		return 0, "ERR The MAXLEN argument must be >= 0."
	}
	return used, ""
}

// parseID reads an explicit id: ms-seq, ms (for ms-0) or ms-*.
func (o *addOptions) parseID(arg []byte) string {
	var ok bool
	if ms, found := bytes.CutSuffix(arg, []byte("-*")); found {
		o.autoSeq = true
		if o.id.ms, ok = parseUint(ms); !ok {
			return errStreamID
		}
		return ""
	}
	if o.id, ok = parseID(arg, 0); !ok {
		return errStreamID
	}
	return ""
}

// newID is the id of the entry that o adds to a stream whose last id is last.
// ok is false if it would not be greater.
func (o *addOptions) newID(last streamID, now time.Time) (id streamID, ok bool) {
	switch {
	case o.auto:
		id = streamID{ms: uint64(now.UnixMilli())}
		if !last.less(id) {
			return last.next()
		}
		return id, true
	case o.autoSeq && o.id.ms == last.ms:
		return streamID{last.ms, last.seq + 1}, last.seq < math.MaxUint64
	}
	return o.id, last.less(o.id)
}

// xadd appends an entry and hands it to the clients that wait for it.
func (s *Server) xadd(c *conn, args [][]byte) {
	o, problem := parseAddOptions(args, true)
	if problem != "" {
		c.error(problem)
		return
	}
	fields := args[o.next:]
	if len(fields) < 2 || len(fields)%2 != 0 {
		c.error(wrongArity("xadd"))
		return
	}
	if !o.auto && !o.autoSeq && o.id == minID {
		c.error("ERR The ID specified in XADD must be greater than 0-0")
		return
	}
	st := s.streams[string(args[1])]
	if st == nil && o.noCreate {
		c.null()
		return
	}
	var last streamID
	if st != nil {
		last = st.lastID
	}
	if last == maxID {
		c.error("ERR The stream has exhausted the last possible ID, unable to add more items")
		return
	}
	id, ok := o.newID(last, time.Now())
	if !ok {
		c.error("ERR The ID specified in XADD is equal or smaller than the target stream top item")
		return
	}
	if st == nil {
		st = new(stream)
		s.streams[string(args[1])] = st
		s.used.data.Add(int64(keyBytes + len(args[1])))
	}
	before := st.bytes
	st.add(id, fields)
	if o.trim.strategy != trimNone {
		st.trim(o.trim)
	}
	s.used.data.Add(st.bytes - before)
	c.streamID(id)
	s.serveBlocked(args[1], st)
}

func (s *Server) xtrim(c *conn, args [][]byte) {
	o, problem := parseAddOptions(args, false)
	if problem != "" {
		c.error(problem)
		return
	}
	st := s.streams[string(args[1])]
	if st == nil {
		c.int(0)
		return
	}
	before := st.bytes
	c.int(st.trim(o.trim))
	s.used.data.Add(st.bytes - before)
}

func (s *Server) xdel(c *conn, args [][]byte) {
	st := s.streams[string(args[1])]
	if st == nil { // before the ids are looked at, as in Redis
		c.int(0)
		return
	}
	ids := make([]streamID, 0, len(args)-2)
	for _, arg := range args[2:] {
		id, ok := parseID(arg, 0)
		if !ok {
			c.error(errStreamID)
			return
		}
		ids = append(ids, id)
	}
	before, n := st.bytes, int64(0)
	for _, id := range ids {
		if st.remove(id) {
			n++
		}
	}
	s.used.data.Add(st.bytes - before)
	c.int(n)
}

func (s *Server) xlen(c *conn, args [][]byte) {
	if st := s.streams[string(args[1])]; st != nil {
		c.int(int64(st.length))
		return
	}
	c.int(0)
}

// xinfoStream describes a stream. Entries ever added, minus the length, minus
// those consumed, is what a reader has lost to trimming.
func (s *Server) xinfoStream(c *conn, args [][]byte) {
	if len(args) > 3 { // FULL is not known
		c.error(fmt.Sprintf("ERR unknown subcommand or wrong number of arguments for '%.128s'. Try XINFO HELP.", args[1]))
		return
	}
	st := s.streams[string(args[2])]
	if st == nil {
		c.error(errNoSuchKey)
		return
	}
	nodes := int64(len(st.nodes) - st.head)
	c.mapHeader(10)
	c.bulkString("length")
	c.int(int64(st.length))
	c.bulkString("radix-tree-keys") // here: nodes, which in Redis hang in a radix tree
	c.int(nodes)
	c.bulkString("radix-tree-nodes")
	c.int(nodes + 1)
	c.bulkString("last-generated-id")
	c.streamID(st.lastID)
	c.bulkString("max-deleted-entry-id")
	c.streamID(st.maxDeletedID)
	c.bulkString("entries-added")
	c.int(int64(st.entriesAdded))
	c.bulkString("recorded-first-entry-id")
	c.streamID(st.firstID())
	c.bulkString("groups")
	c.int(0)
	c.bulkString("first-entry")
	c.entry(st, st.firstID())
	c.bulkString("last-entry")
	c.entry(st, st.newestID())
}

// entry replies with one entry, or null if the stream is empty.
func (c *conn) entry(st *stream, id streamID) {
	if st.length == 0 {
		c.null()
		return
	}
	at := st.seek(id)
	c.reply = append(c.reply, st.nodes[at.node].encoded(at.entry, at.entry+1)...)
}
