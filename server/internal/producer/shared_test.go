package producer

import (
	"encoding/json"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A run whose readers share channels: the crowd's groups have none of their own.
func TestSharedChannelsBesideGroupsWithoutAny(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, link := start(t, config(
			Group{Name: "slow", Count: 0, RatePerSecond: 100, SizeBytes: 96},
			Group{Name: "all", Single: true, RatePerSecond: 100, SizeBytes: 96},
			Group{Name: "healthy", Count: 0, RatePerSecond: 100, SizeBytes: 96},
			Group{Name: "you", Single: true, RatePerSecond: 10, SizeBytes: 96},
		))
		lengths := func() map[string]int {
			got := map[string]int{}
			synctest.Wait()
			store.do(func() {
				for key, events := range store.streams {
					requireWhole(t, events, 1)
					require.Equal(t, events, store.published[key])
					got[key] = len(events)
				}
			})
			return got
		}
		time.Sleep(time.Second + Tick/2)
		got := lengths()
		require.Len(t, got, 2)
		require.InDelta(t, 100, got["spillway:r:all"], 1)
		require.InDelta(t, 10, got["spillway:r:you"], 1)
		r := link.report()
		require.Zero(t, r.Groups["slow"].Channels+r.Groups["slow"].Messages)
		require.EqualValues(t, 1, r.Groups["all"].Channels)
		require.Equal(t, r.Produced, r.Groups["all"].Messages+r.Groups["you"].Messages)

		// A count means nothing where there is one channel; a rate does.
		link.send(Command{Groups: map[string]GroupChange{"all": {Count: ptr(0), RatePerSecond: ptr(200.0)}}})
		time.Sleep(time.Second)
		require.InDelta(t, 300, lengths()["spillway:r:all"], 3)
		require.EqualValues(t, 1, link.report().Groups["all"].Channels)
	})
}

// The floor of a shared channel is that of its slowest reader. While it is told,
// nothing above it goes, however long the readers are away.
func TestFloorOfASharedChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, link := start(t, config(
			Group{Name: "slow", Count: 0, RatePerSecond: 100, SizeBytes: 96},
			Group{Name: "all", Single: true, RatePerSecond: 100, SizeBytes: 96},
		))
		floors := func() (got map[string]uint64) {
			synctest.Wait()
			store.do(func() {
				got = map[string]uint64{}
				for k, v := range store.floors {
					got[k] = v
				}
			})
			return got
		}
		time.Sleep(time.Second)
		for range 3 * 60 { // once a second, as the server does
			link.send(Command{Floors: map[string]uint64{"all": 40}})
			time.Sleep(time.Second)
		}
		require.Equal(t, map[string]uint64{"spillway:r:all": 40}, floors())
		link.send(Command{Floors: map[string]uint64{"all": 15_000}})
		time.Sleep(trimEvery)
		require.Equal(t, map[string]uint64{"spillway:r:all": 15_000}, floors())
	})
}

// The seed of the configuration, as it comes over the wire, decides what every
// channel carries and when.
func TestTheSeedDecides(t *testing.T) {
	produce := func(t *testing.T, seed uint64) (streams map[string][]event) {
		synctest.Test(t, func(t *testing.T) {
			line, err := json.Marshal(Config{RunID: "r", Workload: "llm", Seed: seed, Groups: []Group{
				{Name: "all", Single: true, RatePerSecond: 50, SizeBytes: 96},
				{Name: "slow", Count: 3, RatePerSecond: 50, SizeBytes: 96},
			}})
			require.NoError(t, err)
			var cfg Config
			require.NoError(t, json.Unmarshal(line, &cfg))
			store, _ := start(t, cfg)
			time.Sleep(10 * time.Second)
			synctest.Wait()
			store.do(func() { streams = store.streams; store.streams = nil })
		})
		return streams
	}
	const seed = math.MaxUint64
	first := produce(t, seed)
	require.Len(t, first, 4)
	require.Greater(t, len(first["spillway:r:all"]), 50)
	require.Equal(t, first, produce(t, seed))
	other := produce(t, seed-1)
	for key := range first {
		require.NotEqual(t, first[key], other[key], key)
	}
	require.NotEqual(t, first["spillway:r:slow-0"], first["spillway:r:slow-1"], "each channel has its own")
}
