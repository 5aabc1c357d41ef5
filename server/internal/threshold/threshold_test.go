package threshold

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/scenarios/script"
	"spillway/server/internal/metric"
	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// moment is a snapshot of two lanes, made of what tests look at.
type moment struct {
	at         time.Duration
	push, pull uint64 // RSS; 0: the lane does not run
	gaps       uint64 // of the group slow on push, twice as many on pull
	produced   uint64
	ages       *reader.Histogram // of slow, on both lanes
}

func (m moment) snapshot() metric.Snapshot {
	out := metric.Snapshot{Sample: wire.Sample{ElapsedMicros: uint64(m.at.Microseconds()), Produced: m.produced}}
	for i, rss := range []uint64{m.push, m.pull} {
		l := wire.LaneSample{State: wire.StateRunning, RSS: rss, Gaps: m.gaps * uint64(i+1)}
		if rss == 0 {
			l = wire.LaneSample{State: wire.StateKilled, RSS: 99, Gaps: l.Gaps}
		}
		out.Sample.Lanes = append(out.Sample.Lanes, l)
		out.Lanes = append(out.Lanes, metric.Lane{LastExit: -1, Readers: []metric.Readers{
			{Group: "slow", Gaps: l.Gaps, Ages: m.ages}, {Group: "healthy"}, {Group: script.You},
		}})
	}
	return out
}

func scenarioWith(rules ...script.Threshold) script.Scenario {
	return script.Scenario{
		Lanes:      script.Lanes{{Name: "push"}, {Name: "pull"}},
		Readers:    script.Readers{{Name: "slow"}, {Name: "healthy"}},
		Thresholds: rules,
	}
}

func rss(lane string) script.Selector { return script.Selector{Metric: "rss", Lane: lane} }

func check(of script.Selector, aggregation string, n float64, o script.Operator, wanted float64) script.Threshold {
	d, _ := metric.Find(of.Metric)
	a := script.Aggregation{Name: aggregation, N: n}
	return script.Threshold{Selector: of, Aggregation: a, Operator: o, Wanted: script.Operand{Number: wanted, Unit: d.UnitOf(a)}}
}

func TestGauge(t *testing.T) {
	values := []uint64{300, 100, 0, 500, 200} // the lane is away at the third
	for _, c := range []struct {
		aggregation string
		n           float64
		o           script.Operator
		wanted      float64
		holds       bool
		seen        string
	}{
		{"min", 0, "==", 100, true, "100B"},
		{"max", 0, "<", 500, false, "500B"},
		{"max", 0, "<=", 500, true, "500B"},
		{"avg", 0, "==", 275, true, "275B"},
		{"med", 0, "==", 200, true, "200B"},
		{"p", 50, "==", 200, true, "200B"},
		{"p", 51, "==", 300, true, "300B"},
		{"p", 0, "==", 100, true, "100B"},
		{"p", 100, ">=", 500, true, "500B"},
		{"count", 0, "==", 4, true, "4"},
		{"value", 0, "==", 200, true, "200B"},
		{"last", 0, "!=", 200, false, "200B"},
	} {
		set := New(scenarioWith(check(rss("push"), c.aggregation, c.n, c.o, c.wanted)))
		for i, v := range values {
			set.Observe(moment{at: time.Duration(i) * 100 * time.Millisecond, push: v, pull: 1}.snapshot())
		}
		v := set.Verdicts()[0]
		require.True(t, v.Known, c.aggregation)
		require.Equal(t, c.holds, v.Holds, "%s %v", c.aggregation, v)
		require.Equal(t, c.seen, v.Seen, c.aggregation)
		require.Equal(t, 400*time.Millisecond, v.At)
	}
}

func TestNoValueDoesNotHold(t *testing.T) {
	set := New(scenarioWith(
		check(rss("push"), "max", 0, "<", 1<<30),
		check(script.Selector{Metric: "age", Lane: "push", Reader: "slow"}, "p", 99, "<", 1),
		check(script.Selector{Metric: "exit_code", Lane: "push"}, "last", 0, "!=", 137),
		check(rss("elsewhere"), "max", 0, ">", 0),
	))
	for range 2 {
		for _, v := range set.Verdicts() {
			require.False(t, v.Known || v.Holds, v)
			require.Equal(t, "no value", v.Seen)
		}
		set.Observe(moment{pull: 5, ages: new(reader.Histogram)}.snapshot())
	}
	require.Equal(t, Verdict{Name: "rss{lane:push}", Rule: "max < 1GiB", Wanted: "< 1GiB", Seen: "no value"}, set.Verdicts()[0])
}

