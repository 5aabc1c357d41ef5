package strategy_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/strategy"
	"spillway/server/internal/strategy/strategytest"
)

// What is there anyway goes into one write, as much as was asked for and no more.
func TestWhatIsThereGoesTogether(t *testing.T) {
	for _, test := range []struct {
		name, strategy  string
		demand, fetched bool
		size            int
		want            []int // messages of each write
	}{
		{"as much as is fetched", "pull-drain", false, true, 10, []int{64, 6}},
		{"nothing is fetched ahead", "pull-drain", false, false, 10, ones(70)},
		{"as much as goes into one write", "pull-drain", false, true, 8 << 10, twos(35)},
		{"as much as is asked for", "pull-drain", true, true, 10, []int{3, 64, 3}},
		{"as much as waits", "push-buffered", false, false, 10, []int{1, 64, 5}},
		{"as much as waits and goes into one write", "push-buffered", false, false, 8 << 10, append([]int{1}, append(twos(34), 1)...)},
		{"as much as waits and is asked for", "push-buffered", true, false, 10, []int{1, 2, 62, 5}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, _ := strategy.Find(test.strategy)
			synctest.Test(t, func(t *testing.T) {
				l := strategytest.StartWith(t, d, nil, test.demand, test.fetched)
				l.SizeBytes = test.size
				if test.demand {
					l.Request(3)
				}
				if test.strategy == "push-buffered" { // the reader stalls with the first
					l.Give(1)
					synctest.Wait()
					l.Give(69)
				} else {
					l.Give(70)
				}
				synctest.Wait()
				l.Serve(70)
				synctest.Wait()
				if test.demand {
					l.Request(67)
					synctest.Wait()
				}
				require.Equal(t, test.want, l.Sink.Writes())
				require.ErrorContains(t, l.Stop(), "canceled")
			})
		})
	}
}

func ones(n int) []int { return repeat(1, n) }
func twos(n int) []int { return repeat(2, n) }

func repeat(v, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = v
	}
	return out
}
