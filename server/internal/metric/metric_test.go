package metric_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/wasm/wire"
)

func scenario() script.Scenario {
	return script.Scenario{
		Lanes:   script.Lanes{{Name: "push"}, {Name: "pull"}},
		Readers: script.Readers{{Name: "slow"}, {Name: script.You}, {Name: "healthy"}},
	}
}

// snapshot has another value in every field, so that none is taken for another.
func snapshot() metric.Snapshot {
	lane := wire.LaneSample{
		State: wire.StateRunning, ExitCode: 1, RSS: 2, Limit: 3, HeapInUse: 4, HeapTotal: 5, Live: 6, OutsideHeap: 7, Readers: 8, Goroutines: 9,
		BacklogCount: 10, BacklogBytes: 11, OldestMicros: 12, Stalled: 13, StallMicros: 14, SendQueue: 61, Shut: 62, Delivered: 15, PerSecond: 16, BytesPerSec: 17,
		Dropped: 18, HealthyP50: 19, HealthyP99: 20, SlowP50: 21, Gaps: 22, Repeats: 23, Restarts: 24,
		Account: wire.Account{
			Produced: 100, Broker: 101, Backlog: 102, SendQueue: 103, InFlight: 104, Held: 105, Consumed: 106,
			LostStrategy: 107, LostTrimmed: 108, LostBroker: 109, LostLeft: 110, Gap: -111,
		},
	}
	dead := lane
	dead.State = wire.StateKilled
	slow := metric.Readers{Group: "slow", Connected: 30, Messages: 31, Bytes: 32, Gaps: 33, Repeats: 34, Disconnects: 35, Held: 38, AgeP50Micros: 36, AgeP99Micros: 37}
	you := metric.Readers{Group: "you", Connected: 40, Messages: 41, Bytes: 42, Gaps: 43, Repeats: 44, Disconnects: 45, Held: 46}
	extra := metric.Lane{CPUMicros: 50, Delivered: 51, DeliveredBytes: 52, Dropped: 53, HopRSS: 65, HopBytes: 66, LastExit: -1, Readers: []metric.Readers{slow, {Group: "healthy"}, you}}
	ended := extra
	ended.LastExit, ended.HopRSS = 137, 0
	return metric.Snapshot{
		Sample: wire.Sample{ElapsedMicros: 1e6, Produced: 60, ProducerStall: 61, BrokerRSS: 62, BrokerUsed: 63, BrokerLimit: 64, Lanes: []wire.LaneSample{lane, dead}},
		Lanes:  []metric.Lane{extra, ended},
	}
}

// TestEveryMetricReadsItsField names for each metric what it is in snapshot.
func TestEveryMetricReadsItsField(t *testing.T) {
	want := map[string]float64{
		"rss": 2, "heap": 4, "heap_total": 5, "live": 6, "outside_heap": 7, "goroutines": 9,
		"backlog": 10, "backlog_bytes": 11, "backlog_age": 12e-6, "stalled": 13, "stall": 14e-6, "send_queue": 61, "shut": 62,
		"delivered": 51, "delivered_bytes": 52, "dropped": 53,
		"readers": 8, "received": 72, "received_bytes": 74, "gaps": 76, "repeats": 78, "disconnects": 80, "held_bytes": 84, "restarts": 24,
		"broker_memory": 63, "broker_rss": 62, "produced": 60, "producer_stall": 61e-6, "hop_rss": 65, "hop_bytes": 66,
	}
	account := map[string]float64{
		"produced_bytes": 100, "in_broker": 101, "in_backlog": 102, "in_send_queue": 103, "in_flight": 104, "in_reader": 105, "consumed_bytes": 106,
		"lost_bytes": 107 + 108 + 109 + 110, "lost_strategy": 107, "lost_trimmed": 108, "lost_broker": 109, "lost_left": 110, "account_gap": 111,
	}
	maps.Copy(want, account)
	ofSlow := map[string]float64{"readers": 30, "received": 31, "received_bytes": 32, "gaps": 33, "repeats": 34, "disconnects": 35, "held_bytes": 38, "age": 36e-6}
	others := map[string]bool{"cpu": true, "age": true, "exit_code": true} // tested below
	r, s := metric.NewReader(scenario()), snapshot()
	for _, d := range metric.All {
		of := script.Selector{Metric: d.Name}
		if d.Lane {
			_, ok := r.Value(s, of)
			require.False(t, ok, "%s: whose?", d.Name)
			of.Lane = "push"
		}
		if v, known := want[d.Name]; known {
			got, ok := r.Value(s, of)
			require.True(t, ok, d.Name)
			require.InDelta(t, v, got, 1e-12, d.Name)
		} else {
			require.True(t, others[d.Name], "%s is not tested", d.Name)
		}
		if v, known := ofSlow[d.Name]; known {
			got, ok := r.Value(s, script.Selector{Metric: d.Name, Lane: "push", Reader: "slow"})
			require.True(t, ok, d.Name)
			require.InDelta(t, v, got, 1e-12, d.Name)
		}
		require.Equal(t, d.Reader, ofSlow[d.Name] != 0, d.Name)

		// A lane that was killed keeps what was counted and its account, and nothing else.
		if of.Lane = "pull"; d.Lane && !others[d.Name] {
			_, ok := r.Value(s, of)
			require.Equal(t, d.Kind == script.Counter || account[d.Name] != 0, ok, d.Name)
		}
	}
}

