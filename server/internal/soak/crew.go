package soak

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"spillway/wasm/throttle"
)

// crew is all readers.
type crew struct {
	unit         time.Duration // of what they do
	rough        gate
	ids          atomic.Uint64 // of connections
	brokerDeaths atomic.Uint64
	people       []*person
	work         sync.WaitGroup
	cancel       context.CancelFunc
}

// newCrew starts ReadersEach readers on each lane, who only read until the crew
// is rough.
func newCrew(o Options, lanes []*stageLane) *crew {
	ctx, cancel := context.WithCancel(context.Background())
	c := &crew{unit: o.act(), cancel: cancel}
	for _, l := range lanes {
		for i := range ReadersEach {
			name := l.cfg.Name + "-" + strconv.Itoa(i)
			h := fnv.New64a()
			h.Write([]byte(name))
			p := &person{
				name: name, channel: sharedChannel, of: c, lane: l,
				random: rand.New(rand.NewPCG(o.Seed, h.Sum64())),
				pacer:  throttle.NewPacer(throttle.Unlimited),
				seen:   sequence{lossy: l.lossy()},
			}
			if l.cfg.Source == "redis-stream" {
				p.channel = ownGroup + "-" + strconv.Itoa(i)
			}
			p.place.set(true)
			c.people = append(c.people, p)
		}
	}
	for _, p := range c.people {
		c.work.Go(func() { p.read(ctx) })
		c.work.Go(func() { p.live(ctx) })
	}
	return c
}

// close sends all readers home and waits for them.
func (c *crew) close() {
	c.cancel()
	c.work.Wait()
}

// here is how many are connected.
func (c *crew) here() (n int) {
	for _, p := range c.people {
		if _, here := p.position(); here {
			n++
		}
	}
	return n
}

// floors are what all readers of each stream have.
func (c *crew) floors() map[string]uint64 {
	out := make(map[string]uint64)
	for _, p := range c.people {
		if p.lane.lossy() {
			continue
		}
		last, _ := p.position()
		if have, ok := out[p.channel]; !ok || last < have {
			out[p.channel] = last
		}
	}
	return out
}

// total adds up what became of all sequences so far.
func (c *crew) total(firsts map[string][]uint64) (v Verdict) {
	for _, p := range c.people {
		s := p.sequence()
		of := s.judge(s.last, firsts[p.channel])
		v.Messages += of.Messages
		v.Gap += of.Gap
		v.Broker += of.Broker
		v.Unkept += of.Unkept
		v.Repeats += of.Repeats
	}
	return v
}

// behind says who of the readers of streams has not got everything.
func (c *crew) behind(ends map[string]uint64) string {
	n, who := 0, ""
	for _, p := range c.people {
		if last, _ := p.position(); !p.lane.lossy() && last < ends[p.channel] {
			n++
			who = fmt.Sprintf("%s has %d of %d", p.name, last, ends[p.channel])
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d readers are behind, %s", n, who)
}

// judge says what became of each sequence, and what is wrong with it.
func (c *crew) judge(ends map[string]uint64, firsts map[string][]uint64) (wrong []string) {
	for _, p := range c.people {
		s := p.sequence()
		wrong = append(wrong, s.judge(ends[p.channel], firsts[p.channel]).wrong(p.name, s.lossy)...)
		wrong = append(wrong, addsUp(p.name, s, p.account())...)
	}
	return wrong
}
