package source

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"spillway/server/internal/lane"
)

var redisStream = Definition{
	Name:       "redis-stream",
	Title:      "Redis Stream",
	Replayable: true,
	Open:       openStream,
}

// The field of a stream entry that holds the message.
const messageField = "m"

// How much one XREAD may bring. COUNT 1 costs a round trip a message (13k
// events/s against 221k with 64); too many lie in the memory of a lane whose
// whole point is to hold little. So the count follows the size of the messages.
const (
	windowBytes    = 16 << 10 // a reader's fetched and unsent messages, about
	windowMessages = 64       // and never more than these
	firstCount     = 4        // while the size of a message is unknown
)

// blockTime is how long one XREAD waits at the broker for something new.
const blockTime = 5 * time.Second

// stream reads one stream from one position on. The ids in the stream are
// SEQ-0, so a sequence number is a position, and it stays one after a restart
// of the lane or of the broker.
type stream struct {
	o        Options
	client   *redis.Client
	position uint64         // sequence handed on last
	window   []lane.Message // fetched, not yet handed on
	count    int64
}

// openStream blocks until it knows where to begin: behind what the reader has,
// or behind the newest entry.
func openStream(ctx context.Context, o Options) (Source, error) {
	o = o.withDefaults()
	s := &stream{o: o, client: ownConnection(o.Broker), position: o.After, count: firstCount}
	if o.Resume {
		return s, nil
	}
	for {
		newest, err := s.client.XRevRangeN(ctx, o.Key, "+", "-", 1).Result()
		if err == nil {
			o.Health.OK()
			if len(newest) > 0 {
				s.position, err = sequenceOf(newest[0].ID)
				if err != nil {
					s.Close()
					return nil, fmt.Errorf("find the end of stream %q: %w", o.Key, err)
				}
			}
			return s, nil
		}
		o.Health.Fail(err)
		if err := wait(ctx, o.Backoff); err != nil {
			s.Close()
			return nil, fmt.Errorf("find the end of stream %q: %w", o.Key, err)
		}
	}
}

// Next hands on what is fetched, and only when that is used up reads more. The
// position moves with what is handed on, so nothing is skipped when the
// connection ends in between.
func (s *stream) Next(ctx context.Context) (lane.Message, error) {
	for len(s.window) == 0 {
		if err := s.fetch(ctx); err != nil {
			return lane.Message{}, err
		}
	}
	m := s.window[0]
	s.window[0] = lane.Message{}
	s.window = s.window[1:]
	s.position = m.Seq
	return m, nil
}

// fetch waits at the broker until the stream has something behind position. A
// trimmed stream answers with a later entry and without an error; the sink sees
// the hole by the sequence.
func (s *stream) fetch(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { s.client.Close() })
	defer stop()
	streams, err := s.client.XRead(ctx, &redis.XReadArgs{
		Streams: []string{s.o.Key},
		ID:      strconv.FormatUint(s.position, 10) + "-0",
		Count:   s.count,
		Block:   blockTime,
	}).Result()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, redis.Nil):
		s.o.Health.OK()
		return nil
	case err != nil:
		s.o.Health.Fail(err)
		return wait(ctx, s.o.Backoff)
	}
	s.o.Health.OK()
	s.window = s.window[:0]
	bytes := 0
	for _, entry := range streams[0].Messages {
		data, ok := entry.Values[messageField].(string)
		if !ok {
			return fmt.Errorf("read stream %q: entry %s: %w", s.o.Key, entry.ID, errNotAMessage)
		}
		m, err := parse(data)
		if err != nil {
			return fmt.Errorf("read stream %q: entry %s: %w", s.o.Key, entry.ID, err)
		}
		s.o.Stats.Accept(m)
		bytes += m.Bytes()
		s.window = append(s.window, m)
	}
	if n := len(s.window); n > 0 {
		s.count = int64(min(max(windowBytes*n/bytes, 1), windowMessages))
	}
	return nil
}

func (s *stream) Close() error { return s.client.Close() }

func sequenceOf(id string) (uint64, error) {
	seq, _, _ := strings.Cut(id, "-")
	n, err := strconv.ParseUint(seq, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("id %q: %w", id, errNotAMessage)
	}
	return n, nil
}
