// Package heap reads what a lane's heap is made of: which line of code allocated
// the bytes that are in use.
//
//	lane: runtime.MemProfile → /debug/pprof/heap → Fetch → Parse → Store → site
//
// It stands beside the way of the data and touches none of it. A snapshot makes
// the lane collect its garbage once, and then the lane writes its own profile;
// both happen in the lane's process, for the few milliseconds that it takes.
//
// A profile is a sample. The runtime notes about one allocation in each
// [SampleEvery] bytes with its call stack and scales what it noted up, so a
// figure is an estimate, and what is smaller than a few samples is chance.
package heap

// SampleEvery is the mean number of bytes between two allocations of a lane that
// are noted. Go's own value is 512 KiB, and a lane that keeps its heap small then
// shows a handful of samples, one of them a row of half a mebibyte. At 64 KiB
// the same lane shows some dozens.
//
// What it costs was measured with BenchmarkSampling, strings of 256 B and 4 KiB
// allocated and forgotten, against the CPU time at 512 KiB in the same run: 64 KiB
// 1.05 to 1.07 times as much, 16 KiB 1.2 to 1.4, 4 KiB 1.6 to 2. A lane does more
// than to allocate: of whole lanes at 400 messages a second to 30 readers, the
// CPU time of a message did not tell 64 from 512 KiB.
const SampleEvery = 64 << 10
