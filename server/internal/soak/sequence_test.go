package soak

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// desk feeds a reader's decoder and its sequence as a person does.
type desk struct {
	decoder reader.Reader
	seen    sequence
	first   bool
	restart bool
}

// connect begins a connection.
func (d *desk) connect() {
	d.decoder.Reconnected()
	d.first, d.restart = true, false
}

// get takes messages in.
func (d *desk) get(from, to uint64) {
	for seq := from; seq <= to; seq++ {
		const size = 100
		pos := uint64(0)
		for before := uint64(1); before < seq; before++ {
			pos += wire.EventBytes(before, size)
		}
		data := wire.AppendHeader(nil, wire.Header{Seq: seq, AtMicros: 1, Pos: pos})
		for len(data) < size-1 {
			data = append(data, ' ')
		}
		before := d.decoder.Account()
		d.decoder.Feed([]byte("id: "+strconv.FormatUint(seq, 10)+"\ndata: "+string(data)+"}\n\n"), 1)
		d.seen.take(before, d.decoder.Account(), d.first, d.restart)
		d.first = false
	}
}

func TestSequenceOfAStream(t *testing.T) {
	for name, c := range map[string]struct {
		play     func(d *desk)
		produced uint64
		firsts   []uint64
		want     Verdict
		wrong    string
	}{
		"complete over two connections": {
			play:     func(d *desk) { d.get(3, 9); d.connect(); d.get(10, 12) },
			produced: 12, want: Verdict{Messages: 10},
		},
		"a gap": {
			play:     func(d *desk) { d.get(1, 4); d.get(7, 9) },
			produced: 9, want: Verdict{Messages: 7, Gap: 2, Holes: []hole{{from: 5, to: 6}}},
			wrong: "pull-1 misses 2 messages that nothing may have taken [5 to 6]",
		},
		"a gap between two connections": {
			play:     func(d *desk) { d.get(1, 4); d.connect(); d.get(6, 9) },
			produced: 9, want: Verdict{Messages: 8, Gap: 1, Holes: []hole{{from: 5, to: 5, joint: true}}},
			wrong: "pull-1 misses 1 messages that nothing may have taken [5 to 5]",
		},
		"a repeat": {
			play:     func(d *desk) { d.get(1, 4); d.connect(); d.get(4, 9) },
			produced: 9, want: Verdict{Messages: 10, Repeats: 1},
			wrong: "pull-1 got 1 messages twice",
		},
		"not to the end": {
			play:     func(d *desk) { d.get(1, 4) },
			produced: 6, want: Verdict{Messages: 4, Short: 2},
			wrong: "pull-1 has not got the last 2 messages",
		},
		"a broker that came back empty": {
			play:     func(d *desk) { d.get(1, 4); d.get(9, 12) },
			produced: 12, firsts: []uint64{9}, want: Verdict{Messages: 8, Broker: 4},
		},
		"the same broker does not excuse what it had": {
			play:     func(d *desk) { d.get(1, 4); d.get(10, 12) },
			produced: 12, firsts: []uint64{9}, want: Verdict{Messages: 7, Gap: 5, Holes: []hole{{from: 5, to: 9}}},
			wrong: "pull-1 misses 5 messages that nothing may have taken [5 to 9]",
		},
		"nor what it lost before": {
			play:     func(d *desk) { d.get(1, 2); d.get(4, 6); d.get(9, 12) },
			produced: 12, firsts: []uint64{9}, want: Verdict{Messages: 9, Gap: 1, Broker: 2, Holes: []hole{{from: 3, to: 3}}},
			wrong: "pull-1 misses 1 messages that nothing may have taken [3 to 3]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var d desk
			d.connect()
			c.play(&d)
			v := d.seen.judge(c.produced, c.firsts)
			require.Equal(t, c.want, v)
			wrong := v.wrong("pull-1", false)
			if c.wrong == "" {
				require.Empty(t, wrong)
			} else {
				require.Equal(t, []string{c.wrong}, wrong)
			}
			require.Empty(t, addsUp("pull-1", d.seen, d.decoder.Account()))
		})
	}
}

func TestSequenceOnPubSub(t *testing.T) {
	for name, c := range map[string]struct {
		play func(d *desk)
		want Verdict
	}{
		"away": {
			func(d *desk) { d.get(1, 4); d.connect(); d.get(9, 12) },
			Verdict{Messages: 8, Unkept: 4},
		},
		"the broker died": {
			func(d *desk) { d.get(1, 4); d.restart = true; d.get(9, 12) },
			Verdict{Messages: 8, Unkept: 4},
		},
		"there all the time": {
			func(d *desk) { d.get(1, 4); d.get(9, 12) },
			Verdict{Messages: 8, Gap: 4},
		},
		"twice": {
			func(d *desk) { d.get(1, 4); d.get(4, 5) },
			Verdict{Messages: 6, Repeats: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := desk{seen: sequence{lossy: true}}
			d.connect()
			c.play(&d)
			v := d.seen.judge(d.seen.last, nil)
			require.Equal(t, c.want, v)
			require.Equal(t, v.Gap+v.Repeats > 0, len(v.wrong("push-1", true)) > 0)
		})
	}
}

func TestManyHolesAreAllCounted(t *testing.T) {
	var d desk
	d.connect()
	for i := range uint64(maxHoles + 10) {
		d.get(2*i+1, 2*i+1)
	}
	require.EqualValues(t, maxHoles+9, d.seen.judge(d.seen.last, nil).Gap)
}

func TestBytesThatDoNotAddUp(t *testing.T) {
	var d desk
	d.connect()
	d.get(1, 3)
	a := d.decoder.Account()
	require.Empty(t, addsUp("a", d.seen, a))
	a.Text--
	require.Len(t, addsUp("a", d.seen, a), 1, "a byte less than lies between")
	a.Text += 2
	require.Len(t, addsUp("a", d.seen, a), 1, "a byte more")
	a.Text--
	a.Malformed = 1
	require.Len(t, addsUp("a", d.seen, a), 1)
}
