// Package crowd is the far end of the way of the data for the load that one
// browser cannot make: hundreds of synthetic readers on every lane.
//
//	transport → kernel → reader → throttle → consumed
//
// A synthetic reader decodes and counts with the same code as the WASM client
// (wasm/reader) and is slowed down by the same code (wasm/throttle). What it
// does not read stays in the kernel, and when that is full, in the lane. It
// never reads ahead: between the socket and the account lies one buffer of
// bufferBytes.
//
// # Ways of reading
//
// That is so for every way of reading that pushes back (reader.Way), over
// server-sent events and over a WebSocket alike; the blocking WebSocket and the
// stream of one do the same here. With demand the kernel holds no more than was
// asked for, about reader.WindowBytes.
//
// The two ways that do not push back, EventSource and the classic WebSocket, read
// the socket as fast as it can be read, on a second goroutine, and hold what
// their reader has not taken (see pile): up to reader.MaxHeldBytes each, and
// MaxHeldAllBytes together. Their lane never feels them.
//
// # HTTP/2
//
// From a lane with TLS, whose one certificate it trusts, a reader of
// server-sent events reads over HTTP/2 (RFC 9113). Then its kernel holds nothing:
// one goroutine for each connection takes what comes, and what the reader has not
// read lies with it, at most streamWindowBytes, until the lane gets credit for it
// (sections 5.2 and 6.9). Readers whose groups share a connection also share
// connectionWindowBytes. Credit is given back as soon as creditBytes have been
// read. In Chromium 156 three readers that stopped were seen to freeze the others
// for good, and two often did.
//
// # How much the kernel hides
//
// On loopback a reader that never reads is absorbed by 3.8 MB of kernel memory
// before its lane feels anything. With SO_RCVBUF 4096 and TCP_MAXSEG 1400, both
// set before connect, it is about 75 KB. Set later, SO_RCVBUF stalls the
// connection.
//
// # One goroutine for each reader
//
// The request is written and the response read by hand, with [http.ReadResponse],
// on the reader's own goroutine, which reads no faster than the reader does.
// [http.Transport] takes the same processor time (18 % of a core at 8,000
// messages of 2 KiB a second) and about the same memory (25 KiB for the bare
// connection; 27 KiB here, with decoder, account and histogram), but two further
// goroutines for each connection that nobody here could wait for. BenchmarkCPU
// and BenchmarkIdle measure it again.
package crowd
