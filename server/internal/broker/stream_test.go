package broker

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/redcon"
)

// model is a stream as simple as it can be.
type model struct {
	ids    []streamID
	values []string
}

func (m *model) encode(reversed bool, from, to streamID, limit int) []byte {
	var found []int
	for i, id := range m.ids {
		if !id.less(from) && !to.less(id) {
			found = append(found, i)
		}
	}
	if reversed {
		slices.Reverse(found)
	}
	if limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	out := redcon.AppendArray(nil, len(found))
	for _, i := range found {
		out = redcon.AppendArray(out, 2)
		out = redcon.AppendBulkString(out, m.ids[i].String())
		out = redcon.AppendArray(out, 2)
		out = redcon.AppendBulkString(out, "m")
		out = redcon.AppendBulkString(out, m.values[i])
	}
	return out
}

func (m *model) remove(i, j int) {
	m.ids = slices.Delete(m.ids, i, j)
	m.values = slices.Delete(m.values, i, j)
}

// TestStreamAgainstModel adds, deletes, trims and reads at random.
func TestStreamAgainstModel(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			s, m := new(stream), new(model)
			anyID := func() streamID {
				return streamID{uint64(r.IntN(int(s.lastID.ms) + 3)), uint64(r.IntN(3))}
			}
			for step := range 3000 {
				switch op := r.IntN(100); {
				case op < 70:
					id := streamID{s.lastID.ms + uint64(r.IntN(2)), s.lastID.seq + 1}
					value := strings.Repeat("x", r.IntN(1<<r.IntN(13)))
					s.add(id, [][]byte{[]byte("m"), []byte(value)})
					m.ids, m.values = append(m.ids, id), append(m.values, value)
				case op < 80 && len(m.ids) > 0:
					i := r.IntN(len(m.ids))
					require.True(t, s.remove(m.ids[i]))
					require.False(t, s.remove(m.ids[i]))
					m.remove(i, i+1)
				case op < 83:
					id := anyID()
					n, _ := slices.BinarySearchFunc(m.ids, id, streamID.compare)
					require.EqualValues(t, n, s.trim(trim{strategy: trimMinID, minID: id}))
					m.remove(0, n)
				case op < 86:
					n := max(0, len(m.ids)-r.IntN(200))
					require.EqualValues(t, n, s.trim(trim{strategy: trimMaxLen, maxLen: int64(len(m.ids) - n)}))
					m.remove(0, n)
				case op < 88:
					most := max(0, len(m.ids)-r.IntN(200))
					n := s.trim(trim{strategy: trimMaxLen, maxLen: int64(len(m.ids) - most), approximate: true, limit: 1000})
					require.LessOrEqual(t, n, int64(most))
					require.Less(t, int64(most)-n, int64(nodeMaxEntries))
					m.remove(0, int(n))
				default:
					from, to, limit := anyID(), anyID(), r.IntN(20)
					require.Equal(t, string(m.encode(false, from, to, limit)), string(s.appendRange(nil, from, to, limit)))
					require.Equal(t, string(m.encode(true, from, to, limit)), string(s.appendReversed(nil, from, to, limit)))
				}
				require.Equal(t, len(m.ids), s.length, "step %d", step)
				if s.length > 0 {
					require.Equal(t, m.ids[0], s.firstID())
					require.Equal(t, m.ids[len(m.ids)-1], s.newestID())
				}
				size := int64(0)
				for _, n := range s.nodes[s.head:] {
					size += n.size()
					require.Positive(t, n.live())
					require.LessOrEqual(t, n.live(), nodeMaxEntries)
				}
				require.Equal(t, size, s.bytes)
			}
			require.Equal(t, string(m.encode(false, minID, maxID, 0)), string(s.appendRange(nil, minID, maxID, 0)))
			s.trim(trim{strategy: trimMaxLen})
			require.Zero(t, s.bytes)
			require.Zero(t, s.length)
		})
	}
}

// TestStreamMemory compares the account with what the heap says.
func TestStreamMemory(t *testing.T) {
	for _, size := range []int{20, 200, 1000, 4096} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			before := heap()
			s := new(stream)
			value := []byte(strings.Repeat("x", size))
			for i := range 8 << 20 / size {
				s.add(streamID{uint64(i + 1), 0}, [][]byte{[]byte("m"), value})
			}
			full := heap()
			require.InEpsilon(t, full-before, s.bytes, 0.1)
			s.trim(trim{strategy: trimMaxLen, maxLen: int64(s.length / 4)})
			require.InEpsilon(t, heap()-before, s.bytes, 0.1, "trimming gives memory back")
			require.Less(t, s.bytes, (full-before)/3)
			runtime.KeepAlive(s)
		})
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestStreamIDLimits(t *testing.T) {
	_, ok := maxID.next()
	require.False(t, ok)
	_, ok = minID.previous()
	require.False(t, ok)
	next, ok := streamID{1, 1<<64 - 1}.next()
	require.True(t, ok)
	require.Equal(t, streamID{2, 0}, next)
	previous, ok := streamID{2, 0}.previous()
	require.True(t, ok)
	require.Equal(t, streamID{1, 1<<64 - 1}, previous)
}
