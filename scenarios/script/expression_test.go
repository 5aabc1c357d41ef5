package script

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// expressionWords are one metric of every kind.
var expressionWords = Vocabulary{Metrics: []Metric{
	{Name: "rss", Unit: UnitBytes, Lane: true, Most: 4 << 30},
	{Name: "goroutines", Lane: true},
	{Name: "cpu", Unit: UnitPercent, Lane: true},
	{Name: "stall", Unit: UnitSeconds, Lane: true},
	{Name: "delivered", Kind: Counter, Lane: true},
	{Name: "received", Kind: Counter, Lane: true, Reader: true, Whole: true},
	{Name: "received_bytes", Kind: Counter, Unit: UnitBytes, Lane: true, Reader: true, Whole: true},
	{Name: "age", Kind: Trend, Unit: UnitSeconds, Lane: true, Reader: true, Most: 600},
	{Name: "broker_memory", Unit: UnitBytes},
	{Name: "produced", Kind: Counter},
	{Name: "exit_code", Lane: true, Most: 255},
	{Name: "restarts", Kind: Counter, Lane: true, Most: 5},
}}

func TestParseThreshold(t *testing.T) {
	rss := Selector{Metric: "rss", Lane: "push"}
	for _, c := range []struct {
		selector, rule string
		want           Threshold
		plain          string // String, where it is not the rule as written
	}{
		{"rss{lane:push}", "max > 200MiB", Threshold{Selector: rss, Aggregation: Aggregation{Name: "max"}, Operator: ">", Wanted: Operand{Number: 200 << 20, Unit: UnitBytes}}, ""},
		{" rss { lane : push } ", " max>200 MiB ", Threshold{Selector: rss, Aggregation: Aggregation{Name: "max"}, Operator: ">", Wanted: Operand{Number: 200 << 20, Unit: UnitBytes}}, "max > 200MiB"},
		{"rss", "count >= 10", Threshold{Selector: Selector{Metric: "rss"}, Aggregation: Aggregation{Name: "count"}, Operator: ">=", Wanted: Operand{Number: 10}}, ""},
		{"rss", "count > 1e12", Threshold{Selector: Selector{Metric: "rss"}, Aggregation: Aggregation{Name: "count"}, Operator: ">", Wanted: Operand{Number: 1e12}}, "count > 1e+12"},
		{"age{lane:pull,reader:healthy}", "p(99.9) < 250ms", Threshold{Selector: Selector{Metric: "age", Lane: "pull", Reader: "healthy"}, Aggregation: Aggregation{Name: "p", N: 99.9}, Operator: "<", Wanted: Operand{Number: 0.25, Unit: UnitSeconds}}, ""},
		{"age{reader:healthy, lane:pull}", "p( 50 ) <= 1m30s", Threshold{Selector: Selector{Metric: "age", Lane: "pull", Reader: "healthy"}, Aggregation: Aggregation{Name: "p", N: 50}, Operator: "<=", Wanted: Operand{Number: 90, Unit: UnitSeconds}}, "p(50) <= 1m30s"},
		{"cpu", "avg < 40%", Threshold{Selector: Selector{Metric: "cpu"}, Aggregation: Aggregation{Name: "avg"}, Operator: "<", Wanted: Operand{Number: 40, Unit: UnitPercent}}, ""},
		{"received_bytes{reader:you}", "rate > 4KB/s", Threshold{Selector: Selector{Metric: "received_bytes", Reader: "you"}, Aggregation: Aggregation{Name: "rate"}, Operator: ">", Wanted: Operand{Number: 4000, Unit: UnitBytesPerSecond}}, ""},
		{"received_bytes", "count > 4KB", Threshold{Selector: Selector{Metric: "received_bytes"}, Aggregation: Aggregation{Name: "count"}, Operator: ">", Wanted: Operand{Number: 4000, Unit: UnitBytes}}, ""},
		{"produced", "rate >= 10/s", Threshold{Selector: Selector{Metric: "produced"}, Aggregation: Aggregation{Name: "rate"}, Operator: ">=", Wanted: Operand{Number: 10, Unit: UnitPerSecond}}, ""},
		{"restarts", "rate > 10/s", Threshold{Selector: Selector{Metric: "restarts"}, Aggregation: Aggregation{Name: "rate"}, Operator: ">", Wanted: Operand{Number: 10, Unit: UnitPerSecond}}, ""},
		{"exit_code{lane:push}", "last == 137", Threshold{Selector: Selector{Metric: "exit_code", Lane: "push"}, Aggregation: Aggregation{Name: "last"}, Operator: "==", Wanted: Operand{Number: 137}}, ""},
		{"rss{lane:push}", "max > 2 * max of rss{lane:pull}", Threshold{Selector: rss, Aggregation: Aggregation{Name: "max"}, Operator: ">", Wanted: Operand{Unit: UnitBytes, Of: &Reference{2, Aggregation{Name: "max"}, Selector{Metric: "rss", Lane: "pull"}}}}, ""},
		{"rss{lane:push}", "med>p(5)of rss{lane:pull}", Threshold{Selector: rss, Aggregation: Aggregation{Name: "med"}, Operator: ">", Wanted: Operand{Unit: UnitBytes, Of: &Reference{1, Aggregation{Name: "p", N: 5}, Selector{Metric: "rss", Lane: "pull"}}}}, "med > p(5) of rss{lane:pull}"},
		{"rss", "max > 0.5*max of broker_memory", Threshold{Selector: Selector{Metric: "rss"}, Aggregation: Aggregation{Name: "max"}, Operator: ">", Wanted: Operand{Unit: UnitBytes, Of: &Reference{0.5, Aggregation{Name: "max"}, Selector{Metric: "broker_memory"}}}}, "max > 0.5 * max of broker_memory"},
		{"received{reader:slow}", "count < 0.1 * count of received", Threshold{Selector: Selector{Metric: "received", Reader: "slow"}, Aggregation: Aggregation{Name: "count"}, Operator: "<", Wanted: Operand{Of: &Reference{0.1, Aggregation{Name: "count"}, Selector{Metric: "received"}}}}, ""},
		{"stall", "max < med of age{reader:slow}", Threshold{Selector: Selector{Metric: "stall"}, Aggregation: Aggregation{Name: "max"}, Operator: "<", Wanted: Operand{Unit: UnitSeconds, Of: &Reference{1, Aggregation{Name: "med"}, Selector{Metric: "age", Reader: "slow"}}}}, ""},
	} {
		got, err := parseThreshold(c.selector, c.rule, expressionWords)
		require.NoError(t, err, c.rule)
		c.want.Text = strings.TrimSpace(c.rule)
		require.Equal(t, c.want, got, c.rule)
		if c.plain == "" {
			c.plain = c.rule
		}
		require.Equal(t, c.plain, got.String())
	}
}

