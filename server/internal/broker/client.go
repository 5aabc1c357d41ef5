package broker

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const errClientName = "ERR Client names cannot contain spaces, newlines or special characters."

func validName(name []byte) bool {
	return !slices.ContainsFunc(name, func(b byte) bool { return b < '!' || b > '~' })
}

func (s *Server) clientSetName(c *conn, args [][]byte) {
	if !validName(args[2]) {
		c.error(errClientName)
		return
	}
	c.name = string(args[2])
	c.ok()
}

func (s *Server) clientGetName(c *conn, _ [][]byte) {
	if c.name == "" {
		c.null()
		return
	}
	c.bulkString(c.name)
}

func (s *Server) clientID(c *conn, _ [][]byte) { c.int(c.id) }

// clientSetInfo accepts what client libraries say about themselves (Redis 7.2).
func (s *Server) clientSetInfo(c *conn, args [][]byte) {
	if !option(args[2], "lib-name") && !option(args[2], "lib-ver") {
		c.error(fmt.Sprintf("ERR Unrecognized option '%s'", args[2]))
		return
	}
	c.ok()
}

func (s *Server) clientInfo(c *conn, _ [][]byte) { c.text(c.describe(time.Now()) + "\n") }

// clientList replies with all clients, or with CLIENT LIST ID id [id ...].
func (s *Server) clientList(c *conn, args [][]byte) {
	ids := make([]int64, 0, len(s.conns))
	switch {
	case len(args) == 2:
		for id := range s.conns {
			ids = append(ids, id)
		}
		slices.Sort(ids)
	case len(args) > 3 && option(args[2], "id"):
		for _, arg := range args[3:] {
			id, ok := parseInt(arg)
			if !ok {
				c.error("ERR Invalid client ID")
				return
			}
			ids = append(ids, id)
		}
	default:
		c.error(errSyntax)
		return
	}
	var list strings.Builder
	now := time.Now()
	for _, id := range ids {
		if one := s.conns[id]; one != nil {
			list.WriteString(one.describe(now))
			list.WriteByte('\n')
		}
	}
	c.text(list.String())
}

// describe is the client's line in CLIENT LIST. omem is what waits for it.
func (c *conn) describe(now time.Time) string {
	waiting, pieces := c.out.state()
	flags, events := "", "r"
	if len(c.channels) > 0 {
		flags += "P"
	}
	if c.read != nil {
		flags += "b"
	}
	if c.dead.Load() {
		flags += "A"
	}
	if flags == "" {
		flags = "N"
	}
	if pieces > 0 {
		events = "rw"
	}
	buffered := c.buffered.Load()
	return fmt.Sprintf("id=%d addr=%s laddr=%s fd=-1 name=%s age=%d idle=%d flags=%s db=0 sub=%d psub=0 ssub=0 multi=-1"+
		" qbuf=%d qbuf-free=%d argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=%d omem=%d tot-mem=%d events=%s cmd=%s user=default redir=-1 resp=%d",
		c.id, c.addr, c.nc.LocalAddr(), c.name, int(now.Sub(c.created).Seconds()), int(now.Sub(c.lastActive).Seconds()), flags,
		len(c.channels), buffered, c.reserved.Load()-buffered, pieces, waiting, connBytes+waiting+c.reserved.Load(),
		events, orNull(c.lastCommand), c.respVersion())
}

func orNull(s string) string {
	if s == "" {
		return "NULL"
	}
	return s
}

// clientKill disconnects CLIENT KILL ID id or CLIENT KILL ADDR addr, but not the
// client that asks, or, in the old form, CLIENT KILL addr, whoever it is.
func (s *Server) clientKill(c *conn, args [][]byte) {
	if len(args) == 3 {
		if s.kill(c, func(k *conn) bool { return k.addr == string(args[2]) }) == 0 {
			c.error("ERR No such client")
			return
		}
		c.ok()
		return
	}
	if len(args) != 4 {
		c.error(errSyntax)
		return
	}
	switch {
	case option(args[2], "id"):
		id, ok := parseInt(args[3])
		if !ok || id < 1 {
			c.error("ERR client-id should be greater than 0")
			return
		}
		c.int(s.kill(c, func(k *conn) bool { return k.id == id && k != c }))
	case option(args[2], "addr"):
		addr := string(args[3])
		c.int(s.kill(c, func(k *conn) bool { return k.addr == addr && k != c }))
	default:
		c.error(errSyntax)
	}
}

// kill disconnects the clients that match. The one that asked still gets its
// reply.
func (s *Server) kill(self *conn, matches func(*conn) bool) (n int64) {
	for _, c := range s.conns {
		if !matches(c) || c.dead.Load() {
			continue
		}
		n++
		if c == self {
			c.quit = true
		} else {
			c.cut()
		}
	}
	return n
}
