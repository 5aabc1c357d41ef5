package broker

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/match"
)

// Names of the settings that CONFIG knows.
const (
	settingMaxMemory   = "maxmemory"
	settingOutputLimit = "client-output-buffer-limit"
)

func (s *Server) configGet(c *conn, args [][]byte) {
	values := [][2]string{
		{settingMaxMemory, strconv.FormatInt(s.maxMemory, 10)},
		{"maxmemory-policy", "noeviction"},
		{settingOutputLimit, s.formatLimits()},
		{"stream-node-max-bytes", strconv.Itoa(nodeMaxBytes)},
		{"stream-node-max-entries", strconv.Itoa(nodeMaxEntries)},
		{"save", ""},
		{"appendonly", "no"},
	}
	var found [][2]string
	for _, v := range values {
		for _, pattern := range args[2:] {
			if match.Match(v[0], strings.ToLower(string(pattern))) {
				found = append(found, v)
				break
			}
		}
	}
	c.mapHeader(len(found))
	for _, v := range found {
		c.bulkString(v[0])
		c.bulkString(v[1])
	}
}

func (s *Server) formatLimits() string {
	var parts []string
	for i, l := range s.limits {
		parts = append(parts, fmt.Sprintf("%s %d %d %d", class(i), l.HardBytes, l.SoftBytes, int64(l.SoftFor/time.Second)))
	}
	return strings.Join(parts, " ")
}

// configSet changes all settings given, or none.
func (s *Server) configSet(c *conn, args [][]byte) {
	if len(args)%2 != 0 {
		c.error(errSyntax)
		return
	}
	maxMemory, limits := s.maxMemory, s.limits
	for i := 2; i < len(args); i += 2 {
		name, value := strings.ToLower(string(args[i])), string(args[i+1])
		var problem string
		switch name {
		case settingMaxMemory:
			var ok bool
			if maxMemory, ok = parseMemory(value); !ok {
				problem = "argument must be a memory value"
			}
		case settingOutputLimit:
			problem = parseLimits(&limits, value)
		default:
			c.error(fmt.Sprintf("ERR Unknown option or number of arguments for CONFIG SET - '%s'", args[i]))
			return
		}
		if problem != "" {
			c.error(fmt.Sprintf("ERR CONFIG SET failed (possibly related to argument '%s') - %s", name, problem))
			return
		}
	}
	s.maxMemory, s.limits = maxMemory, limits
	c.ok()
}

// parseLimits reads groups of "class hard soft seconds".
func parseLimits(limits *[classes]OutputLimit, value string) (problem string) {
	words := strings.Fields(value)
	if len(words) == 0 || len(words)%4 != 0 {
		return "Wrong number of arguments in buffer limit configuration."
	}
	for ; len(words) > 0; words = words[4:] {
		kind, ok := classNamed(strings.ToLower(words[0]))
		if !ok {
			return "Invalid client class specified in buffer limit configuration."
		}
		hard, ok1 := parseMemory(words[1])
		soft, ok2 := parseMemory(words[2])
		seconds, err := strconv.ParseUint(words[3], 10, 31)
		if !ok1 || !ok2 || err != nil {
			return "Error in hard, soft or soft_seconds setting in buffer limit configuration."
		}
		limits[kind] = OutputLimit{hard, soft, time.Duration(seconds) * time.Second}
	}
	return ""
}

// parseMemory reads a number of bytes with Redis's units: k = 1000, kb = 1024.
func parseMemory(s string) (int64, bool) {
	number := strings.TrimRight(strings.ToLower(s), "bkmg")
	factor, ok := map[string]int64{
		"": 1, "b": 1, "k": 1e3, "kb": 1 << 10, "m": 1e6, "mb": 1 << 20, "g": 1e9, "gb": 1 << 30,
	}[strings.ToLower(s[len(number):])]
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || n < 0 || n > (1<<62)/factor {
		return 0, false
	}
	return n * factor, true
}
