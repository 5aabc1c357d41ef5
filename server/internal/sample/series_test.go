package sample

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeriesKeepsTheNewest(t *testing.T) {
	for _, c := range []struct {
		name   string
		append int
		want   []int
	}{
		{"empty", 0, []int{}},
		{"one", 1, []int{1}},
		{"almost full", 3, []int{1, 2, 3}},
		{"full", 4, []int{1, 2, 3, 4}},
		{"one forgotten", 5, []int{2, 3, 4, 5}},
		{"round twice", 11, []int{8, 9, 10, 11}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := NewSeries[int](4)
			for i := range c.append {
				s.Append(i + 1)
			}
			require.Equal(t, c.want, s.Snapshot())
			require.Equal(t, append([]int{-1}, c.want...), s.AppendTo([]int{-1}))
			require.Equal(t, len(c.want), s.Len())
			require.Equal(t, 4, s.Cap())
			require.Equal(t, uint64(c.append), s.Total())
			last, ok := s.Last()
			require.Equal(t, c.append > 0, ok)
			require.Equal(t, c.append, last)

			s.Reset()
			require.Empty(t, s.Snapshot())
			s.Append(7)
			require.Equal(t, []int{7}, s.Snapshot())
		})
	}
}

func TestSeriesSnapshotIsACopy(t *testing.T) {
	s := NewSeries[int](2)
	s.Append(1)
	before := s.Snapshot()
	s.Append(2)
	s.Append(3)
	require.Equal(t, []int{1}, before)
}

func TestSeriesWithoutCapacity(t *testing.T) {
	require.Panics(t, func() { NewSeries[int](0) })
}

// Every snapshot taken beside an appending goroutine is one run without a gap.
func TestSeriesConcurrently(t *testing.T) {
	const appends = 10_000
	s := NewSeries[int](64)
	var appending sync.WaitGroup
	appending.Go(func() {
		for i := range appends {
			s.Append(i)
		}
	})
	for s.Total() < appends {
		values := s.Snapshot()
		for i := 1; i < len(values); i++ {
			require.Equal(t, values[i-1]+1, values[i])
		}
	}
	appending.Wait()
}

func TestSeriesAppendAllocatesNothing(t *testing.T) {
	s := NewSeries[Sample](SeriesCapacity)
	require.Zero(t, testing.AllocsPerRun(100, func() { s.Append(Sample{}) }))
}
