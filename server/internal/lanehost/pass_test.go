package lanehost

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/strategy"
)

// shared are lanes whose source reads once for all, and writes to readers with
// room itself.
var shared = map[string]lane.Config{
	"push": {Name: "push", Source: "shared-pubsub", Strategy: "push-buffered", Transport: "sse"},
	"pull": {Name: "pull", Source: "shared-stream", Strategy: "pull-drain", Transport: "sse"},
}

// Readers that keep up, that fall behind and that stand still: each gets all of
// it, in order, whoever has written it.
func TestWhoeverWritesEverybodyGetsAll(t *testing.T) {
	for kind, cfg := range shared {
		t.Run(kind, func(t *testing.T) {
			others[cfg.Source] = cfg
			l := start(t, cfg.Source)
			tabs := []*tab{l.connect("you", nil), l.connect("you", nil), l.connect("you", nil)}
			delivered := func(atLeast uint64) bool {
				l.host.readers.mu.Lock()
				defer l.host.readers.mu.Unlock()
				for c := range l.host.readers.open {
					if c.stats.Read(time.Now()).Delivered < atLeast {
						return false
					}
				}
				return len(l.host.readers.open) == len(tabs)
			}
			seq := uint64(0)
			require.Eventually(t, func() bool { // until all of them are there
				seq++
				l.write("you", seq, seq, 10)
				return delivered(1)
			}, patience, 10*tick)
			l.host.readers.mu.Lock()
			for c := range l.host.readers.open {
				require.Implements(t, (*strategy.Taker)(nil), c.sink)
			}
			l.host.readers.mu.Unlock()
			const bursts, count, size = 4, 200, 8 << 10 // each more than loopback can hide
			for range bursts {
				l.write("you", seq+1, seq+count, size)
				seq += count
				tabs[0].until(seq)
				tabs[1].until(seq)
			}
			tabs[2].until(seq)
			for _, b := range tabs {
				a := b.Account()
				require.Zero(t, a.Gaps+a.Repeats+a.Malformed)
				require.GreaterOrEqual(t, a.Messages, uint64(bursts*count))
			}
			require.Eventually(t, func() bool { return l.report().BacklogBytes == 0 }, patience, tick)
		})
	}
}
