package wire

// A reader on a transport with demand says how many messages it can take. What
// it says are small binary messages, beside the text that comes to it:
//
//	request n   1, n as 32 bits, big-endian   5 bytes, n at least 1
//	cancel      2                             1 byte
//
// The words are those of Reactive Streams (Subscription, rules 3.8 and 3.5):
// requests add up, nothing is sent beyond their sum, and after a cancel nothing
// more has to come. Every other length or first byte is malformed.
const (
	demandRequest = 1
	demandCancel  = 2

	requestBytes = 1 + 4
	cancelBytes  = 1

	// MaxDemandBytes bounds what a reader may send in one message.
	MaxDemandBytes = requestBytes
)

// Demand is what a reader asks for: N more messages, or, if N is 0, no more at
// all.
type Demand struct{ N uint32 }

// AppendRequest appends the request of n more messages; n is at least 1.
func AppendRequest(dst []byte, n uint32) []byte {
	return append(dst, demandRequest, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// AppendCancel appends the word that ends all demand.
func AppendCancel(dst []byte) []byte { return append(dst, demandCancel) }

// ParseDemand reads one message, or returns [ErrMalformed]: of another length or
// kind, or a request of nothing (rule 3.9).
func ParseDemand(data []byte) (Demand, error) {
	switch {
	case len(data) == cancelBytes && data[0] == demandCancel:
		return Demand{}, nil
	case len(data) == requestBytes && data[0] == demandRequest:
		if n := uint32(data[1])<<24 | uint32(data[2])<<16 | uint32(data[3])<<8 | uint32(data[4]); n > 0 {
			return Demand{N: n}, nil
		}
	}
	return Demand{}, ErrMalformed
}