func TestParseCondition(t *testing.T) {
	got, err := parseCondition(" rss{lane:push} > 100MiB and\n received{lane:pull,reader:you}>=3 and stall{lane:push} != 0s ", expressionWords)
	require.NoError(t, err)
	require.Equal(t, Conditions{
		{Selector{Metric: "rss", Lane: "push"}, ">", 100 << 20, UnitBytes, "rss{lane:push} > 100MiB"},
		{Selector{"received", "pull", "you"}, ">=", 3, UnitNone, "received{lane:pull,reader:you}>=3"},
		{Selector{Metric: "stall", Lane: "push"}, "!=", 0, UnitSeconds, "stall{lane:push} != 0s"},
	}, got)
	require.Equal(t, "rss{lane:push} > 100MiB and received{lane:pull,reader:you} >= 3 and stall{lane:push} != 0s", got.String())

	for _, text := range []string{"produced > 100", "broker_memory > 1 MiB and produced > 1", "received{lane:push} == 0", "exit_code{lane:push} == 137"} {
		_, err := parseCondition(text, expressionWords)
		require.NoError(t, err, text)
	}
}

// TestExpressionErrors marks in each text what the error means: ‹ and ›.
func TestExpressionErrors(t *testing.T) {
	for _, c := range []struct{ selector, rule, want, nearest string }{
		{"‹rsss›{lane:push}", "max > 1MiB", `there is no metric "rsss"`, "rss"},
		{"‹recieved›", "count > 1", `there is no metric "recieved"`, "received"},
		{"‹latency›", "max > 1s", `there is no metric "latency"`, ""},
		{"‹›", "max > 1s", "want the name of a metric, for example rss{lane:push}", ""},
		{"‹›{lane:push}", "max > 1s", "want the name of a metric", ""},
		{"rss{‹lanes›:push}", "max > 1MiB", `there is no label "lanes": lane and reader are labels`, "lane"},
		{"rss{‹reader›:slow}", "max > 1MiB", "rss has no label reader: write rss{lane:push}", ""},
		{"produced{‹lane›:push}", "count > 1", "produced has no label lane: write produced", ""},
		{"rss{lane:push,‹lane›:pull}", "max > 1MiB", "the label lane is there twice", ""},
		{"rss{‹›}", "max > 1MiB", "want a label, for example lane:push", ""},
		{"rss{lane:‹›}", "max > 1MiB", "want the name of a lane", ""},
		{"age{reader‹›}", "max > 1s", `want ":" and the name of a group of readers`, ""},
		{"rss{lane:push‹›", "max > 1MiB", `want "," and another label, or "}"`, ""},
		{"rss{lane:push}‹max›", "max > 1MiB", `"max" is too much here: a selector is a metric and its labels, for example rss{lane:push}`, ""},

		{"rss", "‹›", "want an aggregation: min, max, avg, med, p(N), count, value, last", ""},
		{"rss", "‹maximum› > 1MiB", `"maximum" is no aggregation (min, max, avg, med, p(N), count, value, last)`, ""},
		{"rss", "‹agv› > 1MiB", `"agv" is no aggregation`, "avg"},
		{"age", "‹p99› < 1s", `"p99" is no aggregation`, "p(99)"},
		{"rss", "‹rate› > 1MB/s", "rss has no rate; it has min, max, avg, med, p(N), count, value, last", ""},
		{"delivered", "‹p(99)› > 1", "delivered has no p(99); it has count, rate, value, last", ""},
		{"age", "‹value› < 1s", "age has no value; it has min, max, avg, med, p(N), count", ""},
		{"age", "p ‹›< 1s", `want "(" and a number from 0 to 100, as in p(99)`, ""},
		{"age", "p(‹101›) < 1s", "want a number from 0 to 100, as in p(99)", ""},
		{"age", "p(‹x›) < 1s", "want a number from 0 to 100, as in p(99)", ""},
		{"age", "p(9 ‹›< 1s", `want ")", as in p(99)`, ""},
		{"rss", "max‹›", "want <, <=, >, >=, == or !=", ""},
		{"rss", "max ‹›1MiB", "want <, <=, >, >=, == or !=", ""},
		{"rss", "max ‹=› 1MiB", "want <, <=, >, >=, == or !=", "=="},
		{"rss", "max ‹=>› 1MiB", "want <, <=, >, >=, == or !=", ">="},
		{"rss", "max >‹›", "want bytes with their unit, for example 64KiB or 200MiB", ""},
		{"rss", "max > ‹200›", `"200" does not fit rss: want bytes with their unit, for example 64KiB or 200MiB`, ""},
		{"rss", "max > ‹200Mib›", `"200Mib" does not fit rss: want bytes with their unit`, "200MiB"},
		{"rss", "max > ‹200mb›", `"200mb" does not fit rss: want bytes with their unit`, "200MB"},
		{"rss", "max > ‹200MiB/s›", `"200MiB/s" does not fit rss: want bytes with their unit`, ""},
		{"rss", "max > ‹-1MiB›", "rss is never negative: want bytes with their unit without a sign", ""},
		{"rss", "max > ‹0x10MiB›", `"0x10MiB" does not fit rss`, ""},
		{"rss", "max > ‹1.2.3MiB›", `"1.2.3MiB" does not fit rss`, ""},
		{"age", "max < ‹250›", `"250" does not fit age: want a duration, for example 250ms or 1m30s`, ""},
		{"age", "max < ‹250milli›", `"250milli" does not fit age: want a duration`, ""},
		{"stall", "max < ‹25h›", `"25h" does not fit stall: want a duration`, ""},
		{"cpu", "max < ‹0.4›", `"0.4" does not fit cpu: want percent, for example 40%`, ""},
		{"goroutines", "max < ‹1KiB›", `"1KiB" does not fit goroutines: want a plain number, for example 100`, ""},
		{"received_bytes", "rate > ‹4KB›", `"4KB" does not fit received_bytes: want bytes per second, for example 4KB/s`, ""},
		{"received", "rate > ‹4›", `"4" does not fit received: want a number per second, for example 10/s`, ""},
		{"rss", "max > 1MiB ‹and› more", `"and" is too much here: a rule ends behind the value`, ""},
		{"rss", "max > 1MiB ‹%$§›", `"%$§" is too much here`, ""},
		{"rss", "max < ‹0B›", "rss is never below 0B, so this can never be true", ""},
		{"rss", "max > ‹4GiB›", "rss is never above 4GiB, so this can never be true", ""},
		{"rss", "max == ‹5GiB›", "rss is never above 4GiB, so this can never be true", ""},
		{"age", "p(99) >= ‹11m›", "age is never above 10m0s, so this can never be true", ""},

		{"rss", "max > ‹2x› * max of rss", `"2x" does not fit rss`, ""},
		{"rss", "max > ‹0› * max of rss", `"0" is no factor: want a plain number above 0, for example 2`, ""},
		{"rss", "max > ‹1.2.3› * max of rss", `"1.2.3" is no factor`, ""},
		{"rss", "max > 2 * ‹›", "want an aggregation: min, max", ""},
		{"rss", "max > 2 * ‹rss›", `"rss" is no aggregation`, ""},
		{"rss", "max > ‹rss›", `"rss" is no aggregation (min, max, avg, med, p(N), count, rate, value, last), and no value: want bytes with their unit, for example 64KiB or 200MiB`, ""},
		{"rss", "max > ‹mxa› of rss", `"mxa" is no aggregation`, "max"},
		{"rss", "max > 2 * max ‹rss›", `want "of" and a metric, for example max of rss{lane:push}`, ""},
		{"rss", "max > max‹›", `want "of" and a metric, for example max of rss{lane:push}`, ""},
		{"rss", "max > max of‹›", `want the name of a metric`, ""},
		{"rss", "max > 2 * max of ‹rs›{lane:pull}", `there is no metric "rs"`, "rss"},
		{"rss", "max > ‹rate› of rss{lane:pull}", "rss has no rate; it has", ""},
		{"rss", "max > ‹max of goroutines›", "max of rss is in bytes, max of goroutines in plain numbers: they cannot be compared", ""},
		{"rss", "max > ‹count of rss›", "max of rss is in bytes, count of rss in plain numbers", ""},
		{"broker_memory", "max > 2 * max of ‹rss›", "rss has several values: say which, for example rss{lane:push}", ""},
		{"stall", "max < max of ‹age›", "age has several values: say which, for example age{lane:push,reader:slow}", ""},
		{"rss", "max > max of rss ‹too›", `"too" is too much here: a rule ends behind the value`, ""},
	} {
		marked := c.selector
		if strings.Contains(c.rule, "‹") {
			marked = c.rule
		}
		_, err := parseThreshold(unmarked(c.selector), unmarked(c.rule), expressionWords)
		requireTextError(t, err, marked, c.want, c.nearest)
		require.Equal(t, marked == c.rule, err.(*textError).InRule, marked)
	}

	for _, c := range []struct{ text, want, nearest string }{
		{"‹›", "want the name of a metric", ""},
		{"‹rss› > 1MiB", "rss has several values: say which, for example rss{lane:push}", ""},
		{"‹age{lane:push}› > 1s", "age{lane:push} has several values: say which, for example age{lane:push,reader:slow}", ""},
		{"‹max› of rss{lane:push} > 1MiB", `"max" is too much here: a wait compares the value at the moment`, ""},
		{"rss{lane:push} > ‹100›", `"100" does not fit rss: want bytes`, ""},
		{"rss{lane:push} > ‹100› and produced > 1", `"100" does not fit rss: want bytes`, ""},
		{"rss{lane:push} > ‹max› of rss{lane:pull}", `want bytes with their unit`, ""},
		{"produced > 1 and ‹›", "want the name of a metric", ""},
		{"produced > 1 ‹adn› produced > 2", `"adn" is too much here: want "and" and another condition, or nothing`, "and"},
		{"produced > 1 ‹&&› produced > 2", `"&&" is too much here`, "and"},
		{"produced > 1 ‹or› produced > 2", `"or" is too much here`, ""},
		{"exit_code{lane:push} > ‹255›", "exit_code is never above 255, so this can never be true", ""},
	} {
		_, err := parseCondition(unmarked(c.text), expressionWords)
		requireTextError(t, err, c.text, c.want, c.nearest)
	}
}

