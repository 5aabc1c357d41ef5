package lanehost

import (
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/wasm/reader"
)

// Single channels stand beside numbered ones, and groups without readers beside
// both.
func TestSharedChannelsAreKnown(t *testing.T) {
	h := newHost(t, "push", "127.0.0.1:1")
	h.SetChannels(map[string]int{"all": lane.Single, "you": lane.Single, "slow": 2, "none": 0})
	for channel, known := range map[string]bool{
		"all": true, "you": true, "slow-0": true, "slow-1": true,
		"slow-2": false, "slow": false, "all-0": false, "none": false, "none-0": false,
	} {
		require.Equal(t, known, h.known(channel), channel)
	}
}

// Many readers of one channel: each gets everything, and Written is as far as
// the slowest.
func TestReadersShareAChannel(t *testing.T) {
	each(t, func(t *testing.T, kind string, l *running) {
		l.host.SetChannels(map[string]int{"all": lane.Single, "slow": 200})
		stalled, first, second := l.join("all", nil), l.join("all", nil), l.join("all", nil)
		other := l.join("slow-1", nil)
		const count = 800
		l.write("all", 1, count, 8<<10) // more than loopback can hide
		l.write("slow-1", 1, 10, 10)
		first.until(count)
		second.until(count)
		other.until(10)
		var r lane.Report
		require.Eventually(t, func() bool { // what is written is counted a moment later
			r = l.report()
			return r.Stalled == 1 && r.Delivered == 2*count+10+r.Written["all"]
		}, patience, tick, "Written is not what the one that stalls has got")
		require.Equal(t, uint64(4), r.Readers)
		require.Len(t, r.Written, 2)
		require.Equal(t, uint64(10), r.Written["slow-1"])
		require.Greater(t, r.Written["all"], uint64(0))
		require.Less(t, r.Written["all"], uint64(count))

		stalled.until(count)
		require.Eventually(t, func() bool { return l.report().Written["all"] == count }, patience, tick)
		for _, b := range []*tab{stalled, first, second} {
			a := b.Account()
			require.Equal(t, uint64(count), a.Messages)
			require.Zero(t, a.Gaps+a.Repeats)
		}
	})
}

// A reader that hangs up and comes back with its last id: nothing is lost on
// pull, and on push everything that was sent in between. The reader sees it by
// the sequence and the lane says it.
func TestWhatIsSentWhileAReaderIsAway(t *testing.T) {
	each(t, func(t *testing.T, kind string, l *running) {
		var r reader.Reader
		b := l.join("you", &r)
		l.write("you", 1, 10, 10)
		b.until(10)
		require.NoError(t, b.Close())
		require.Eventually(t, func() bool {
			_, subscriptions := l.connections("you")
			return l.report().Readers == 0 && subscriptions == 0
		}, patience, tick)
		l.write("you", 11, 60, 10)
		b = l.join("you", &r)
		l.write("you", 61, 70, 10)
		b.until(70)
		require.Eventually(t, func() bool { return l.report().BacklogCount == 0 }, patience, tick)
		a := r.Account()
		lost := uint64(0)
		if kind == "push" {
			lost = 50
			require.Equal(t, uint64(1), a.Notices)
		} else {
			require.Zero(t, a.Notices)
		}
		require.Equal(t, lost, a.Gaps)
		require.Equal(t, 70-lost, a.Messages)
		require.Zero(t, a.Repeats)
		require.Equal(t, uint64(2), a.Ready)
		require.Equal(t, lost, l.report().Gaps)
	})
}

// A stream that is cut to a length takes from a reader that stays connected and
// is too slow: it is told, and both count it.
func TestTrimmedPastAReaderThatStays(t *testing.T) {
	l := start(t, "pull")
	b := l.join("slow-1", nil)
	l.stall("slow-1")
	require.NoError(t, l.client.XTrimMaxLen(t.Context(), lane.Key("run", "slow-1"), 10).Err())
	b.until(800)
	a := b.Account()
	require.NotZero(t, a.Gaps)
	require.Equal(t, uint64(800), a.Messages+a.Gaps)
	require.Equal(t, uint64(1), a.Notices)
	require.Zero(t, a.Repeats)
	require.Eventually(t, func() bool { return l.report().BacklogCount == 0 }, patience, tick)
	require.Equal(t, a.Gaps, l.report().Gaps)
	require.Zero(t, l.report().Dropped)
}

// Readers that come back to a lane that was started anew find what was lost in
// the same way, and so does the lane, which knows nothing of its earlier life.
func TestReadersOfALaneThatIsStartedAgain(t *testing.T) {
	each(t, func(t *testing.T, kind string, l *running) {
		var r reader.Reader
		b := l.join("you", &r)
		l.write("you", 1, 10, 10)
		b.until(10)
		next := l.again()
		next.write("you", 11, 60, 10)
		b = next.join("you", &r)
		next.write("you", 61, 70, 10)
		b.until(70)
		a := r.Account()
		require.Equal(t, map[string]uint64{"push": 50, "pull": 0}[kind], a.Gaps)
		require.Equal(t, uint64(70), a.Messages+a.Gaps)
		require.Eventually(t, func() bool { return next.report().Gaps == a.Gaps }, patience, tick)
	})
}
