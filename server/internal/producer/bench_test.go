//go:build unix

package producer

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"spillway/server/internal/lane"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// BenchmarkCPU reports the share of one core that 10,000 messages/s of 1 KiB on
// 200 channels take, the broker's own not counted. One iteration is a second.
// Run it with -benchtime 5x.
func BenchmarkCPU(b *testing.B) {
	s := startRedis(b)
	cfg := s.config(Group{Name: "g", Count: 200, RatePerSecond: 50, SizeBytes: 1024})
	cfg.Retention.MaxLen = 100
	link, stop := s.startMain(cfg)
	defer stop()
	waitFor(b, func() bool { return link.report().Produced > 0 }, "messages")
	cpu := func() time.Duration {
		var u syscall.Rusage
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	used, before := cpu(), link.report().Produced
	for b.Loop() {
		time.Sleep(time.Second)
	}
	r := link.report()
	b.ReportMetric(100*(cpu()-used).Seconds()/b.Elapsed().Seconds(), "%core")
	b.ReportMetric(float64(r.Produced-before)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64(r.ForgoneMicros), "µs-forgone")
}

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
		r := &record{key: lane.Key("r", fmt.Sprintf("g-%d", i))}
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