func unmarked(text string) string { return strings.NewReplacer("‹", "", "›", "").Replace(text) }

func requireTextError(t *testing.T, err error, marked, want, nearest string) {
	t.Helper()
	var e *textError
	require.True(t, errors.As(err, &e), "%s: %v", marked, err)
	require.Contains(t, e.Error(), want, marked)
	require.Equal(t, nearest, e.Nearest, marked)
	text := unmarked(marked)
	require.Equal(t, marked, text[:e.At]+"‹"+text[e.At:e.At+e.Length]+"›"+text[e.At+e.Length:], e.Text)
}

func TestOperatorHolds(t *testing.T) {
	for _, c := range []struct {
		o                Operator
		less, same, more bool
	}{
		{"<", true, false, false}, {"<=", true, true, false}, {">", false, false, true},
		{">=", false, true, true}, {"==", false, true, false}, {"!=", true, false, true}, {"~", false, false, false},
	} {
		require.Equal(t, c.less, c.o.Holds(1, 2), c.o)
		require.Equal(t, c.same, c.o.Holds(2, 2), c.o)
		require.Equal(t, c.more, c.o.Holds(3, 2), c.o)
		require.False(t, c.o.Holds(math.NaN(), 2), c.o)
		require.False(t, c.o.Holds(2, math.NaN()), c.o)
	}
}

