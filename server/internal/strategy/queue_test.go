package strategy

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
)

func TestQueueIsFirstInFirstOut(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 1))
		q := newQueue()
		var want []uint64
		next := uint64(0)
		for range 100 {
			for range random.IntN(2 * chunkMessages) {
				next++
				q.push(lane.Message{Seq: next})
				want = append(want, next)
			}
			for range random.IntN(2 * chunkMessages) {
				m, ok := q.pop()
				require.Equal(t, len(want) > 0, ok)
				if ok {
					require.Equal(t, want[0], m.Seq)
					want = want[1:]
				}
			}
			require.LessOrEqual(t, len(q.chunks), len(want)/chunkMessages+2, "drained chunks are kept")
		}
	}
}

func TestQueueTellsThatThereIsSomething(t *testing.T) {
	q := newQueue()
	require.Empty(t, q.ready)
	q.push(lane.Message{Seq: 1})
	q.push(lane.Message{Seq: 2})
	require.Len(t, q.ready, 1)
}

func TestQueueReleasesWhatWasPopped(t *testing.T) {
	q := newQueue()
	type payload [256]byte
	var payloads []weak.Pointer[payload]
	for i := range 2*chunkMessages + 3 {
		p := new(payload)
		payloads = append(payloads, weak.Make(p))
		q.push(lane.Message{Seq: uint64(i + 1), Data: unsafe.String(&p[0], len(p))})
	}
	const popped = chunkMessages + 5 // a whole chunk, and some of the next
	for range popped {
		_, ok := q.pop()
		require.True(t, ok)
	}
	runtime.GC()
	for i, p := range payloads {
		require.Equal(t, i < popped, p.Value() == nil, "payload %d", i)
	}
	runtime.KeepAlive(q)
}

func TestQueueBetweenTwoGoroutines(t *testing.T) {
	const count = 20_000
	q := newQueue()
	go func() {
		for i := range uint64(count) {
			q.push(lane.Message{Seq: i + 1})
		}
	}()
	for last := uint64(0); last < count; {
		m, ok := q.pop()
		if !ok {
			<-q.ready
			continue
		}
		require.Equal(t, last+1, m.Seq)
		last = m.Seq
	}
}

func BenchmarkQueue(b *testing.B) {
	q := newQueue()
	b.ReportAllocs()
	for b.Loop() {
		q.push(lane.Message{Seq: 1, Data: "x"})
		q.pop()
	}
}
