package strategy

import (
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
)

// pop takes the oldest message, as a write that has room for one.
func (q *queue) pop() (lane.Message, bool) {
	t := together{messages: make([]lane.Message, 0, togetherMessages), bytes: togetherBytes - 1}
	_ = q.take(&t)
	if len(t.messages) == 0 {
		return lane.Message{}, false
	}
	return t.messages[0], true
}

func TestQueueFillsAWrite(t *testing.T) {
	q := newQueue()
	for seq := range uint64(100) {
		q.push(lane.Message{Seq: seq + 1, Data: "x"})
	}
	var w together
	require.NoError(t, q.next(t.Context(), &w))
	require.Len(t, w.messages, togetherMessages)
	require.NoError(t, q.next(t.Context(), &w))
	require.Len(t, w.messages, 100-togetherMessages)
	require.EqualValues(t, 100, w.messages[len(w.messages)-1].Seq)

	large := strings.Repeat("x", togetherBytes/2)
	for seq := range uint64(3) {
		q.push(lane.Message{Seq: seq + 101, Data: large})
	}
	q.end(io.EOF)
	require.NoError(t, q.next(t.Context(), &w))
	require.Len(t, w.messages, 2, "as many bytes as go into one write")
	require.NoError(t, q.next(t.Context(), &w))
	require.Len(t, w.messages, 1)
	require.ErrorIs(t, q.next(t.Context(), &w), io.EOF)
}

func TestQueueIsFirstInFirstOut(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 1))
		q := newQueue()
		var want []uint64
		next := uint64(0)
		for range 100 {
			for range random.IntN(2 * chunkMessages) {
				next++
				q.push(lane.Message{Seq: next, Data: "x"})
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
			q.push(lane.Message{Seq: i + 1, Data: "x"})
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
