package script

import (
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/token"
)

// maxName is how long the name of a lane or a group may be.
const maxName = 24

// defaultLimit is that of a lane that has none in the file.
const defaultLimit Size = 256 << 20

// Words that stand for several lanes where a lane is asked for.
const (
	wordBoth = "both"
	wordAll  = "all"
)

// name checks what a lane or a group is called.
func (c *checker) name(key *token.Token, noun string, reserved ...string) {
	name := key.Value
	switch {
	case name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		c.at(key, "", "%s %s: a name is lower-case letters, digits and dashes", noun, quoted(name))
	case len(name) > maxName:
		c.at(key, "", "%s %s: a name has at most %d characters", noun, quoted(name), maxName)
	case slices.Contains(reserved, name):
		c.at(key, "", "%s %q: the word means several; want another name", noun, name)
	}
}

func (c *checker) lanes() {
	lanes := c.root.at("lanes")
	if !lanes.there() {
		c.missing(c.root, "lanes", "a name for each lane and its parts below")
		return
	}
	if !lanes.good() {
		return
	}
	if n, most := len(lanes.list), c.v.Bounds.MaxLanes; n == 0 || most > 0 && n > most {
		c.at(lanes.name(), "", "%d lanes: want 1 to %d", n, most)
		return
	}
	b := c.v.Bounds
	if share := c.share(); b.MaxMemoryBytes > 0 && share < b.MinLimitBytes {
		c.at(lanes.name(), "", "%d lanes have %s together, which leaves each %s; a lane needs %s",
			len(lanes.list), FormatValue(UnitBytes, float64(b.MaxMemoryBytes)), FormatValue(UnitBytes, float64(share)), Size(b.MinLimitBytes))
	}
	c.laneNames = []string{}
	for i, s := range lanes.list {
		c.laneNames = append(c.laneNames, s.key.Value)
		c.name(s.key, "lane", wordBoth, wordAll)
		if s.good() {
			c.lane(s, c.s.Lanes[i])
		}
	}
}

// share is what each lane may have of the memory for all; 0 is no bound.
func (c *checker) share() int64 {
	return c.v.Bounds.MaxMemoryBytes / int64(max(1, len(c.s.Lanes)))
}

func (c *checker) lane(s *spot, l Lane) {
	strategies := make([]string, len(c.v.Strategies))
	for i, known := range c.v.Strategies {
		strategies[i] = known.Name
	}
	c.oneOf(s, "source", l.Source, c.v.Sources)
	c.oneOf(s, "strategy", l.Strategy, strategies)
	c.oneOf(s, "transport", l.Transport, c.v.Transports)
	if i := slices.Index(strategies, l.Strategy); i >= 0 {
		c.options(s.at("options"), c.v.Strategies[i], l.Options)
	}
	c.buffer(s.at("send_buffer"), "send_buffer", l.SendBuffer)
	c.hop(s, l)
	c.limit(s.at("limit"), l.Limit)
	c.bytes(s.at("gomemlimit"), "gomemlimit", l.GOMemLimit, 1, c.v.Bounds.MaxMemoryBytes)
	delay := s.at("restart_delay")
	c.number(delay, "restart_delay", UnitSeconds, time.Duration(l.RestartDelay).Seconds(), 0, time.Duration(c.v.Bounds.MaxRun).Seconds(), "")
	if delay.good() && l.Restart != RestartOnFailure && (!s.at("restart").there() || s.at("restart").good()) {
		c.at(delay.name(), "", "restart_delay does nothing without restart: %s", RestartOnFailure)
	}
}

// Transports that a hop cannot be in front of, or not every hop.
const (
	transportSSE   = "sse"
	transportHTTP2 = "sse-http2"
)

// hop checks that what stands in front of a lane speaks as the lane does.
func (c *checker) hop(s *spot, l Lane) {
	hop := s.at("hop")
	switch known := slices.Contains(c.v.Transports, l.Transport); {
	case !hop.good() || !known:
	case l.Transport == transportHTTP2:
		c.at(hop.name(), "", "a hop speaks HTTP/1.1 with both sides: want a lane with another transport than %s", transportHTTP2)
	case l.Hop == HopBuffering && l.Transport != transportSSE:
		c.bad(hop, "", "a %s holds the body of an answer, and a WebSocket has none: want transport: %s, or hop: %s", HopBuffering, transportSSE, HopProxy)
	}
}

// limit checks the memory of a lane.
func (c *checker) limit(s *spot, n Size) {
	why := ""
	if share := c.share(); share > 0 && share < c.v.Bounds.MinLimitBytes {
		return // nothing is right, and that is said already
	}
	if lanes := len(c.s.Lanes); lanes > 1 && c.v.Bounds.MaxMemoryBytes > 0 {
		why = ", the share of each of " + spell(UnitNone, float64(lanes)) + " lanes"
	}
	c.number(s, "limit", UnitBytes, float64(n), float64(max(1, c.v.Bounds.MinLimitBytes)), float64(c.share()), why)
}

// options checks those of a strategy.
func (c *checker) options(s *spot, strategy Strategy, values Options) {
	if !s.good() {
		return
	}
	names := make([]string, len(strategy.Options))
	for i, o := range strategy.Options {
		names[i] = o.Name
	}
	for _, entry := range s.list {
		name := entry.key.Value
		if !entry.good() {
			continue
		}
		if near := nearest(name, names); near != name {
			c.at(entry.key, near, "%s has no option %s%s", strategy.Name, quoted(name), others(near, names))
			continue
		}
		if _, err := strategy.Options[slices.Index(names, name)].Parse(values[name]); err != nil {
			where, ok := err.(*textError)
			if !ok {
				where = &textError{Text: err.Error()}
			}
			c.bad(entry, where.Nearest, "%s", where.Text)
		}
	}
}

// others says which words there are, unless the nearest is told anyway.
func others(near string, known []string) string {
	switch {
	case near != "":
		return ""
	case len(known) == 0:
		return ": it has none"
	}
	return ": it has " + strings.Join(known, ", ")
}

// knownLane checks the name of a lane. Where the lanes themselves are wrong
// nobody can say.
func (c *checker) knownLane(s *spot, where *token.Token, name string) bool {
	return c.laneNames == nil || c.known(s, where, "lane", name, c.laneNames)
}