func TestNoValue(t *testing.T) {
	r, s := metric.NewReader(scenario()), snapshot()
	for _, of := range []script.Selector{
		{Metric: "latency"},
		{Metric: "rss", Lane: "other"},
		{Metric: "rss", Lane: "push", Reader: "slow"},
		{Metric: "produced", Lane: "push"},
		{Metric: "produced", Lane: "other"},
		{Metric: "received", Lane: "push", Reader: "others"},
		{Metric: "age", Lane: "push"},
		{Metric: "age", Lane: "push", Reader: "healthy"}, // nobody has read anything
		{Metric: "exit_code", Lane: "push"},              // before the first end
	} {
		_, ok := r.Value(s, of)
		require.False(t, ok, of)
	}
	got, ok := r.Value(s, script.Selector{Metric: "exit_code", Lane: "pull"})
	require.True(t, ok)
	require.EqualValues(t, 137, got)

	s.Sample.Lanes[0].State = wire.StateWaiting
	got, ok = r.Value(s, script.Selector{Metric: "rss", Lane: "push"})
	require.True(t, ok, "a lane that waits for the broker lives")
	require.EqualValues(t, 2, got)
	s.Sample.Lanes[0].State = wire.StateStarting
	_, ok = r.Value(s, script.Selector{Metric: "rss", Lane: "push"})
	require.False(t, ok, "not ready yet")

	s.Sample.Lanes[0].State = wire.StateRunning
	s.Sample.Lanes[0].Unseen = s.Sample.Lanes[0].Readers
	_, ok = r.Value(s, script.Selector{Metric: "send_queue", Lane: "push"})
	require.False(t, ok, "not visible on this system")
	s.Sample.Lanes[0].Unseen = 1
	got, ok = r.Value(s, script.Selector{Metric: "send_queue", Lane: "push"})
	require.True(t, ok, "of the others it is")
	require.EqualValues(t, 61, got)

	s.Sample.Lanes[0].Account.Unseen = s.Sample.Lanes[0].Readers
	_, ok = r.Value(s, script.Selector{Metric: "in_send_queue", Lane: "push"})
	require.False(t, ok, "not visible on this system")
	got, ok = r.Value(s, script.Selector{Metric: "in_flight", Lane: "push"})
	require.True(t, ok)
	require.EqualValues(t, 104, got)
	s.Sample.Lanes[0].Account = wire.Account{}
	_, ok = r.Value(s, script.Selector{Metric: "in_flight", Lane: "push"})
	require.False(t, ok, "there is no account yet")

	s.Sample.BrokerRSS = 0
	_, ok = r.Value(s, script.Selector{Metric: "broker_rss"})
	require.False(t, ok, "not our process")
	_, ok = r.Value(metric.Snapshot{}, script.Selector{Metric: "rss", Lane: "push"})
	require.False(t, ok, "a snapshot without lanes")
	_, ok = r.Value(metric.Snapshot{Sample: s.Sample}, script.Selector{Metric: "rss", Lane: "push"})
	require.False(t, ok, "a snapshot without what pages do not get")
}

func TestCPU(t *testing.T) {
	r := metric.NewReader(scenario())
	of := script.Selector{Metric: "cpu", Lane: "push"}
	at := func(ms int, cpuMicros uint64, state wire.State) (float64, bool) {
		s := snapshot()
		s.Sample.ElapsedMicros = uint64(ms) * 1000
		s.Lanes[0].CPUMicros = cpuMicros
		s.Sample.Lanes[0].State = state
		return r.Value(s, of)
	}
	_, ok := at(1000, 0, wire.StateRunning)
	require.False(t, ok, "nothing to compare with")
	_, ok = at(1400, 100_000, wire.StateRunning)
	require.False(t, ok, "too little")
	for i := range 20 { // a quarter of a core
		got, ok := at(1500+i*100, uint64(125_000+25_000*i), wire.StateRunning)
		require.True(t, ok)
		require.InDelta(t, 25, got, 0.1)
	}
	for i := range 10 { // two cores, and a second later nothing else counts
		at(3500+i*100, uint64(600_000+200_000*(i+1)), wire.StateRunning)
	}
	got, ok := at(4400, 600_000+200_000*10, wire.StateRunning)
	require.True(t, ok)
	require.InDelta(t, 200, got, 1)
	_, ok = at(4500, 2_600_000, wire.StateKilled)
	require.False(t, ok, "of a lane that does not run")
	_, ok = at(60_000, 3_000_000, wire.StateRunning)
	require.False(t, ok, "a mean over the minute in which nobody looked says nothing of now")
	at(60_600, 10, wire.StateRunning)
	_, ok = at(60_700, 20, wire.StateRunning)
	require.False(t, ok, "a counter that went back is another")
	_, ok = at(100, 10, wire.StateRunning)
	require.False(t, ok, "another run")
}

// TestAllIsDescribed holds what tables and the language need of each entry.
func TestAllIsDescribed(t *testing.T) {
	seen := make(map[string]bool)
	for _, d := range metric.All {
		require.False(t, seen[d.Name], "%s is there twice", d.Name)
		seen[d.Name] = true
		require.Regexp(t, `^[a-z]+(_[a-z]+)*$`, d.Name)
		require.Regexp(t, `^[A-Z].*[^.]\.$`, d.Help, "%s: a sentence", d.Name)
		require.Less(t, len(d.Help), 130, d.Name)
		require.False(t, d.Reader && !d.Lane, "%s: readers are readers of a lane", d.Name)
		require.False(t, d.Whole && !d.Reader, d.Name)
	}
	require.Len(t, metric.Vocabulary(), len(metric.All))
}

func BenchmarkValue(b *testing.B) {
	r, s := metric.NewReader(scenario()), snapshot()
	of := script.Selector{Metric: "age", Lane: "push", Reader: "slow"}
	b.ReportAllocs()
	for b.Loop() {
		s.Sample.ElapsedMicros += 100_000
		if _, ok := r.Value(s, of); !ok {
			b.Fatal("no value")
		}
	}
}
