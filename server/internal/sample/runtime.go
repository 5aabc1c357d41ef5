package sample

import (
	"runtime/metrics"
	"time"
)

// RuntimeSample is what the Go runtime says about its own process. Bytes are
// bytes of address space that the runtime accounts for; which of them are
// resident only the OS knows (see ProcSample).
type RuntimeSample struct {
	// HeapInUseBytes are objects: live ones and dead ones not yet swept. Node:
	// heapUsed. Read from /memory/classes/heap/objects:bytes.
	HeapInUseBytes uint64 `json:"heapInUseBytes"`

	// HeapTotalBytes is heap reserved from the OS and not returned: objects,
	// the unused rest of their spans, and free spans. Node: heapTotal. Read from
	// /memory/classes/heap/{objects,unused,free}:bytes.
	HeapTotalBytes uint64 `json:"heapTotalBytes"`

	// LiveBytes is what the last garbage collection found reachable. Node says
	// nothing like it. Read from /gc/heap/live:bytes; 0 before the first one.
	LiveBytes uint64 `json:"liveBytes"`

	// GoalBytes is the heap size at which the next garbage collection is to be
	// done. Read from /gc/heap/goal:bytes.
	GoalBytes uint64 `json:"goalBytes"`

	// OutsideHeapBytes is what the runtime holds besides the heap: goroutine
	// stacks, its own bookkeeping, profiles. Node: a part of rss - heapTotal.
	// Read from /memory/classes/total:bytes, less HeapTotalBytes and less
	// /memory/classes/heap/released:bytes, which the OS has back.
	OutsideHeapBytes uint64 `json:"outsideHeapBytes"`

	// StackBytes is the goroutine stacks' part of OutsideHeapBytes. Read from
	// /memory/classes/heap/stacks:bytes.
	StackBytes uint64 `json:"stackBytes"`

	// AllocatedBytes counts all bytes ever allocated on the heap. Read from
	// /gc/heap/allocs:bytes.
	AllocatedBytes uint64 `json:"allocatedBytes"`

	// Goroutines that exist. Read from /sched/goroutines:goroutines.
	Goroutines uint64 `json:"goroutines"`

	// GCCycles counts completed collections. Read from
	// /gc/cycles/total:gc-cycles.
	GCCycles uint64 `json:"gcCycles"`

	// GCCPU estimates the processor time spent collecting, idle workers
	// included. The runtime updates it at the end of a collection. Read from
	// /cpu/classes/gc/total:cpu-seconds.
	GCCPU time.Duration `json:"gcCPUNanoseconds"`
}

// The metrics read, in the order of Runtime.metrics.
const (
	heapObjects = iota
	heapUnused
	heapFree
	heapReleased
	heapStacks
	memoryTotal
	gcLive
	gcGoal
	gcAllocs
	goroutines
	gcCycles
	gcCPU
	metricCount
)

var metricNames = [metricCount]string{
	heapObjects:  "/memory/classes/heap/objects:bytes",
	heapUnused:   "/memory/classes/heap/unused:bytes",
	heapFree:     "/memory/classes/heap/free:bytes",
	heapReleased: "/memory/classes/heap/released:bytes",
	heapStacks:   "/memory/classes/heap/stacks:bytes",
	memoryTotal:  "/memory/classes/total:bytes",
	gcLive:       "/gc/heap/live:bytes",
	gcGoal:       "/gc/heap/goal:bytes",
	gcAllocs:     "/gc/heap/allocs:bytes",
	goroutines:   "/sched/goroutines:goroutines",
	gcCycles:     "/gc/cycles/total:gc-cycles",
	gcCPU:        "/cpu/classes/gc/total:cpu-seconds",
}

// Runtime reads the Go runtime of its own process through runtime/metrics: some
// 13 µs, no allocation, and the world keeps running (runtime.ReadMemStats stops
// it). Not safe for concurrent use.
type Runtime struct{ metrics [metricCount]metrics.Sample }

// NewRuntime prepares a reader.
func NewRuntime() *Runtime {
	r := new(Runtime)
	for i, name := range metricNames {
		r.metrics[i].Name = name
	}
	return r
}

// Read measures now.
func (r *Runtime) Read() RuntimeSample {
	metrics.Read(r.metrics[:])
	s := RuntimeSample{
		HeapInUseBytes: r.count(heapObjects),
		HeapTotalBytes: r.count(heapObjects) + r.count(heapUnused) + r.count(heapFree),
		LiveBytes:      r.count(gcLive),
		GoalBytes:      r.count(gcGoal),
		StackBytes:     r.count(heapStacks),
		AllocatedBytes: r.count(gcAllocs),
		Goroutines:     r.count(goroutines),
		GCCycles:       r.count(gcCycles),
		GCCPU:          time.Duration(r.metrics[gcCPU].Value.Float64() * float64(time.Second)),
	}
	// The classes are read one after the other: their sum may exceed the total
	// by what changed meanwhile.
	if heap := s.HeapTotalBytes + r.count(heapReleased); heap < r.count(memoryTotal) {
		s.OutsideHeapBytes = r.count(memoryTotal) - heap
	}
	return s
}

func (r *Runtime) count(metric int) uint64 { return r.metrics[metric].Value.Uint64() }
