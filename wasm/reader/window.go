package reader

import "math"

// WindowBytes is about what a reader with demand asks for ahead of what it has
// read.
const WindowBytes = 64 << 10

// Window decides for how many messages a reader asks. Reactive Streams counts
// messages and not bytes, so it begins with one and looks how large they are.
// From then on as many are asked for as make up WindowBytes at the mean size, at
// least one; it asks again when three quarters of them have been read. The zero
// value is ready, for one connection.
type Window struct {
	asked, read uint64 // messages
	bytes       uint64 // of those read
}

// Ask is how many more messages to ask for now; 0 is none. What it returns counts
// as asked for.
func (w *Window) Ask() uint32 {
	window := uint64(1)
	if w.read > 0 {
		window = max(WindowBytes*w.read/max(w.bytes, 1), 1)
	}
	open := w.asked - min(w.read, w.asked)
	if open > window/4 {
		return 0
	}
	more := min(window-open, math.MaxUint32)
	w.asked += more
	return uint32(more)
}

// Read counts bytes that were read, and messages that ended in them.
func (w *Window) Read(bytes int, messages uint64) {
	w.bytes += uint64(bytes)
	w.read += messages
}

// MaxHeldBytes is how much one reader in a browser may hold that nobody has read.
// Beyond it the connection is closed, before a tab with some lanes hurts a small
// machine.
const MaxHeldBytes = 64 << 20
