package broker

import (
	"bytes"
	"fmt"
	"strings"
)

// command is an entry of the command table.
type command struct {
	name string // as Redis spells it in errors: "xadd", "client|list"
	// arity counts the arguments with the name; negative: at least so many.
	arity int
	flags flags
	run   func(*Server, *conn, [][]byte)
}

type flags uint8

const (
	container       flags = 1 << iota // the second argument names the command
	denyOOM                           // refused above maxmemory
	noAuth                            // allowed before the password is given
	whileSubscribed                   // allowed to RESP2 subscribers
)

// commandTable lists everything the broker knows.
func commandTable() map[string]command {
	table := make(map[string]command)
	for _, c := range []command{
		{"auth", -2, noAuth, (*Server).auth},
		{"client", -2, container, nil},
		{"client|getname", 2, 0, (*Server).clientGetName},
		{"client|id", 2, 0, (*Server).clientID},
		{"client|info", 2, 0, (*Server).clientInfo},
		{"client|kill", -3, 0, (*Server).clientKill},
		{"client|list", -2, 0, (*Server).clientList},
		{"client|setinfo", 4, 0, (*Server).clientSetInfo},
		{"client|setname", 3, 0, (*Server).clientSetName},
		{"config", -2, container, nil},
		{"config|get", -3, 0, (*Server).configGet},
		{"config|set", -4, 0, (*Server).configSet},
		{"dbsize", 1, 0, (*Server).dbSize},
		{"del", -2, 0, (*Server).del},
		{"exists", -2, 0, (*Server).exists},
		{"flushall", -1, 0, (*Server).flushAll},
		{"hello", -1, noAuth, (*Server).hello},
		{"info", -1, 0, (*Server).info},
		{"keys", 2, 0, (*Server).keys},
		{"ping", -1, whileSubscribed, (*Server).ping},
		{"publish", 3, 0, (*Server).publish},
		{"pubsub", -2, container, nil},
		{"pubsub|channels", -2, 0, (*Server).pubsubChannels},
		{"pubsub|numsub", -2, 0, (*Server).pubsubNumSub},
		{"quit", -1, noAuth | whileSubscribed, (*Server).quit},
		{"scan", -2, 0, (*Server).scan},
		{"select", 2, 0, (*Server).selectDB},
		{"subscribe", -2, whileSubscribed, (*Server).subscribeAll},
		{"type", 2, 0, (*Server).keyType},
		{"unsubscribe", -1, whileSubscribed, (*Server).unsubscribeAll},
		{"xadd", -5, denyOOM, (*Server).xadd},
		{"xdel", -3, 0, (*Server).xdel},
		{"xinfo", -2, container, nil},
		{"xinfo|stream", -3, 0, (*Server).xinfoStream},
		{"xlen", 2, 0, (*Server).xlen},
		{"xrange", -4, 0, (*Server).xrange},
		{"xread", -4, 0, (*Server).xread},
		{"xrevrange", -4, 0, (*Server).xrevrange},
		{"xtrim", -4, 0, (*Server).xtrim},
	} {
		table[c.name] = c
	}
	return table
}

// run executes one command, with the checks in Redis's order.
func (s *Server) run(c *conn, args [][]byte) {
	cmd, problem := s.lookup(args)
	switch {
	case problem != "":
		c.error(problem)
		return
	case !c.authenticated && cmd.flags&noAuth == 0:
		c.error("NOAUTH Authentication required.")
		return
	case cmd.flags&denyOOM != 0 && s.maxMemory > 0 && s.used.total() > s.maxMemory:
		c.error("OOM command not allowed when used memory > 'maxmemory'.")
		return
	case len(c.channels) > 0 && !c.resp3 && cmd.flags&whileSubscribed == 0:
		c.error(fmt.Sprintf("ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context", cmd.name))
		return
	}
	c.lastCommand = cmd.name
	s.counters.commands++
	cmd.run(s, c, args)
}

// longestName is more than any name in the table has, with its subcommand.
const longestName = 32

// lookup finds the command that args call, or the error to reply.
func (s *Server) lookup(args [][]byte) (command, string) {
	var buf [longestName]byte
	name := appendLower(buf[:0], args[0])
	cmd, ok := s.commands[string(name)]
	if !ok || bytes.IndexByte(name, '|') >= 0 {
		return command{}, unknownCommand(args)
	}
	if cmd.flags&container != 0 && len(args) > 1 {
		name = appendLower(append(name, '|'), args[1])
		sub, ok := s.commands[string(name)]
		if !ok {
			return command{}, fmt.Sprintf("ERR unknown subcommand '%.128s'. Try %s HELP.", args[1], strings.ToUpper(cmd.name))
		}
		cmd = sub
	}
	if n := len(args); cmd.arity >= 0 && n != cmd.arity || n < -cmd.arity {
		return command{}, wrongArity(cmd.name)
	}
	return cmd, ""
}

// appendLower appends a name in lower case. It stops at longestName, so that a
// name of megabytes costs nothing; such a name matches no command.
func appendLower(dst, name []byte) []byte {
	for _, b := range name[:min(len(name), longestName)] {
		if 'A' <= b && b <= 'Z' {
			b |= 0x20
		}
		dst = append(dst, b)
	}
	return dst
}

func wrongArity(name string) string {
	return "ERR wrong number of arguments for '" + name + "' command"
}

func unknownCommand(args [][]byte) string {
	const shown = 128 // characters of the name, and of all arguments together
	var rest strings.Builder
	for _, arg := range args[1:] {
		if rest.Len() >= shown {
			break
		}
		fmt.Fprintf(&rest, "'%.*s' ", shown-rest.Len(), arg)
	}
	return fmt.Sprintf("ERR unknown command '%.128s', with args beginning with: %s", args[0], rest.String())
}

// option reports whether an argument is the given keyword, in any case.
func option(arg []byte, keyword string) bool {
	return len(arg) == len(keyword) && strings.EqualFold(string(arg), keyword)
}
