package broker

import (
	"crypto/subtle"
	"fmt"
	"slices"
)

// Commands about the connection itself.

func (s *Server) ping(c *conn, args [][]byte) {
	switch {
	case len(args) > 2:
		c.error(wrongArity("ping"))
	case len(c.channels) > 0 && !c.resp3:
		c.array(2)
		c.bulkString("pong")
		c.bulk(slices.Concat(args[1:]...))
	case len(args) == 2:
		c.bulk(args[1])
	default:
		c.status("PONG")
	}
}

func (s *Server) quit(c *conn, _ [][]byte) {
	c.ok()
	c.quit = true
}

func (s *Server) selectDB(c *conn, args [][]byte) {
	n, ok := parseInt(args[1])
	switch {
	case !ok:
		c.error(errNotInteger)
	case n != 0:
		c.error("ERR DB index is out of range")
	default:
		c.ok()
	}
}

const errWrongPass = "WRONGPASS invalid username-password pair or user is disabled."

// login checks a password. Without one configured, the default user may give
// any, as in Redis.
func (s *Server) login(c *conn, user, password []byte) bool {
	if string(user) != "default" {
		return false
	}
	if s.password != "" && subtle.ConstantTimeCompare(password, []byte(s.password)) != 1 {
		return false
	}
	c.authenticated, c.in.authenticated = true, true
	return true
}

func (s *Server) auth(c *conn, args [][]byte) {
	user := []byte("default")
	switch len(args) {
	case 2:
		if s.password == "" {
			c.error("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
			return
		}
	case 3:
		user = args[1]
	default:
		c.error(errSyntax)
		return
	}
	if !s.login(c, user, args[len(args)-1]) {
		c.error(errWrongPass)
		return
	}
	c.ok()
}

// hello switches between RESP2 and RESP3: HELLO [2|3 [AUTH user password] [SETNAME name]].
func (s *Server) hello(c *conn, args [][]byte) {
	resp3 := c.resp3
	if len(args) > 1 {
		version, ok := parseInt(args[1])
		switch {
		case !ok:
			c.error("ERR Protocol version is not an integer or out of range")
			return
		case version != 2 && version != 3:
			c.error("NOPROTO unsupported protocol version")
			return
		}
		resp3 = version == 3
	}
	name := c.name
	for i := 2; i < len(args); i++ {
		more := len(args) - 1 - i
		switch {
		case option(args[i], "auth") && more >= 2:
			if !s.login(c, args[i+1], args[i+2]) {
				c.error(errWrongPass)
				return
			}
			i += 2
		case option(args[i], "setname") && more >= 1:
			i++
			if !validName(args[i]) {
				c.error(errClientName)
				return
			}
			name = string(args[i])
		default:
			c.error(fmt.Sprintf("ERR Syntax error in HELLO option '%s'", args[i]))
			return
		}
	}
	if !c.authenticated {
		c.error("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time")
		return
	}
	c.name, c.resp3 = name, resp3
	c.mapHeader(7)
	c.bulkString("server")
	c.bulkString("redis")
	c.bulkString("version")
	c.bulkString(redisVersion)
	c.bulkString("proto")
	c.int(int64(c.respVersion()))
	c.bulkString("id")
	c.int(c.id)
	c.bulkString("mode")
	c.bulkString("standalone")
	c.bulkString("role")
	c.bulkString("master")
	c.bulkString("modules")
	c.array(0)
}

func (c *conn) respVersion() int {
	if c.resp3 {
		return 3
	}
	return 2
}
