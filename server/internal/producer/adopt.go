package producer

import (
	"context"

	"spillway/server/internal/lane"
)

// adopt puts the settings that are wanted into effect. It blocks while new
// channels ask the broker where they begin.
func (p *producer) adopt(ctx context.Context) error {
	p.mu.Lock()
	wanted := p.wanted
	p.mu.Unlock()
	s := &p.schedule
	s.paused = wanted.paused
	p.writer.maxLen = wanted.retention.MaxLen
	for i, to := range wanted.groups {
		if i == len(s.groups) {
			s.groups = append(s.groups, &group{Group: to})
		}
		g := s.groups[i]
		s.set(g, to)
		if err := p.fill(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// fill gives g the channels it lacks. Each begins behind what its stream has: with
// 1 at position 0, or further on where a producer of this run has ended before.
func (p *producer) fill(ctx context.Context, g *group) error {
	if g.lacking() <= 0 {
		return nil
	}
	first := len(g.channels)
	keys := make([]string, g.lacking())
	for i := range keys {
		keys[i] = lane.Key(p.cfg.RunID, g.channel(first+i))
	}
	found, err := p.writer.extents(ctx, keys)
	if err != nil {
		return err
	}
	for i, k := range keys {
		name := g.channel(first + i)
		end := tailOf(found[i])
		r := &record{key: k, channel: name, group: g.Name, tail: end, begin: beginOf(found[i], end)}
		p.journal.add(r)
		p.schedule.join(g, &channel{
			stream: p.workload.Stream(randomOf(p.cfg.Seed, name)),
			seq:    end.seq,
			pos:    end.end,
			record: r,
		})
	}
	return nil
}
