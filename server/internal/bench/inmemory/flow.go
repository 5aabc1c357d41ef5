package inmemory

import (
	"context"
	"io"
	"strings"

	"spillway/server/internal/lane"
)

const (
	// blockMessages and blocks say how many messages may be under way: few enough
	// for the smallest queue of a default, 256.
	blockMessages = 64
	blocks        = 2
	// payloadBytes is the size of every message.
	payloadBytes = 256
)

// flow is a source that has a message whenever fewer than blocks × blockMessages
// are under way, and a sink with room at all times. Unless it carries a demand
// without end, a message for the queue finds room there.
type flow struct {
	st       *lane.Stats
	left     int // to be given
	data     string
	seq      uint64
	open     int           // of the present block
	may      chan struct{} // a token for each block
	arrived  int
	requests chan int
}

func newFlow(n int, demand bool) *flow {
	f := &flow{st: new(lane.Stats), left: n, data: strings.Repeat("x", payloadBytes), may: make(chan struct{}, blocks)}
	for range blocks {
		f.may <- struct{}{}
	}
	if demand {
		f.requests = make(chan int, 1)
		f.requests <- 1 << 62
	}
	return f
}

// Next blocks while all blocks are under way.
func (f *flow) Next(ctx context.Context) (lane.Message, error) {
	if f.left == 0 {
		return lane.Message{}, io.EOF
	}
	if f.open == 0 {
		select {
		case <-f.may:
			f.open = blockMessages
		case <-ctx.Done():
			return lane.Message{}, ctx.Err()
		}
	}
	f.open--
	f.left--
	f.seq++
	m := lane.Message{Seq: f.seq, AtMicros: 1, Data: f.data}
	f.st.Accept(m)
	return m, nil
}

// Send never blocks: a token that a block was given returns to its place.
func (f *flow) Send(_ context.Context, m lane.Message) error {
	f.st.Deliver(m)
	if f.arrived++; f.arrived%blockMessages == 0 {
		f.may <- struct{}{}
	}
	return nil
}

func (f *flow) SendAll(ctx context.Context, ms []lane.Message) error {
	for _, m := range ms {
		if err := f.Send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (f *flow) Requests() <-chan int {
	if f.requests == nil {
		return nil
	}
	return f.requests
}
