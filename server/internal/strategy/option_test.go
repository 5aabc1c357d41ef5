package strategy_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/strategy"
	"spillway/server/internal/strategy/strategytest"
)

// sieve is a strategy of these tests: it lets every nth message through, after
// a pause, unless that is too small.
type sieve struct {
	every    uint64
	pause    time.Duration
	minBytes int64
}

func (s sieve) Run(ctx context.Context, in strategy.Source, out strategy.Sink, st *lane.Stats) error {
	for {
		m, err := in.Next(ctx)
		if err != nil {
			return err
		}
		if m.Seq%s.every != 0 || int64(m.Bytes()) < s.minBytes {
			st.Drop(m)
			continue
		}
		<-time.After(s.pause)
		if err := out.Send(ctx, m); err != nil {
			return err
		}
	}
}

var errSieve = errors.New("nothing passes")

var sieveDefinition = strategy.Definition{
	Name: "sieve",
	Options: []strategy.Option{
		{Name: "every", Kind: strategy.Number, Default: "1", Min: 1, Max: 1000, Help: "Which messages pass."},
		{Name: "pause", Kind: strategy.Duration, Default: "0s", Min: 0, Max: 60, Help: "How long each one takes."},
		{Name: "min_size", Kind: strategy.Bytes, Default: "1B", Min: 0, Max: 1 << 20, Help: "What smaller ones are not worth."},
	},
	New: func(o strategy.Options) (strategy.Strategy, error) {
		s := sieve{uint64(o.Number("every")), o.Duration("pause"), o.Bytes("min_size")}
		if s.every > 100 && s.minBytes > 1<<10 {
			return nil, errSieve
		}
		return s, nil
	},
}

func TestOptionsAreRead(t *testing.T) {
	for _, test := range []struct {
		name    string
		written map[string]string
		want    sieve
	}{
		{"none", nil, sieve{1, 0, 1}},
		{"empty", map[string]string{}, sieve{1, 0, 1}},
		{"all", map[string]string{"every": "7", "pause": "0.5s", "min_size": "64KiB"}, sieve{7, 500 * time.Millisecond, 64 << 10}},
		{"the bounds themselves", map[string]string{"every": "1000", "pause": "60s", "min_size": "0B"}, sieve{1000, time.Minute, 0}},
		{"other ways to write", map[string]string{"every": "1e2", "pause": "1500us", "min_size": "1.5 kB"}, sieve{100, 1500 * time.Microsecond, 1500}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := sieveDefinition.Make(test.written)
			require.NoError(t, err)
			require.Equal(t, test.want, s)
		})
	}
}

func TestOptionsAreRefused(t *testing.T) {
	for _, test := range []struct {
		name    string
		written map[string]string
		says    string
	}{
		{"unknown", map[string]string{"ever": "1"}, `strategy sieve has no option "ever"; there are every, pause, min_size`},
		{"no number", map[string]string{"every": "often"}, `option every of strategy sieve: "often": want a whole number`},
		{"not a number", map[string]string{"every": "NaN"}, `want a whole number`},
		{"without end", map[string]string{"every": "+Inf"}, `want a whole number`},
		{"a part", map[string]string{"every": "2.5"}, `"2.5": want a whole number`},
		{"empty", map[string]string{"every": ""}, `want a whole number`},
		{"a number with a unit", map[string]string{"every": "3KiB"}, `want a whole number`},
		{"too small", map[string]string{"every": "0"}, `option every of strategy sieve: "0" is not between 1 and 1000`},
		{"too large", map[string]string{"every": "1e300"}, `is not between 1 and 1000`},
		{"a time without a unit", map[string]string{"pause": "3"}, `"3": want a span of time, for example 250ms or 2s`},
		{"too long", map[string]string{"pause": "61s"}, `"61s" is not between 0s and 1m0s`},
		{"negative time", map[string]string{"pause": "-1ms"}, `is not between 0s and 1m0s`},
		{"bytes without a unit", map[string]string{"min_size": "64"}, `"64": want a number with its unit, for example 64KiB or 1MB`},
		{"a unit without bytes", map[string]string{"min_size": "KiB"}, `want a number with its unit`},
		{"too many bytes", map[string]string{"min_size": "2MiB"}, `"2MiB" is not between 0B and 1MiB`},
		{"not together", map[string]string{"every": "1000", "min_size": "1MiB"}, "make strategy sieve: nothing passes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := sieveDefinition.Make(test.written)
			require.ErrorContains(t, err, test.says)
			require.Nil(t, s)
		})
	}
	_, err := strategy.Definition{Name: "plain"}.Make(map[string]string{"size": "1"})
	require.EqualError(t, err, `strategy plain has no options, and so no "size"`)
}

func TestAnOptionThatIsNotDefined(t *testing.T) {
	o, err := sieveDefinition.Parse(nil)
	require.NoError(t, err)
	require.Panics(t, func() { o.Number("other") })
}

// The strategy runs with what was written, for any number of readers at once.
func TestOptionsDecide(t *testing.T) {
	d := sieveDefinition
	s, err := d.Make(map[string]string{"every": "5", "pause": "1s"})
	require.NoError(t, err)
	d.Options = nil
	d.New = func(strategy.Options) (strategy.Strategy, error) { return s, nil }
	synctest.Test(t, func(t *testing.T) {
		for _, l := range []*strategytest.Line{strategytest.Start(t, d), strategytest.Start(t, d)} {
			l.Give(12)
			l.Serve(12)
			<-time.After(3 * time.Second)
			synctest.Wait()
			require.Equal(t, []uint64{5, 10}, l.Sink.Received())
			require.Equal(t, uint64(10), l.Counts().Dropped)
			require.ErrorIs(t, l.Stop(), context.Canceled)
		}
	})
}

// Whatever is written is refused, or is within the bounds.
func FuzzOptions(f *testing.F) {
	for _, text := range []string{"", "1", "0.5", "-1", "1e309", "0x1p10", "64KiB", "1 MB", "10s", "1h", "-5ms", "1m1ns", "inf"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, o := range sieveDefinition.Options {
			values, err := sieveDefinition.Parse(map[string]string{o.Name: text})
			if err != nil {
				require.NotEmpty(t, err.Error())
				continue
			}
			v := map[strategy.Kind]float64{
				strategy.Number:   float64(values.Number(o.Name)),
				strategy.Bytes:    float64(values.Bytes(o.Name)),
				strategy.Duration: values.Duration(o.Name).Seconds(),
			}[o.Kind]
			require.GreaterOrEqual(t, v, o.Min)
			require.LessOrEqual(t, v, o.Max)
		}
	})
}
