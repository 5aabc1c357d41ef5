package reader

import "spillway/wasm/wire"

// Account is what one reader has received from one lane, over all its
// connections.
type Account struct {
	Bytes     uint64 // raw, framing and comments included
	Messages  uint64 // with a readable head, repeats included
	Gaps      uint64 // sequence numbers that were passed over, each counted once
	Repeats   uint64 // messages whose sequence number was not above the last
	LastSeq   uint64 // highest sequence number so far
	Malformed uint64 // messages without a readable head, and lines over MaxLineBytes
	Ready     uint64 // events named "ready": the lane has accepted the connection
	Notices   uint64 // events named "gap": the lane itself says that something is lost
}

// message counts one message. The first one sets where the sequence begins: a
// reader that joins late has lost nothing. From then on every number that is
// passed over is a gap, also when the connection was renewed in between.
func (a *Account) message(h wire.Header) {
	a.Messages++
	switch {
	case h.Seq <= a.LastSeq:
		a.Repeats++
		return
	case a.LastSeq > 0:
		a.Gaps += h.Seq - a.LastSeq - 1
	}
	a.LastSeq = h.Seq
}