func TestFormatValue(t *testing.T) {
	for _, c := range []struct {
		unit Unit
		v    float64
		want string
	}{
		{UnitNone, 0, "0"}, {UnitNone, 137, "137"}, {UnitNone, 1204.25, "1204.2"}, {UnitNone, 0.333, "0.33"}, {UnitNone, -0.001, "0"},
		{UnitBytes, 0, "0B"}, {UnitBytes, 1023, "1023B"}, {UnitBytes, 1024, "1KiB"}, {UnitBytes, 1<<20 - 10, "1MiB"},
		{UnitBytes, 254.3 * (1 << 20), "254.3MiB"}, {UnitBytes, 200 << 20, "200MiB"}, {UnitBytes, 5 << 40, "5TiB"}, {UnitBytes, 5 << 50, "5120TiB"},
		{UnitBytesPerSecond, 41234, "41.2KB/s"}, {UnitBytesPerSecond, 999.96, "1KB/s"}, {UnitBytesPerSecond, 4e6, "4MB/s"},
		{UnitPerSecond, 9.8123, "9.8/s"},
		{UnitSeconds, 0, "0µs"}, {UnitSeconds, 0.0124, "12.4ms"}, {UnitSeconds, 0.25, "250ms"}, {UnitSeconds, 0.99999, "1s"}, {UnitSeconds, 12.94, "12.9s"},
		{UnitSeconds, 59.96, "1m0s"}, {UnitSeconds, 600, "10m0s"},
		{UnitPercent, 38, "38%"}, {UnitPercent, 0.5, "0.5%"}, {UnitPercent, 173.25, "173.2%"},
	} {
		require.Equal(t, c.want, FormatValue(c.unit, c.v))
	}
}

