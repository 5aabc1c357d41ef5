// Package soak runs lanes for a long time among everything that goes wrong, and
// says whether anything was lost, repeated, or left behind.
//
//	broker (killed) → lanes (killed) → kernel → readers that stall, leave, vanish
//
// Three lanes, a producer and the broker are real processes, started by the
// supervisor with what the package run gives them; the readers are goroutines
// here, with the decoder of the browser's client (wasm/reader). The test has two
// states that take turns:
//
//   - rough: the producer writes; readers read, read slowly, stall, hang up,
//     vanish, and come back with the last id they have; one lane after the other
//     is killed and started again; the broker is killed and started again.
//   - calm: the producer rests, every reader is there and reads as fast as it
//     can, until it has everything. Then sequences are checked to the last
//     message, and goroutines, file descriptors and RSS are compared with the
//     first calm after a warm-up.
//
// # What is complete
//
// A reader of a stream has every message from its first one to the last produced,
// each once, over every connection it had. For that the stream must keep what the
// reader has not *read*, not merely what its lane has written: what lay in a
// kernel when a machine vanished has to be sent again. So the floors that the
// producer trims to are what the readers themselves have.
//
// And the broker has to keep its data when it dies. A redis-server is killed with
// SIGKILL and started with its append-only file: an entry that was acknowledged
// was written to that file first, and a file outlives its process, so nothing may
// be missing. Then, once, it is killed and its file removed, and it comes back
// empty, as the embedded broker always does. What it had and nobody had read is
// gone, and that is a loss by the broker and by nobody else: a hole that ends
// exactly before the first message that the empty broker was given. Any other
// hole is a gap. No sequence number comes twice in any case.
//
// Pub/Sub keeps nothing for who is away. Its readers may have holes between two
// connections and over a restart of the broker, and nowhere else.
package soak
