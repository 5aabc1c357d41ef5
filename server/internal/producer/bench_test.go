package producer

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
)

// BenchmarkRound is one tick of 10,000 messages/s of 1 KiB: a hundred messages
// into a real Redis, stream and channel. Divide by 100 for one message.
func BenchmarkRound(b *testing.B) {
	s := startRedis(b)
	store := newRedisStore(&redis.Options{Addr: s.addr})
	defer store.Close()
	p := &producer{workload: newFixed(), log: quiet}
	p.writer = writer{store: store, journal: &p.journal, log: quiet, maxLen: 100}
	g := &group{Group: Group{Name: "g", Count: 100, RatePerSecond: 100, SizeBytes: 1024}}
	for i := range g.Count {
		r := &record{key: key("r", fmt.Sprintf("g-%d", i))}
		p.journal.add(r)
		p.schedule.join(g, &channel{stream: p.workload.Stream(nil), record: r})
	}
	b.ReportAllocs()
	b.SetBytes(int64(g.Count * g.SizeBytes))
	for b.Loop() {
		p.round.clear()
		for _, c := range g.channels {
			p.make(g, c)
		}
		if err := p.writer.write(b.Context(), &p.round); err != nil {
			b.Fatal(err)
		}
	}
}
