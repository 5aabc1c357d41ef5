package broker

import (
	"github.com/tidwall/match"
)

// Commands on keys. A key is a stream; there are no other types, so there is
// nothing that WRONGTYPE could be replied to.

func (s *Server) del(c *conn, args [][]byte) {
	n := int64(0)
	for _, key := range args[1:] {
		if st := s.streams[string(key)]; st != nil {
			s.used.data.Add(-st.bytes - int64(keyBytes+len(key)))
			delete(s.streams, string(key))
			n++
		}
	}
	c.int(n)
}

func (s *Server) exists(c *conn, args [][]byte) {
	n := int64(0)
	for _, key := range args[1:] {
		if s.streams[string(key)] != nil {
			n++
		}
	}
	c.int(n)
}

func (s *Server) keyType(c *conn, args [][]byte) {
	if s.streams[string(args[1])] == nil {
		c.status("none")
		return
	}
	c.status("stream")
}

func (s *Server) dbSize(c *conn, _ [][]byte) { c.int(int64(len(s.streams))) }

func (s *Server) flushAll(c *conn, args [][]byte) {
	if len(args) > 2 || len(args) == 2 && !option(args[1], "async") && !option(args[1], "sync") {
		c.error(errSyntax)
		return
	}
	for key, st := range s.streams {
		s.used.data.Add(-st.bytes - int64(keyBytes+len(key)))
	}
	clear(s.streams)
	c.ok()
}

func (s *Server) keys(c *conn, args [][]byte) {
	c.stringArray(s.matching(string(args[1])))
}

// matching returns the keys that match a pattern of * and ?, in no order.
func (s *Server) matching(pattern string) []string {
	var found []string
	for key := range s.streams {
		if match.Match(key, pattern) {
			found = append(found, key)
		}
	}
	return found
}

// scan returns all keys in one go, which Redis allows, too: COUNT is a hint.
func (s *Server) scan(c *conn, args [][]byte) {
	if _, ok := parseUint(args[1]); !ok {
		c.error("ERR invalid cursor")
		return
	}
	pattern := "*"
	keyType := "stream"
	for i := 2; i < len(args); i += 2 {
		switch {
		case i+1 == len(args):
			c.error(errSyntax)
			return
		case option(args[i], "match"):
			pattern = string(args[i+1])
		case option(args[i], "type"):
			keyType = string(args[i+1])
		case option(args[i], "count"):
			n, ok := parseInt(args[i+1])
			if !ok {
				c.error(errNotInteger)
				return
			}
			if n < 1 {
				c.error(errSyntax)
				return
			}
		default:
			c.error(errSyntax)
			return
		}
	}
	var found []string
	if keyType == "stream" {
		found = s.matching(pattern)
	}
	c.array(2)
	c.bulkString("0")
	c.stringArray(found)
}

func (c *conn) stringArray(all []string) {
	c.array(len(all))
	for _, one := range all {
		c.bulkString(one)
	}
}