func TestLabelsLeftOutStandForEach(t *testing.T) {
	names := func(rules ...script.Threshold) (out []string) {
		for _, v := range New(scenarioWith(rules...)).Verdicts() {
			out = append(out, v.Name)
		}
		return out
	}
	require.Equal(t, []string{"rss{lane:push}", "rss{lane:pull}"}, names(check(script.Selector{Metric: "rss"}, "max", 0, ">", 1)))
	require.Equal(t, []string{"age{lane:push,reader:slow}", "age{lane:push,reader:healthy}", "age{lane:pull,reader:slow}", "age{lane:pull,reader:healthy}"},
		names(check(script.Selector{Metric: "age"}, "max", 0, ">", 1)))
	require.Equal(t, []string{"age{lane:push,reader:slow}", "age{lane:pull,reader:slow}"},
		names(check(script.Selector{Metric: "age", Reader: "slow"}, "max", 0, ">", 1)))
	require.Equal(t, []string{"gaps{lane:push}", "gaps{lane:pull}"}, names(check(script.Selector{Metric: "gaps"}, "count", 0, ">", 1)), "the whole lane")
	require.Equal(t, []string{"produced"}, names(check(script.Selector{Metric: "produced"}, "count", 0, ">", 1)))

	alone := scenarioWith(check(script.Selector{Metric: "age", Lane: "pull"}, "max", 0, ">", 1))
	alone.Readers = nil
	require.Equal(t, "age{lane:pull,reader:you}", New(alone).Verdicts()[0].Name, "without a crowd there are the tabs")
}

func TestComparedWithAnother(t *testing.T) {
	compare := func(of script.Selector, o script.Operator, factor float64, aggregation string, with script.Selector) script.Threshold {
		t := check(of, "max", 0, o, 0)
		t.Wanted.Of = &script.Reference{Factor: factor, Aggregation: script.Aggregation{Name: aggregation}, Selector: with}
		return t
	}
	set := New(scenarioWith(
		compare(rss("push"), ">", 2, "max", rss("pull")),
		compare(rss("push"), ">", 4, "max", rss("pull")),
		compare(rss(""), ">=", 1, "min", rss("")), // each with its own
		compare(rss("push"), "<", 1, "max", script.Selector{Metric: "broker_rss"}),
	))
	set.Observe(moment{push: 200 << 20, pull: 80 << 20}.snapshot())
	set.Observe(moment{at: time.Second, push: 300 << 20, pull: 100 << 20}.snapshot())
	got := set.Verdicts()
	require.Equal(t, Verdict{
		Name: "rss{lane:push}", Rule: "max > 2 * max of rss{lane:pull}", Wanted: "> 2 * 100MiB", Seen: "300MiB", Holds: true, Known: true, At: time.Second,
	}, got[0])
	require.False(t, got[1].Holds)
	require.Equal(t, "rss{lane:pull}", got[3].Name)
	require.Equal(t, ">= 80MiB", got[3].Wanted)
	require.True(t, got[2].Holds && got[3].Holds)
	require.Equal(t, "< no value", got[4].Wanted)
	require.False(t, got[4].Known || got[4].Holds, "the other side has no value")

	ages := new(reader.Histogram)
	ages.Record(1e6)
	set = New(scenarioWith(compare(script.Selector{Metric: "age", Reader: "slow"}, "<=", 2, "min", script.Selector{Metric: "age"})))
	set.Observe(moment{}.snapshot())
	set.Observe(moment{ages: ages}.snapshot())
	require.True(t, set.Verdicts()[1].Holds, "the same lane and the same group: %v", set.Verdicts())
}

func TestCountersCountFromTheFirstSnapshot(t *testing.T) {
	gaps := script.Selector{Metric: "gaps", Lane: "pull", Reader: "slow"}
	produced := script.Selector{Metric: "produced"}
	set := New(scenarioWith(
		check(gaps, "count", 0, "==", 4), check(gaps, "last", 0, "==", 24), check(script.Selector{Metric: "gaps", Lane: "push"}, "count", 0, "==", 2),
		check(produced, "rate", 0, "==", 50),
	))
	set.Observe(moment{at: time.Minute, gaps: 10, produced: 1000}.snapshot())
	require.False(t, set.Verdicts()[3].Known, "no rate without time")
	set.Observe(moment{at: time.Minute + time.Second, gaps: 11, produced: 1060}.snapshot())
	set.Observe(moment{at: time.Minute + 2*time.Second, gaps: 12, produced: 1100}.snapshot())
	for _, v := range set.Verdicts() {
		require.True(t, v.Holds, v)
	}
	require.Equal(t, "50/s", set.Verdicts()[3].Seen)
	set.Observe(moment{at: time.Minute + 4*time.Second, gaps: 12, produced: 30}.snapshot())
	require.Equal(t, "7.5/s", set.Verdicts()[3].Seen, "a counter that went back began anew")
}

