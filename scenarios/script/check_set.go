package script

// set checks live settings that change.
func (c *checker) set(s *spot, set *Set) {
	if !c.changes(s) {
		return
	}
	if set.Throttle != nil {
		c.throttle(s.at("throttle"), *set.Throttle)
	}
	if w, load := s.at("workload"), set.Workload; c.changes(w) {
		if load.Rate != nil {
			c.number(w.at("rate"), "rate", UnitPerSecond, float64(*load.Rate), 0, c.v.Bounds.MaxRate, "")
		}
		if load.Size != nil {
			c.size(w.at("size"), *load.Size)
		}
		if load.Retention != nil {
			c.whole(w.at("retention"), "retention", *load.Retention, 0, c.v.Bounds.MaxRetention)
		}
	}
	if readers := s.at("readers"); c.changes(readers) {
		for _, group := range readers.list {
			c.setGroup(group, set.Readers[group.key.Value])
		}
	}
	if lanes := s.at("lanes"); c.changes(lanes) {
		for _, l := range lanes.list {
			c.setLane(l, set.Lanes[l.key.Value])
		}
	}
}

// changes tells whether there is anything below, and reports where it is empty.
func (c *checker) changes(s *spot) bool {
	if !s.good() {
		return false
	}
	if len(s.kids) == 0 {
		c.at(s.name(), "", "%s changes nothing: want what is to be different below", s.name().Value)
		return false
	}
	return true
}

func (c *checker) setGroup(s *spot, g SetGroup) {
	if !c.knownGroup(s) || !c.changes(s) {
		return
	}
	if s.key.Value == You {
		c.notForYou(s, "count", "away")
	} else if g.Count != nil {
		c.whole(s.at("count"), "count", int64(*g.Count), 0, int64(c.v.Bounds.MaxReaders))
	}
	if g.Throttle != nil {
		c.throttle(s.at("throttle"), *g.Throttle)
	}
}

func (c *checker) setLane(s *spot, l SetLane) {
	if !c.knownLane(s, s.key, s.key.Value) || !c.changes(s) {
		return
	}
	if l.Throttle != nil {
		c.throttle(s.at("throttle"), *l.Throttle)
	}
	if l.Limit != nil {
		c.limit(s.at("limit"), *l.Limit)
	}
	if l.SendBuffer != nil {
		c.buffer(s.at("send_buffer"), "send_buffer", *l.SendBuffer)
	}
}

// knownGroup checks the name of a group. Where the groups themselves are wrong
// nobody can say.
func (c *checker) knownGroup(s *spot) bool {
	return c.groupNames == nil || c.known(s, s.key, "group", s.key.Value, c.groupNames)
}

// change applies live settings, and tells whether the load is another.
func (l *live) change(set *Set) bool {
	changed := false
	if w := set.Workload; w != nil {
		if w.Rate != nil {
			l.rate, changed = *w.Rate, true
		}
		if w.Size != nil {
			l.size, changed = *w.Size, true
		}
	}
	for name, g := range set.Readers {
		if g.Count != nil {
			l.counts[name], changed = *g.Count, true
		}
	}
	return changed
}
