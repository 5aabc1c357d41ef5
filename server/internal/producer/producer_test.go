package producer

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// start runs a producer over a fake broker until the test's end.
func start(t *testing.T, cfg Config) (*fakeStore, *fakeLink) {
	t.Helper()
	store, link := newFakeStore(), newFakeLink()
	startOn(t, cfg, store, link)
	return store, link
}

func startOn(t *testing.T, cfg Config, store store, link Link) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- run(ctx, cfg, store, link, quiet) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-result, context.Canceled)
	})
}

func config(groups ...Group) Config {
	return Config{RunID: "r", Workload: "fixed", Groups: groups}
}

// requireWhole fails unless the events are 1, 2, 3 … without a hole.
func requireWhole(t *testing.T, events []event, from uint64) {
	t.Helper()
	for i, e := range events {
		require.Equal(t, from+uint64(i), e.seq)
	}
}

func TestRateIsExactAndSmooth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seconds, count, rate = 10, 100, 7.0
		store, link := start(t, config(Group{Name: "slow", Count: count, RatePerSecond: rate, SizeBytes: 96}))
		begin := time.Now()
		time.Sleep(seconds*time.Second + Tick/2)
		synctest.Wait()
		store.do(func() {
			require.Len(t, store.streams, count)
			perTick := map[time.Duration]int{}
			for key, events := range store.streams {
				require.InDelta(t, seconds*rate, len(events), 1, key)
				requireWhole(t, events, 1)
				require.Equal(t, events, store.published[key])
				for i, e := range events {
					perTick[e.at.Sub(begin).Truncate(Tick)]++
					if i > 0 {
						require.InDelta(t, float64(time.Second)/rate, float64(e.at.Sub(events[i-1].at)), float64(Tick))
					}
				}
			}
			for at, n := range perTick { // 7 are due in a tick on average
				require.LessOrEqual(t, n, 10, at)
			}
		})
		r := link.report()
		require.InDelta(t, seconds*rate*count, r.Produced, count)
		require.Equal(t, r.Produced*96, r.ProducedBytes)
		require.Equal(t, r.Produced, r.Groups["slow"].Messages)
		require.Zero(t, r.BehindMicros)
		require.Empty(t, r.Broker)
	})
}

func TestSingleGroupHasItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, _ := start(t, config(Group{Name: "you", Single: true, RatePerSecond: 1000, SizeBytes: 96}))
		time.Sleep(time.Second + Tick/2)
		synctest.Wait()
		store.do(func() {
			require.InDelta(t, 1000, len(store.streams["spillway:r:you"]), 10)
			require.Len(t, store.streams, 1)
		})
	})
}

func TestLiveSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, link := start(t, config(Group{Name: "g", Count: 2, RatePerSecond: 10, SizeBytes: 96}))
		length := func(key string) (n int) {
			synctest.Wait()
			store.do(func() { n = len(store.streams[key]) })
			return n
		}
		time.Sleep(time.Second + Tick/2)
		require.InDelta(t, 10, length("spillway:r:g-0"), 1)

		link.send(Command{Paused: ptr(true)})
		time.Sleep(Tick)
		paused := length("spillway:r:g-0")
		time.Sleep(time.Hour)
		require.Equal(t, paused, length("spillway:r:g-0"))
		require.Zero(t, link.report().ForgoneMicros)

		link.send(Command{Paused: ptr(false), Groups: map[string]GroupChange{"g": {RatePerSecond: ptr(100.0), Count: ptr(3)}}})
		time.Sleep(time.Second)
		require.InDelta(t, paused+100, length("spillway:r:g-0"), 2)
		require.InDelta(t, 100, length("spillway:r:g-2"), 2)

		link.send(Command{Groups: map[string]GroupChange{"g": {Count: ptr(1)}}})
		time.Sleep(Tick)
		gone := length("spillway:r:g-2")
		time.Sleep(time.Minute)
		require.Equal(t, gone, length("spillway:r:g-2"))
		require.EqualValues(t, 1, link.report().Groups["g"].Channels)

		link.send(Command{Groups: map[string]GroupChange{"g": {Count: ptr(3)}}})
		time.Sleep(time.Second)
		require.InDelta(t, gone+100, length("spillway:r:g-2"), 2)
		store.do(func() { requireWhole(t, store.streams["spillway:r:g-2"], 1) })
	})
}

func TestInvalidCommandChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, link := start(t, config(Group{Name: "g", Count: 1, RatePerSecond: 10, SizeBytes: 96}))
		link.commands <- []byte(`{"Groups":{"g":{"SizeBytes":128,"RatePerSecond":-1}}}`)
		link.commands <- []byte(`{"Paused":true,"Groups":{"nobody":{}}}`)
		link.commands <- []byte(`[]`)
		time.Sleep(time.Second + Tick/2)
		synctest.Wait()
		store.do(func() { require.InDelta(t, 10, len(store.streams["spillway:r:g-0"]), 1) })
		require.Equal(t, link.report().Produced*96, link.report().ProducedBytes)
	})
}

