package producer

import (
	"context"
	"errors"
)

// Answers of the store to one message.
var (
	errFull       = errors.New("the broker is full")                      // OOM: nothing was stored, and room may come
	errTaken      = errors.New("the stream is already beyond this id")    // stored before, or by somebody else
	errUnanswered = errors.New("the broker went away without an answer")  // stored or not, nobody knows
	errRefused    = errors.New("the broker refuses")                      // nothing was stored
	errTwice      = errors.New("another producer writes to the same run") // what errTaken means for a message offered once
)

// store is the broker as the producer uses it: streams and channels of the same
// keys. All methods block for as long as the broker takes to answer, or to be
// given up, and are safe for concurrent use except Add and Publish, which
// belong to one goroutine.
type store interface {
	// Add offers the messages to their streams, in this order, and sets the
	// err of each. A stream longer than about maxLen is trimmed; 0 trims none.
	Add(ctx context.Context, messages []message, maxLen int64)
	// Publish sends the messages to their channels and answers how many of
	// them the broker confirmed.
	Publish(ctx context.Context, messages []message) (confirmed int, err error)
	// Extents tells of each stream how far it goes.
	Extents(ctx context.Context, keys []string) ([]extent, error)
	// Oldest is the oldest message of each stream; empty where there is none.
	Oldest(ctx context.Context, keys []string) ([]string, error)
	// Trim removes what is at or below each floor and nothing else.
	Trim(ctx context.Context, floors []floor) error
	// Remove deletes the streams.
	Remove(ctx context.Context, keys []string) error
}

// message is one message of a round.
type message struct {
	channel *channel
	tail           // what the stream's is with it
	payload []byte // part of the round's buffer
	err     error  // the store's answer
	offered bool   // before, and the answer was lost
}

// extent is how far a stream goes.
type extent struct {
	seq         uint64 // highest it has ever had; 0 where there is no stream
	first, last string // its oldest and newest message; empty where it has none
}

// floor is the sequence up to which a stream is no longer needed.
type floor struct {
	key string
	seq uint64
}
