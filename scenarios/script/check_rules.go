package script

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/token"
)

// thresholds checks whose values the rules are about.
func (c *checker) thresholds() {
	spots := c.root.at("thresholds").listed()
	for i, t := range c.s.Thresholds {
		s := spots[i]
		c.selector(s.key, s.key.Value, t.Selector)
		if t.Wanted.Of != nil {
			c.selector(s.mark, s.text, t.Wanted.Of.Selector)
		}
	}
}

// wait checks a step that waits.
func (c *checker) wait(s *spot, step *Step, at *spot) {
	timeout := s.at("timeout")
	switch {
	case !timeout.there():
		c.at(at.name(), "", "a wait that cannot end: want a timeout too, for example timeout: 90s")
	case timeout.good() && step.Timeout == 0:
		c.bad(timeout, "", "timeout 0s: want the time after which the run has failed, for example 90s")
	}
	for _, condition := range step.WaitUntil {
		if c.selector(at.mark, at.text, condition.Selector) {
			c.possible(at, condition)
		}
	}
}

// selector checks that there is such a lane and such a group.
func (c *checker) selector(tk *token.Token, text string, s Selector) bool {
	ok := true
	for _, label := range []struct {
		key, noun, name string
		known           []string
	}{
		{"lane", "lane", s.Lane, c.laneNames},
		{"reader", "group", s.Reader, c.groupNames},
	} {
		if label.name == "" || label.known == nil || slices.Contains(label.known, label.name) {
			continue
		}
		ok = false
		at := labelAt(text, label.key, label.name)
		c.add(c.src.within(tk, at, len(label.name)), nearest(label.name, label.known), "%s", unknown(label.noun, label.name, label.known))
	}
	return ok
}

// labelAt is where the name of a label stands in a text.
func labelAt(text, label, name string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], label)
		if i < 0 {
			return 0
		}
		from += i + len(label)
		rest := strings.TrimLeft(text[from:], " \t")
		if !strings.HasPrefix(rest, ":") {
			continue
		}
		rest = strings.TrimLeft(rest[1:], " \t")
		if strings.HasPrefix(rest, name) {
			return len(text) - len(rest)
		}
	}
}

// metricRestarts counts how often a lane was started again.
const metricRestarts = "restarts"

// possible reports a wait that can never come true in this scenario. What can
// never be true of the metric itself, the condition refuses when it is read.
func (c *checker) possible(at *spot, w Condition) {
	never := func(format string, args ...any) {
		i := strings.Index(at.text, w.Text)
		c.add(c.src.within(at.mark, max(0, i), len(w.Text)), "", "this can never be true: "+format, args...)
	}
	m, _ := c.v.metric(w.Selector.Metric)
	lane, _ := c.s.Lane(w.Selector.Lane)
	above := w.Operator == ">" || w.Operator == ">=" || w.Operator == "=="
	if limit := c.highestLimit(lane); m.Capped && lane.Name != "" && above && w.Wanted > float64(limit) {
		never("lane %s is killed at its limit of %s", lane.Name, limit)
	}
	if g, ok := c.s.Group(w.Selector.Reader); ok && g.Name != You && w.Selector.Reader != "" && !c.everRead(g) {
		never("the group %s has no readers, and no step gives it any", g.Name)
	}
	if m.Name == metricRestarts && lane.Name != "" && !c.everRestarted(lane) &&
		(above && w.Wanted > 0 || w.Operator == ">" || w.Operator == "!=" && w.Wanted == 0) {
		never("nothing starts lane %s again: want restart: %s, or a step with restart: %s", lane.Name, RestartOnFailure, lane.Name)
	}
}

// highestLimit is the most a lane may ever have.
func (c *checker) highestLimit(l Lane) Size {
	most := l.Limit
	if most == 0 {
		most = defaultLimit
	}
	for _, step := range c.s.Steps {
		if step.Set == nil {
			continue
		}
		if limit := step.Set.Lanes[l.Name].Limit; limit != nil {
			most = max(most, *limit)
		}
	}
	return most
}

// everRead tells whether a group ever has readers, or may have.
func (c *checker) everRead(g Group) bool {
	if count := c.root.at("readers", g.Name, "count"); g.Count > 0 || count.there() && !count.good() {
		return true
	}
	for _, step := range c.s.Steps {
		if step.Set == nil {
			continue
		}
		if count := step.Set.Readers[g.Name].Count; count != nil && *count != 0 {
			return true
		}
	}
	return false
}

// everRestarted tells whether anything starts a lane again after its end.
func (c *checker) everRestarted(l Lane) bool {
	if l.Restart == RestartOnFailure {
		return true
	}
	for _, step := range c.s.Steps {
		if step.Restart == l.Name {
			return true
		}
	}
	return false
}
