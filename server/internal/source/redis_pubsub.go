package source

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"spillway/server/internal/lane"
)

var redisPubSub = Definition{
	Name:  "redis-pubsub",
	Title: "Redis Pub/Sub",
	Open:  openPubSub,
}

// pubSub is one subscription on its own connection. While Next is not called,
// messages wait in the kernel and then in the broker, which cuts the connection
// at its output limit (32 MiB, or 8 MiB for a minute). Pub/Sub keeps nothing:
// what is published while the connection is down is lost, and the next message
// shows it by its sequence.
type pubSub struct {
	*connection
	o   Options
	sub *redis.PubSub
}

// openPubSub blocks until the broker has confirmed the subscription, so that
// nothing published after it is missed.
func openPubSub(ctx context.Context, o Options) (Source, error) {
	o = o.withDefaults()
	s := &pubSub{connection: connect(o), o: o}
	s.bind(ctx)
	s.sub = s.client.Subscribe(ctx, o.Key)
	for {
		_, err := s.sub.Receive(ctx)
		if err == nil {
			o.Health.OK()
			return s, nil
		}
		if err := s.retry(ctx, err); err != nil {
			s.Close()
			return nil, fmt.Errorf("subscribe to %q: %w", o.Key, err)
		}
	}
}

// Next uses ReceiveMessage and not Channel: that one puts a buffer of 100 and a
// silent timeout between the broker and us, and after the broker has cut it off
// it comes back as if nothing had been lost.
func (s *pubSub) Next(ctx context.Context) (lane.Message, error) {
	s.bind(ctx)
	for {
		received, err := s.sub.ReceiveMessage(ctx)
		if err != nil {
			if s.ended(ctx) == nil {
				s.o.lost()
			}
			if err := s.retry(ctx, err); err != nil {
				return lane.Message{}, err
			}
			continue
		}
		s.o.Health.OK()
		m, err := parse(received.Payload)
		if err != nil {
			return lane.Message{}, fmt.Errorf("read channel %q: %w", s.o.Key, err)
		}
		s.o.Stats.Accept(m)
		return m, nil
	}
}
