package reader_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// sent is a message of a channel as it is sent, and where it lies.
type sent struct {
	event    []byte
	pos, end uint64
}

// channel makes messages of many sizes, across several numbers of digits.
func channel(random *rand.Rand, count int) (all []sent) {
	pos := uint64(0)
	for i := range count {
		seq := uint64(i + 1)
		p := payload(seq, pos, 100+random.IntN(300))
		m := sent{event: event(seq, p), pos: pos, end: pos + wire.EventBytes(seq, len(p))}
		all = append(all, m)
		pos = m.end
	}
	return all
}

// feed hands b over in pieces of random sizes.
func feed(random *rand.Rand, r *reader.Reader, b []byte) {
	for len(b) > 0 {
		n := 1 + random.IntN(min(len(b), 1+random.IntN(500)))
		r.Feed(b[:n], at)
		b = b[n:]
	}
}

// A reader that gets some of the messages, cut anywhere and over connections
// that break anywhere, knows to the byte what it did not get.
func TestHolesHaveExactSizes(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 7))
		var r reader.Reader
		var got, missing, hole uint64
		var first, last *sent
		share := random.Float64()
		for _, m := range channel(random, 300) {
			if random.IntN(20) == 0 { // this one is cut off by the end of its connection
				feed(random, &r, m.event[:random.IntN(len(m.event))])
				r.Reconnected()
			}
			if random.Float64() < share {
				hole += m.end - m.pos
				continue
			}
			feed(random, &r, m.event)
			if first == nil {
				first, hole = &m, 0
			}
			last = &m
			got += m.end - m.pos
			missing += hole
			hole = 0
		}
		if first == nil {
			continue
		}
		a := r.Account()
		require.Equal(t, first.pos, a.From)
		require.Equal(t, last.end, a.To)
		require.Equal(t, got, a.Text)
		require.Equal(t, missing, a.To-a.From-a.Text)
		require.Equal(t, a.Gaps == 0, missing == 0)
	}
}

// The text is what came over the connections, so what comes twice counts twice;
// where the reader stands in the channel does not move.
func TestRepeatsMoveNoPosition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 7))
	all := channel(random, 20)
	var r reader.Reader
	for _, m := range all[5:15] {
		feed(random, &r, m.event)
	}
	before := r.Account()
	require.Equal(t, before.To-before.From, before.Text)
	r.Reconnected()
	for _, m := range all[7:15] {
		feed(random, &r, m.event)
	}
	after := r.Account()
	require.Equal(t, before.From, after.From)
	require.Equal(t, before.To, after.To)
	require.Equal(t, before.Text+all[14].end-all[7].pos, after.Text)
	require.EqualValues(t, 8, after.Repeats)
}

// Lanes with several workers give up order: what comes late is no repeat, and in
// the end nothing is missing, whichever came first.
func TestOutOfOrderNothingIsMissing(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 9))
		all := channel(random, 120)[20:]
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		var r reader.Reader
		for _, m := range all {
			feed(random, &r, m.event)
		}
		a := r.Account()
		require.Zero(t, a.To-a.From-a.Text)
		require.Equal(t, slices.MinFunc(all, byPosition).pos, a.From)
		require.Equal(t, slices.MaxFunc(all, byPosition).end, a.To)
	}
}

func byPosition(a, b sent) int { return int(int64(a.pos) - int64(b.pos)) }

// What is no message has no place in the channel.
func TestPositionsOfMessagesAlone(t *testing.T) {
	var r reader.Reader
	r.Feed([]byte("event: ready\ndata: {}\n\n: alive\n\ndata: not a message\n\nevent: gap\ndata: {}\n\n"), at)
	require.Equal(t, reader.Account{Bytes: r.Account().Bytes, Malformed: 1, Ready: 1, Notices: 1}, r.Account())
}
