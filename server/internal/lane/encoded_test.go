package lane

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEncodedIsMadeOnce(t *testing.T) {
	var e Encoded
	made := 0
	frame := func() any { made++; return &made }
	var work sync.WaitGroup
	for range 50 {
		work.Go(func() {
			if e.As("frame", frame) != &made {
				t.Error("something else")
			}
		})
	}
	work.Wait()
	require.LessOrEqual(t, made, 2, "once, or twice with a collection in between")
}

// One name is kept, and the other one is not mistaken for it.
func TestEncodedKeepsNamesApart(t *testing.T) {
	var e Encoded
	for range 3 {
		require.Equal(t, "a frame", e.As("frame", func() any { return "a frame" }))
		require.Equal(t, "a chunk", e.As("chunk", func() any { return "a chunk" }))
	}
}

// What waits for a slow reader is the message, and not what was made of it for
// those that have it.
func TestEncodedDoesNotWaitWithTheMessage(t *testing.T) {
	const messages, size = 64, 1 << 20
	all := make([]*Encoded, messages)
	before := live()
	for i := range all {
		all[i] = new(Encoded)
		all[i].As("frame", func() any { return make([]byte, size) })
	}
	require.Less(t, live()-before, int64(messages*size/4))
	made := false
	all[0].As("frame", func() any { made = true; return "again" })
	require.True(t, made, "it was kept")
}

func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
