package producer

import (
	"bytes"
	"math/rand/v2"

	"spillway/wasm/wire"
)

var fixedDefinition = Definition{
	Name:    "fixed",
	Title:   "Messages of one size",
	Explain: "Every message has exactly the size that is set, and they come at even distances.",
	New:     func() Workload { return newFixed() },
}

const (
	padKey = `"pad":"`
	padEnd = `"}`
)

// fixed pads messages with pieces of one text. The bytes of each message are
// its own copy, as those of a real payload would be; only making them is cheap.
type fixed struct {
	pad []byte
}

func newFixed() *fixed {
	const sentence = "water that nobody drinks stays behind the dam and the dam has a height. "
	return &fixed{pad: bytes.Repeat([]byte(sentence), 1+(4<<10)/len(sentence))}
}

func (f *fixed) Stream(*rand.Rand) Stream { return f }

// Gap is always one turn.
func (f *fixed) Gap() float64 { return 1 }

// Append makes a message of sizeBytes, which has to be MinSizeBytes or more.
func (f *fixed) Append(dst []byte, h wire.Header, sizeBytes int) []byte {
	end := len(dst) + sizeBytes - len(padEnd)
	dst = wire.AppendHeader(dst, h)
	dst = append(dst, padKey...)
	for len(dst) < end {
		dst = append(dst, f.pad[:min(len(f.pad), end-len(dst))]...)
	}
	return append(dst, padEnd...)
}