// FuzzThreshold holds that whatever parses is spelled so that it parses to the
// same, and that errors point into the text.
func FuzzThreshold(f *testing.F) {
	for _, seed := range [][2]string{
		{"rss{lane:push}", "max > 200MiB"}, {"rss{lane:push}", "max > 2 * max of rss{lane:pull}"}, {"age{lane:pull,reader:healthy}", "p(99.9) < 250ms"},
		{"cpu", "avg<40%"}, {"received_bytes", "rate>=1.5KB/s"}, {"produced", "rate < 1e3 /s"}, {"stall", "max < 1m30s"}, {"rss{", "p("}, {"rss{lane:ü}", "max > 5 µs"},
		{"received_bytes", "count > 1e9GB"}, {"stall", "max != 23h59m59.999999999s"}, {"goroutines", "max == 1e-320"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, selector, rule string) {
		got, err := parseThreshold(selector, rule, expressionWords)
		if err != nil {
			requireInside(t, err, selector, rule)
			return
		}
		again, err := parseThreshold(got.Selector.String(), got.String(), expressionWords)
		require.NoError(t, err, got.String())
		got.Text = got.String()
		require.Equal(t, got, again)
	})
}

// FuzzCondition is FuzzThreshold for waits.
func FuzzCondition(f *testing.F) {
	for _, seed := range []string{
		"rss{lane:push} > 100MiB", "rss{lane:push} > 100MiB and produced >= 3", "stall{lane:x} < 250 ms and cpu{lane:y} != 4 %", "a and b", "produced > 3and produced > 4",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseCondition(text, expressionWords)
		if err != nil {
			requireInside(t, err, text, text)
			return
		}
		require.NotEmpty(t, got)
		again, err := parseCondition(got.String(), expressionWords)
		require.NoError(t, err, got.String())
		for i := range got {
			require.Contains(t, text, got[i].Text)
			got[i].Text = got[i].String()
		}
		require.Equal(t, got, again)
	})
}

func requireInside(t *testing.T, err error, selector, rule string) {
	e := err.(*textError)
	if e.InRule {
		selector = rule
	}
	require.NotEmpty(t, e.Text)
	require.GreaterOrEqual(t, e.At, 0)
	require.GreaterOrEqual(t, e.Length, 0)
	require.LessOrEqual(t, e.At+e.Length, len(selector))
}