// TestAgesAgainstSorting draws ages of several shapes and holds every
// aggregation against the sorted list.
func TestAgesAgainstSorting(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	of := script.Selector{Metric: "age", Lane: "push", Reader: "slow"}
	for range 60 {
		var before, all reader.Histogram
		for range random.IntN(200) { // of the time before the rules look
			before.Record(random.Int64N(1e6))
		}
		all.Merge(&before)
		ages := make([]float64, 1+random.IntN(400))
		for i := range ages {
			micros := int64(math.Exp(random.Float64() * 20)) // 1 µs to 8 minutes
			ages[i] = float64(micros) / 1e6
			all.Record(micros)
		}
		slices.Sort(ages)
		ps := []float64{0, 1, 50, 55, 90, 99, 99.9, 100, random.Float64() * 100}
		rules := []script.Threshold{check(of, "min", 0, ">", 0), check(of, "max", 0, ">", 0), check(of, "avg", 0, ">", 0), check(of, "med", 0, ">", 0), check(of, "count", 0, ">", 0)}
		for _, p := range ps {
			rules = append(rules, check(of, "p", p, ">", 0))
		}
		set := New(scenarioWith(rules...))
		set.Observe(moment{ages: &before}.snapshot())
		set.Observe(moment{at: time.Second, ages: &all}.snapshot())
		value := func(i int) float64 {
			v, ok := set.rules[i].seen.aggregate(set.rules[i].Aggregation, time.Second)
			require.True(t, ok)
			return v
		}
		var sum float64
		for _, a := range ages {
			sum += a
		}
		require.InEpsilon(t, ages[0], value(0), 0.032)
		require.InEpsilon(t, ages[len(ages)-1], value(1), 0.032)
		require.InEpsilon(t, sum/float64(len(ages)), value(2), 0.032)
		require.InEpsilon(t, nearestRank(ages, 50), value(3), 0.032)
		require.EqualValues(t, len(ages), value(4))
		for i, p := range ps {
			require.InEpsilon(t, nearestRank(ages, p), value(5+i), 0.032, "p(%v) of %d", p, len(ages))
		}
	}
}

// TestAWholeRankIsNotRoundedUp takes a share that is not exact in a float64.
func TestAWholeRankIsNotRoundedUp(t *testing.T) {
	ages := new(reader.Histogram)
	micros := make([]float64, 100)
	for i := range micros {
		micros[i] = 1000 * math.Pow(1.1, float64(i))
		ages.Record(int64(micros[i]))
	}
	set := New(scenarioWith(check(script.Selector{Metric: "age", Lane: "push", Reader: "slow"}, "p", 55, "<", 1)))
	set.Observe(moment{}.snapshot())
	set.Observe(moment{ages: ages}.snapshot())
	got, _ := set.rules[0].seen.aggregate(set.rules[0].Aggregation, 0)
	require.InEpsilon(t, micros[54]/1e6, got, 0.032)
}

// nearestRank counts, instead of computing an index.
func nearestRank(sorted []float64, p float64) float64 {
	for i, v := range sorted {
		if float64(i+1)*100 >= p*float64(len(sorted)) {
			return v
		}
	}
	return sorted[len(sorted)-1]
}

func TestAgesOfAnotherProcess(t *testing.T) {
	var before, now reader.Histogram
	for range 10 {
		before.Record(1e6)
	}
	now.Record(1e6)
	require.Same(t, &now, since(&now, &before), "fewer in a bucket")
	now = reader.Histogram{}
	now.Record(5)
	require.Same(t, &now, since(&now, &before), "none in a bucket")
}

// TestPercentilesAgainstSorting holds those of a gauge, which are exact.
func TestPercentilesAgainstSorting(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 9))
	for range 50 {
		s := series{keep: true, stride: 1}
		values := make([]float64, 1+random.IntN(300))
		for i := range values {
			values[i] = float64(random.IntN(50))
			s.gauge(values[i])
		}
		slices.Sort(values)
		for _, p := range []float64{0, 1, 25, 50, 55, 99, 99.9, 100, random.Float64() * 100} {
			got, ok := quantile(s.sorted, p)
			require.True(t, ok)
			require.Equal(t, nearestRank(values, p), got, "p(%v) of %d", p, len(values))
		}
	}
}

// TestLongRunsAreThinnedFairly runs for three hours and a bit.
func TestLongRunsAreThinnedFairly(t *testing.T) {
	s := series{keep: true, stride: 1, known: true}
	const n = 3*60*60*10 + 7
	for i := range n {
		s.gauge(float64(i))
		require.LessOrEqual(t, len(s.values), maxValues)
	}
	require.Greater(t, len(s.values), maxValues/2)
	require.Equal(t, s.values, s.sorted, "it only grew")
	for i, v := range s.values {
		require.EqualValues(t, uint64(i)*s.stride, v, "evenly spread, to the end")
	}
	require.EqualValues(t, 8, s.stride)
	for _, p := range []float64{1, 50, 99} {
		got, _ := quantile(s.sorted, p)
		require.InDelta(t, n*p/100, got, float64(2*s.stride))
	}
	require.EqualValues(t, n, s.n)
	require.EqualValues(t, n-1, s.most)
	require.EqualValues(t, 0, s.least)
}

