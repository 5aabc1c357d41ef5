package script

import "slices"

// readers checks the groups.
func (c *checker) readers() {
	readers := c.root.at("readers")
	if readers.there() && !readers.good() {
		return
	}
	if n, most := len(c.s.Crowd()), c.v.Bounds.MaxGroups; most > 0 && n > most {
		c.at(readers.name(), "", "%d groups of readers: want at most %d", n, most)
		return
	}
	for _, g := range c.s.Crowd() {
		c.groupNames = append(c.groupNames, g.Name)
	}
	c.groupNames = append(c.groupNames, You)
	shared := c.s.Workload.Channels == Shared
	for i, s := range readers.listed() {
		c.name(s.key, "group")
		if !s.good() {
			continue
		}
		g := c.s.Readers[i]
		if g.Name == You {
			c.notForYou(s, "count", "away", "buffer", "connection")
		} else {
			c.whole(s.at("count"), "count", int64(g.Count), 0, int64(c.v.Bounds.MaxReaders))
			c.buffer(s.at("buffer"), "buffer", g.Buffer)
			if share := s.at("connection"); share.there() {
				c.known(share, share.token(), "connection", string(g.Connection), []string{string(OwnConnection), string(SharedConnection)})
			}
		}
		c.throttle(s.at("throttle"), g.Throttle)
		if read := s.at("read"); read.there() {
			c.known(read, read.token(), "way to read", g.Read, c.v.Ways)
		}
		for _, key := range []string{"rate", "size"} {
			if own := s.at(key); own.good() && shared {
				c.at(own.name(), "", "with channels: %s everybody reads the %s of the workload", Shared, key)
			}
		}
		c.rate(s.at("rate"), "rate", g.Rate)
		c.size(s.at("size"), g.Size)
	}
}

// notForYou refuses what the browser's tabs have not.
func (c *checker) notForYou(s *spot, keys ...string) {
	for _, key := range keys {
		if own := s.at(key); own.there() {
			c.at(own.name(), "", "%s are the tabs of the browser: they have no %s", You, key)
		}
	}
}

func (c *checker) workload() {
	s, w := c.root.at("workload"), c.s.Workload
	if !s.there() {
		c.missing(c.root, "workload", "what the producer makes")
		return
	}
	if !s.good() {
		return
	}
	c.oneOf(s, "kind", w.Kind, c.v.Workloads)
	c.size(s.at("size"), w.Size)
	c.whole(s.at("retention"), "retention", w.Retention, 0, c.v.Bounds.MaxRetention)
	stages := s.at("stages")
	switch executor := s.at("executor"); {
	case executor.there() && !executor.good():
	case w.Executor == RampingArrivalRate:
		c.ramp(s)
	default:
		if stages.there() {
			c.at(stages.name(), "", "stages are for a ramp: want executor: %s too", RampingArrivalRate)
		}
		if !s.at("rate").there() {
			c.missing(s, "rate", wanted(typeRate))
		}
		c.rate(s.at("rate"), "rate", w.Rate)
	}
	c.load(c.begin(), s)
}

// ramp checks a rate that changes over time.
func (c *checker) ramp(s *spot) {
	w, stages := c.s.Workload, s.at("stages")
	c.number(s.at("rate"), "rate", UnitPerSecond, float64(w.Rate), 0, c.v.Bounds.MaxRate, "")
	if !stages.there() {
		c.missing(s, "stages", "a list of duration and target")
		return
	}
	if !stages.good() {
		return
	}
	if len(w.Stages) == 0 || len(w.Stages) > maxStages {
		c.bad(stages, "", "%d stages: want 1 to %d", len(w.Stages), maxStages)
	}
	nothing, unread := w.Rate == 0, s.at("rate").there() && !s.at("rate").good()
	for i, stage := range w.Stages {
		entry := stages.item(i)
		if !entry.good() {
			unread = true
			continue
		}
		duration, target := entry.at("duration"), entry.at("target")
		if !duration.there() {
			c.missing(entry, "duration", wanted(typeDuration))
		} else if duration.good() && stage.Duration == 0 {
			c.bad(duration, "", "duration 0s: want more")
		}
		if !target.there() {
			c.missing(entry, "target", wanted(typeRate))
		}
		c.number(target, "target", UnitPerSecond, float64(stage.Target), 0, c.v.Bounds.MaxRate, "")
		nothing = nothing && stage.Target == 0
		unread = unread || !target.good()
	}
	if nothing && !unread && len(w.Stages) > 0 {
		c.bad(stages, "", "the rate is 0/s all along: nothing would ever come")
	}
}

// maxStages is more than anybody can follow.
const maxStages = 20

// live is what decides how many bytes the producer makes, at one moment.
type live struct {
	rate   Rate // of a ramp, its highest
	size   Size
	counts map[string]int
}

// defaultSize is that of a message that has none in the file. Those of llm are
// smaller.
const defaultSize Size = 1 << 10

// begin is the load at the beginning.
func (c *checker) begin() live {
	out := live{rate: c.s.Workload.Rate, size: c.s.Workload.Size, counts: make(map[string]int)}
	for _, stage := range c.s.Workload.Stages {
		out.rate = max(out.rate, stage.Target)
	}
	if out.size == 0 {
		out.size = defaultSize
	}
	for _, g := range c.s.Readers {
		out.counts[g.Name] = g.Count
	}
	return out
}

// bytesPerSecond is what all channels carry together. You are one channel.
func (c *checker) bytesPerSecond(l live) float64 {
	if c.s.Workload.Channels == Shared {
		return float64(l.rate) * float64(l.size)
	}
	you, _ := c.s.Group(You)
	total := 0.0
	for _, g := range append(slices.Clip(c.s.Crowd()), you) {
		rate, size, n := l.rate, l.size, l.counts[g.Name]
		if g.Rate > 0 {
			rate = g.Rate
		}
		if g.Size > 0 {
			size = g.Size
		}
		if g.Name == You {
			n = 1
		}
		total += float64(n) * float64(rate) * float64(size)
	}
	return total
}

// load reports too many bytes a second, and tells whether they are.
func (c *checker) load(l live, s *spot) bool {
	if !c.over(l) {
		return false
	}
	c.at(s.name(), "", "readers × rate × size come to %s, at most %s",
		FormatValue(UnitBytesPerSecond, c.bytesPerSecond(l)), FormatValue(UnitBytesPerSecond, float64(c.v.Bounds.MaxBytesPerSecond)))
	return true
}

func (c *checker) over(l live) bool {
	most := c.v.Bounds.MaxBytesPerSecond
	return most > 0 && c.bytesPerSecond(l) > float64(most)
}
