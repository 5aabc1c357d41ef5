package transport

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// In order a number that is passed over is lost at once; out of order it may
// still come.
func TestProgress(t *testing.T) {
	type lost [2]uint64
	for _, test := range []struct {
		name      string
		unordered bool
		last      uint64
		seqs      []uint64
		lost      []lost
		low       []uint64
	}{
		{"in order", false, 0, []uint64{5, 6, 9, 10}, []lost{{}, {}, {7, 8}, {}}, []uint64{5, 6, 9, 10}},
		{"in order, resumed", false, 4, []uint64{8}, []lost{{5, 7}}, []uint64{8}},
		{"a repetition", false, 4, []uint64{4, 5}, []lost{{}, {}}, []uint64{4, 5}},
		{"overtaken", true, 1, []uint64{3, 2, 5, 6, 4, 7}, make([]lost, 6), []uint64{1, 3, 3, 3, 6, 7}},
		{"twice ahead", true, 1, []uint64{3, 3, 2}, make([]lost, 3), []uint64{1, 1, 3}},
		{"late by far", true, 9, []uint64{2, 10}, make([]lost, 2), []uint64{9, 10}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := progress{unordered: test.unordered, low: test.last}
			for i, seq := range test.seqs {
				from, to := p.write(seq)
				require.Equal(t, test.lost[i], lost{from, to}, "%d", seq)
				require.Equal(t, test.low[i], p.low, "%d", seq)
			}
		})
	}
}

// Whatever overtakes what, the position never is above a message that has not
// been written, and what never comes is told once, in the end.
func TestProgressOutOfOrder(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 2))
		const count, spread = 3000, 64
		var order []uint64
		missing := 0
		for seq := uint64(1); seq <= count; seq++ {
			if seq > 1 && random.IntN(100) == 0 && seq < count-2*maxAhead {
				missing++
				continue
			}
			order = append(order, seq)
		}
		for i := range order[1:] { // each is overtaken by a few
			if j := 1 + i + random.IntN(spread); j < len(order) {
				order[1+i], order[j] = order[j], order[1+i]
			}
		}
		if slices.IsSorted(order) {
			continue
		}
		p := progress{unordered: true}
		written, told := map[uint64]bool{}, map[uint64]bool{}
		for _, seq := range order {
			from, to := p.write(seq)
			written[seq] = true
			for ; from > 0 && from <= to; from++ {
				require.False(t, told[from], "told twice")
				told[from] = true
			}
			require.LessOrEqual(t, len(p.ahead), maxAhead)
		}
		for seq := uint64(1); seq <= p.low; seq++ {
			require.True(t, written[seq] || told[seq], "message %d is neither written nor lost, and below %d", seq, p.low)
		}
		require.GreaterOrEqual(t, len(told), missing)
	}
}
