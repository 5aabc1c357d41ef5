package producer

import (
	"hash/fnv"
	"math/rand/v2"

	"spillway/wasm/wire"
)

// Workload makes the messages of a run.
type Workload interface {
	// Stream begins the messages of one channel. All that is random about them
	// comes from random.
	Stream(random *rand.Rand) Stream
}

// Stream makes the messages of one channel, one after the other. It does no
// I/O, reads no clock, and belongs to one goroutine.
type Stream interface {
	// Gap is the pause before the next message, in turns: a turn is one second
	// divided by the channel's rate, and the mean of all gaps is 1. It is
	// called once before each Append.
	Gap() float64
	// Append appends the next message to dst: one JSON object without a line
	// break that begins with h. A workload whose messages have a size makes it
	// sizeBytes long.
	Append(dst []byte, h wire.Header, sizeBytes int) []byte
}

// Definition describes a workload to people and to programs.
type Definition struct {
	Name    string // as in Config.Workload
	Title   string // a few words
	Explain string // one or two sentences
	New     func() Workload
}

// Workloads lists every workload.
var Workloads = []Definition{
	fixedDefinition,
	llmDefinition,
}

// Find returns the definition with this name.
func Find(name string) (Definition, bool) {
	for _, d := range Workloads {
		if d.Name == name {
			return d, true
		}
	}
	return Definition{}, false
}

// randomOf is the source of everything random on a channel. It depends on the
// seed and the name alone, so that a channel does not change when others come
// or go.
func randomOf(seed uint64, channel string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(channel))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