func TestAbort(t *testing.T) {
	late := check(rss("pull"), "max", 0, "<", 100)
	late.AbortOnFail, late.DelayAbortEval = true, script.Duration(2*time.Second)
	quiet := check(rss("push"), "max", 0, "<", 10) // does not hold, and does not abort
	set := New(scenarioWith(quiet, late))
	see := func(at time.Duration, pull uint64) (Verdict, bool) {
		set.Observe(moment{at: time.Hour + at, push: 50, pull: pull}.snapshot())
		return set.Abort()
	}
	_, abort := set.Abort()
	require.False(t, abort, "nothing seen")
	for _, c := range []struct {
		at   time.Duration
		pull uint64
	}{{0, 500}, {time.Second, 50}, {1900 * time.Millisecond, 50}, {2 * time.Second, 0}} {
		_, abort = see(c.at, c.pull)
		require.False(t, abort, "%v: before its delay, or not time to look again", c.at)
	}
	v, abort := see(2400*time.Millisecond, 50)
	require.True(t, abort)
	require.Equal(t, Verdict{Name: "rss{lane:pull}", Rule: "max < 100B", Wanted: "< 100B", Seen: "500B", Known: true, Aborts: true, At: time.Hour + 2400*time.Millisecond}, v)
	again, abort := see(2500*time.Millisecond, 60)
	require.True(t, abort)
	require.Equal(t, v, again, "it stays")
	verdicts := set.Verdicts()
	require.False(t, verdicts[0].Aborts || verdicts[0].Holds)
	require.True(t, verdicts[1].Aborts)

	absent := check(script.Selector{Metric: "exit_code", Lane: "push"}, "last", 0, "==", 137)
	absent.AbortOnFail = true
	set = New(scenarioWith(absent))
	set.Observe(moment{at: 1, push: 50, pull: 50}.snapshot())
	_, abort = set.Abort()
	require.False(t, abort, "no value yet")
}

// busy is a scenario of four lanes and two dozen rules.
func busy() (*Set, metric.Snapshot) {
	s := script.Scenario{Readers: script.Readers{{Name: "slow"}, {Name: "healthy"}}, Thresholds: script.Thresholds{
		check(script.Selector{Metric: "rss"}, "max", 0, "<", 1), check(script.Selector{Metric: "rss"}, "p", 99, "<", 1), check(script.Selector{Metric: "cpu"}, "avg", 0, "<", 1),
		check(script.Selector{Metric: "backlog"}, "med", 0, "<", 1), check(script.Selector{Metric: "gaps"}, "count", 0, "==", 0), check(script.Selector{Metric: "age"}, "p", 99, "<", 1),
	}}
	ages := new(reader.Histogram)
	for i := range 10_000 {
		ages.Record(int64(i) * 37)
	}
	snapshot := metric.Snapshot{}
	for _, name := range []string{"a", "b", "c", "d"} {
		s.Lanes = append(s.Lanes, script.Lane{Name: name})
		snapshot.Sample.Lanes = append(snapshot.Sample.Lanes, wire.LaneSample{State: wire.StateRunning})
		snapshot.Lanes = append(snapshot.Lanes, metric.Lane{Readers: []metric.Readers{{Group: "slow", Ages: ages}, {Group: "healthy", Ages: ages}}})
	}
	return New(s), snapshot
}

// fill observes half an hour.
func fill(set *Set, s metric.Snapshot) metric.Snapshot {
	random := rand.New(rand.NewPCG(1, 1))
	for range maxValues {
		for i := range s.Lanes {
			s.Sample.Lanes[i].RSS, s.Sample.Lanes[i].BacklogCount = random.Uint64N(1<<30), random.Uint64N(1<<20)
			s.Lanes[i].CPUMicros += 20_000
		}
		s.Sample.ElapsedMicros += 100_000
		set.Observe(s)
	}
	return s
}

func BenchmarkObserve(b *testing.B) {
	set, s := busy()
	s = fill(set, s)
	b.ReportAllocs()
	for b.Loop() {
		s.Sample.ElapsedMicros += 100_000
		s.Sample.Lanes[0].RSS = s.Sample.ElapsedMicros % (1 << 30)
		set.Observe(s)
	}
}

func BenchmarkVerdicts(b *testing.B) {
	set, s := busy()
	fill(set, s)
	b.ReportAllocs()
	for b.Loop() {
		set.Verdicts()
	}
}
