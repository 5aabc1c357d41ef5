package source

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/redis/go-redis/v9"

	"spillway/server/internal/lane"
)

var redisPubSub = Definition{
	Name:  "redis-pubsub",
	Title: "Redis Pub/Sub",
	Open:  openPubSub,
}

// pubSub is one subscription on its own connection. Pub/Sub keeps nothing: what
// is published while the connection is down is lost, and the next message shows
// it by its sequence.
type pubSub struct {
	o      Options
	client *redis.Client
	sub    *redis.PubSub
}

// openPubSub blocks until the broker has confirmed the subscription, so that
// nothing published after it is missed.
func openPubSub(ctx context.Context, o Options) (Source, error) {
	o = o.withDefaults()
	s := &pubSub{o: o, client: ownConnection(o.Broker)}
	s.sub = s.client.Subscribe(ctx, o.Key)
	for {
		_, err := s.sub.Receive(ctx)
		if err == nil {
			o.Health.OK()
			return s, nil
		}
		o.Health.Fail(err)
		if err := wait(ctx, o.Backoff); err != nil {
			s.Close()
			return nil, fmt.Errorf("subscribe to %q: %w", o.Key, err)
		}
	}
}

// Next uses ReceiveMessage and not Channel: that one puts a buffer of 100 and a
// silent timeout between the broker and us, and after the broker has cut it off
// it comes back as if nothing had been lost.
func (s *pubSub) Next(ctx context.Context) (lane.Message, error) {
	stop := context.AfterFunc(ctx, func() { s.Close() })
	defer stop()
	for {
		received, err := s.sub.ReceiveMessage(ctx)
		if err == nil {
			s.o.Health.OK()
			m, err := parse(received.Payload)
			if err != nil {
				return lane.Message{}, fmt.Errorf("read channel %q: %w", s.o.Key, err)
			}
			s.o.Stats.Accept(m)
			return m, nil
		}
		if ctx.Err() != nil {
			return lane.Message{}, ctx.Err()
		}
		if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
			continue // nothing was published for a while
		}
		s.o.Health.Fail(err)
		if err := wait(ctx, s.o.Backoff); err != nil {
			return lane.Message{}, err
		}
	}
}

func (s *pubSub) Close() error {
	return errors.Join(s.sub.Close(), s.client.Close())
}
