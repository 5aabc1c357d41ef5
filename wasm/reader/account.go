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

	// Positions in the channel, bytes of event text; see [wire.Header]. What lies
	// between the two and is not in Text is missing.
	From, To uint64 // where the first message in the channel begins, and where the last ends
	Text     uint64 // event text of all messages, repeats included
}

// message counts one message. The first one sets where the sequence begins: a
// reader that joins late has lost nothing. From then on every number that is
// passed over is a gap, also when the connection was renewed in between.
func (a *Account) message(h wire.Header, dataBytes int) {
	a.Messages++
	text := wire.EventBytes(h.Seq, dataBytes)
	a.Text += text
	switch {
	case h.Seq <= a.LastSeq:
		a.Repeats++
		a.From = min(a.From, h.Pos) // order may have been given up from the first message on
		return
	case a.LastSeq > 0:
		a.Gaps += h.Seq - a.LastSeq - 1
	default:
		a.From = h.Pos
	}
	a.LastSeq, a.To = h.Seq, h.Pos+text
}