func TestFullBrokerStopsTheProducer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, link := start(t, config(Group{Name: "g", Count: 5, RatePerSecond: 50, SizeBytes: 96}))
		time.Sleep(time.Second)
		synctest.Wait()
		store.do(func() { store.full = true })
		time.Sleep(30 * time.Second)
		synctest.Wait()
		r := link.report()
		require.Equal(t, "the broker is full; the producer waits", r.Broker)
		require.InDelta(t, 30e6, r.StallMicros, 2e5)
		require.NotZero(t, r.Refused)
		require.InDelta(t, 250, r.Produced, 5)

		store.do(func() { store.full = false })
		time.Sleep(2 * time.Second)
		synctest.Wait()
		r = link.report()
		require.Empty(t, r.Broker)
		require.Zero(t, r.StallMicros)
		require.InDelta(t, 30e6, r.StallTotalMicros, 4e5)
		require.InDelta(t, 29e6, r.ForgoneMicros, 4e5)
		require.InDelta(t, 250+250+500, r.Produced, 60) // before, made up for, and since
		store.do(func() {
			for key, events := range store.streams {
				requireWhole(t, events, 1)
				requireWhole(t, store.published[key], 1)
				require.Len(t, store.published[key], len(events))
			}
		})
	})
}

func TestLostAnswerIsOfferedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, link := start(t, config(Group{Name: "g", Count: 3, RatePerSecond: 20, SizeBytes: 96}))
		time.Sleep(time.Second)
		synctest.Wait()
		store.do(func() { store.loseNext = true })
		time.Sleep(3 * time.Second)
		synctest.Wait()
		store.do(func() {
			require.False(t, store.loseNext)
			for key, events := range store.streams {
				requireWhole(t, events, 1)
				requireWhole(t, store.published[key], 1)
				require.Len(t, store.published[key], len(events))
			}
		})
		require.Zero(t, link.report().Lost)
	})
}

func TestBrokerComesBackEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, link := start(t, config(Group{Name: "g", Count: 2, RatePerSecond: 20, SizeBytes: 96}))
		time.Sleep(time.Second)
		link.send(Command{Floors: map[string]uint64{"g-0": 4, "g-1": 6}})
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		var stored uint64
		store.do(func() {
			store.down = true
			stored = store.last["spillway:r:g-0"] + store.last["spillway:r:g-1"]
			clear(store.last)
			clear(store.streams)
		})
		time.Sleep(5 * time.Second)
		require.Contains(t, link.report().Broker, "went away")
		store.do(func() { store.down = false })
		time.Sleep(3 * time.Second)
		synctest.Wait()
		r := link.report()
		require.Empty(t, r.Broker)
		require.EqualValues(t, 1, r.Restarts)
		require.Equal(t, stored-4-6, r.Lost)
		store.do(func() {
			first := store.streams["spillway:r:g-0"][0].seq
			require.NotEqual(t, uint64(1), first)
			requireWhole(t, store.streams["spillway:r:g-0"], first)
			requireWhole(t, store.published["spillway:r:g-0"], 1) // nothing twice, nothing skipped
		})
	})
}

func TestSecondProducerGoesOnWhereTheFirstEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		store.last["spillway:r:g-0"] = 41
		startOn(t, config(Group{Name: "g", Count: 1, RatePerSecond: 20, SizeBytes: 96}), store, newFakeLink())
		time.Sleep(time.Second)
		synctest.Wait()
		store.do(func() { requireWhole(t, store.streams["spillway:r:g-0"], 42) })
	})
}

func TestForeignWriterEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFakeStore()
		result := make(chan error, 1)
		go func() {
			result <- run(t.Context(), config(Group{Name: "g", Count: 1, RatePerSecond: 20, SizeBytes: 96}), store, newFakeLink(), quiet)
		}()
		time.Sleep(time.Second)
		synctest.Wait()
		store.do(func() { store.last["spillway:r:g-0"] += 1000 })
		require.ErrorIs(t, <-result, errTwice)
	})
}

func TestConfigIsChecked(t *testing.T) {
	good := Group{Name: "g", Count: 1, RatePerSecond: 1, SizeBytes: 96}
	for name, cfg := range map[string]Config{
		"workload": {RunID: "r", Workload: "none", Groups: []Group{good}},
		"run":      {Workload: "fixed", Groups: []Group{good}},
		"size":     config(Group{Name: "g", Count: 1, SizeBytes: 95}),
		"twice":    config(good, good),
		"length":   {RunID: "r", Workload: "fixed", Retention: Retention{MaxLen: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Error(t, run(t.Context(), cfg, newFakeStore(), newFakeLink(), quiet))
		})
	}
}
