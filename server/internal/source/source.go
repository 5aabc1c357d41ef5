// Package source brings messages from the broker into the lane.
//
//	broker → source → strategy → transport
//
// A source belongs to one reader's connection. What it has fetched and not yet
// handed on waits in the memory of the lane, so it counts as the lane's backlog
// from that moment on.
//
// Everything goes through go-redis, whatever answers at the other end.
package source

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"spillway/server/internal/lane"
	"spillway/wasm/wire"
)

// Source is the lane's input for one reader.
type Source interface {
	// Next blocks until there is a message or ctx is done. While the broker is
	// away it waits and tries again. The end of ctx closes the source for good.
	Next(ctx context.Context) (lane.Message, error)
	// Close releases the connection to the broker. It blocks for nobody, may be
	// called while Next blocks, which then fails, and may be called again.
	Close()
}

// Options say what one reader is to get.
type Options struct {
	Broker  *redis.Options // of a broker that may be shared; each reader dials its own connection
	Key     string         // stream key and Pub/Sub channel
	After   uint64         // sequence the reader has already; used when Resume is set
	Resume  bool
	Stats   *lane.Stats
	Health  *Health
	Backoff time.Duration // between attempts while the broker is away; 0 means 250 ms

	lost func() // called when a subscription has ended; nil means Stats.Away
}

func (o Options) withDefaults() Options {
	if o.Backoff == 0 {
		o.Backoff = 250 * time.Millisecond
	}
	if o.Health == nil {
		o.Health = new(Health)
	}
	if o.lost == nil {
		o.lost = o.Stats.Away
	}
	return o
}

// Definition describes a source to people and to programs.
type Definition struct {
	Name       string
	Title      string // its part of a lane's way, in a few words
	Replayable bool   // what was not delivered is still there and can be read again
	Open       OpenFunc
	// Shared makes what opens the source for the readers of one lane, where they
	// share something; nil: each has its own.
	Shared func() OpenFunc
}

// OpenFunc opens the source for one reader. It blocks until the reader would miss
// nothing that comes.
type OpenFunc = func(ctx context.Context, o Options) (Source, error)

// All lists every source.
var All = []Definition{
	redisPubSub,
	sharedPubSub,
	redisStream,
	sharedStream,
}

// Find returns the definition with this name.
func Find(name string) (Definition, bool) {
	for _, d := range All {
		if d.Name == name {
			return d, true
		}
	}
	return Definition{}, false
}

// errNotAMessage says that something else writes into our keys.
var errNotAMessage = errors.New("not a message of this program")

func parse(data string) (lane.Message, error) {
	h, ok := wire.ScanHeader(data)
	if !ok {
		return lane.Message{}, fmt.Errorf("parse %.40q: %w", data, errNotAMessage)
	}
	return lane.Message{Seq: h.Seq, AtMicros: h.AtMicros, Pos: h.Pos, Data: data}, nil
}

// wait pauses between attempts.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
