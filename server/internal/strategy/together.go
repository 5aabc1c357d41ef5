package strategy

import (
	"context"

	"spillway/server/internal/lane"
)

// How much goes into one write. Nothing ever waits for others to come: together
// goes what is there anyway.
const (
	togetherMessages = 64
	togetherBytes    = 16 << 10 // or one message
)

// together is the messages of one write, reused from write to write.
type together struct {
	messages []lane.Message
	bytes    int
}

// begin forgets the last write: the payloads must not outlive their delivery.
func (t *together) begin() {
	clear(t.messages)
	t.messages, t.bytes = t.messages[:0], 0
}

// full tells whether the next message needs another write.
func (t *together) full() bool {
	return len(t.messages) == togetherMessages || t.bytes >= togetherBytes
}

func (t *together) add(m lane.Message) {
	t.messages = append(t.messages, m)
	t.bytes += m.Bytes()
}

// from blocks until in has a message, and takes with it what in has fetched
// already, at most most messages.
func (t *together) from(ctx context.Context, in Source, most int) error {
	t.begin()
	m, err := in.Next(ctx)
	if err != nil {
		return err
	}
	t.add(m)
	fetched, ok := in.(Ready)
	for ok && len(t.messages) < most && !t.full() {
		if m, ok = fetched.NextReady(); ok {
			t.add(m)
		}
	}
	return nil
}
