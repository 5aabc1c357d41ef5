package sample

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRuntimeKnowsEveryName(t *testing.T) {
	known := make(map[string]metrics.ValueKind)
	for _, d := range metrics.All() {
		known[d.Name] = d.Kind
	}
	for i, name := range metricNames {
		want := metrics.KindUint64
		if i == gcCPU {
			want = metrics.KindFloat64
		}
		require.Equal(t, want, known[name], name)
	}
}

func TestRuntimeSeesTheHeapGrowAndShrink(t *testing.T) {
	const size = 64 << 20
	r := NewRuntime()
	debug.FreeOSMemory()
	before := r.Read()

	held := make([]byte, size)
	runtime.GC()
	during := r.Read()
	require.GreaterOrEqual(t, during.HeapInUseBytes, before.HeapInUseBytes+size*9/10)
	require.GreaterOrEqual(t, during.HeapTotalBytes, during.HeapInUseBytes)
	require.GreaterOrEqual(t, during.LiveBytes, before.LiveBytes+size*9/10)
	require.GreaterOrEqual(t, during.GoalBytes, during.LiveBytes)
	require.GreaterOrEqual(t, during.AllocatedBytes, before.AllocatedBytes+size)
	require.Greater(t, during.GCCycles, before.GCCycles)
	require.Positive(t, during.GCCPU)
	require.Positive(t, during.Goroutines)
	require.Positive(t, during.StackBytes)
	require.GreaterOrEqual(t, during.OutsideHeapBytes, during.StackBytes)
	require.Less(t, during.OutsideHeapBytes, uint64(size), "the heap is not counted in it")
	runtime.KeepAlive(held)

	debug.FreeOSMemory()
	after := r.Read()
	require.Less(t, after.HeapTotalBytes, during.HeapTotalBytes-size*9/10)
	require.Less(t, after.OutsideHeapBytes, uint64(size), "nor is what went back to the OS")
}

func TestRuntimeReadAllocatesNothing(t *testing.T) {
	r := NewRuntime()
	r.Read() // the first call builds the runtime's table of metrics
	require.Zero(t, testing.AllocsPerRun(100, func() { r.Read() }))
}

func BenchmarkRuntimeRead(b *testing.B) {
	r := NewRuntime()
	b.ReportAllocs()
	for b.Loop() {
		r.Read()
	}
}
