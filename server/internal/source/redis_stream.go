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
// XREAD knows no bound in bytes: when messages become larger, the first batch of
// the new size is larger by the same factor, once.
const (
	windowBytes    = 16 << 10 // a reader's fetched and unsent messages, while their size does not change
	windowMessages = 64       // and never more than these
	firstCount     = 4        // while the size of a message is unknown, and for a reader that is slow
)

// slowAfter tells a reader that is slow, by how long what was fetched has lasted.
// It gets half as much the next time, and after that one more each time: its room
// comes in lumps. A round trip costs nothing where the reader is what everything
// waits for, and memory does.
const slowAfter = time.Second

// blockTime is how long one XREAD waits at the broker for something new.
const blockTime = 5 * time.Second

// stream reads one stream from one position on. The ids in the stream are
// SEQ-0, so a sequence number is a position, and it stays one after a restart
// of the lane or of the broker.
type stream struct {
	*connection
	o        Options
	position uint64         // sequence handed on last
	window   []lane.Message // fetched last, reused
	handed   int            // how many of window have been handed on
	count    int64          // to ask for next
	pace     pace
	fetched  time.Time // when window was; zero before the first
}

// openStream blocks until it knows where to begin: behind what the reader has,
// or behind the newest entry.
func openStream(ctx context.Context, o Options) (Source, error) {
	o = o.withDefaults()
	s := &stream{connection: connect(o), o: o, position: o.After, count: firstCount}
	if o.Resume {
		return s, nil
	}
	s.bind(ctx)
	for {
		newest, err := s.client.XRevRangeN(ctx, o.Key, "+", "-", 1).Result()
		switch {
		case err != nil:
			err = s.retry(ctx, err)
		case len(newest) == 0:
			o.Health.OK()
			return s, nil
		default:
			o.Health.OK()
			if s.position, err = sequenceOf(newest[0].ID); err == nil {
				return s, nil
			}
		}
		if err != nil {
			s.Close()
			return nil, fmt.Errorf("find the end of stream %q: %w", o.Key, err)
		}
	}
}

// Next hands on what is fetched, and only when that is used up reads more. The
// position moves with what is handed on, so nothing is skipped when the
// connection ends in between.
func (s *stream) Next(ctx context.Context) (lane.Message, error) {
	for s.handed == len(s.window) {
		if err := s.fetch(ctx); err != nil {
			return lane.Message{}, err
		}
	}
	m, _ := s.NextReady()
	return m, nil
}

// NextReady hands on what is fetched.
func (s *stream) NextReady() (lane.Message, bool) {
	if s.handed == len(s.window) {
		return lane.Message{}, false
	}
	m := s.window[s.handed]
	s.window[s.handed] = lane.Message{} // the payload must not outlive its delivery
	s.handed++
	s.position = m.Seq
	return m, true
}

// fetch waits at the broker until the stream has something behind position, or
// for a while. A trimmed stream answers with a later entry and without an error;
// the sink sees the hole by the sequence.
func (s *stream) fetch(ctx context.Context) error {
	s.bind(ctx)
	slow := !s.fetched.IsZero() && time.Since(s.fetched) > slowAfter
	s.fetched = time.Time{}
	streams, err := s.client.XRead(ctx, &redis.XReadArgs{
		Streams: []string{s.o.Key},
		ID:      strconv.FormatUint(s.position, 10) + "-0",
		Count:   s.count,
		Block:   blockTime,
	}).Result()
	switch {
	case errors.Is(err, redis.Nil):
		s.o.Health.OK()
		return ctx.Err()
	case err != nil:
		return s.retry(ctx, err)
	}
	s.o.Health.OK()
	s.window, s.handed = s.window[:0], 0
	bytes := 0
	for _, entry := range streams[0].Messages {
		m, err := messageOf(entry)
		if err != nil {
			return fmt.Errorf("read stream %q: entry %s: %w", s.o.Key, entry.ID, err)
		}
		s.o.Stats.Accept(m)
		bytes += m.Bytes()
		s.window = append(s.window, m)
	}
	if n := len(s.window); n > 0 {
		s.fetched = time.Now()
		s.count = s.pace.next(n, slow, windowBytes*n/bytes)
	}
	return nil
}

// pace is how many messages a reader gets at once. The zero value is that of one
// that keeps up.
type pace struct{ less int } // than windowMessages

// next is how many messages to ask for after n, where fit make a window.
func (p *pace) next(n int, slow bool, fit int) int64 {
	if slow {
		p.less = windowMessages - max(n/2, firstCount)
	} else {
		p.less = max(p.less-1, 0)
	}
	return int64(max(min(windowMessages-p.less, fit), 1))
}

// messageOf takes a message out of its entry. Its sequence has to be the entry's
// position: with another one the stream would be read in circles.
func messageOf(entry redis.XMessage) (lane.Message, error) {
	data, ok := entry.Values[messageField].(string)
	if !ok {
		return lane.Message{}, errNotAMessage
	}
	m, err := parse(data)
	if err != nil {
		return lane.Message{}, err
	}
	if seq, err := sequenceOf(entry.ID); err != nil || seq != m.Seq {
		return lane.Message{}, fmt.Errorf("sequence %d: %w", m.Seq, errNotAMessage)
	}
	return m, nil
}

// sequenceOf reads an id of the form SEQ-0.
func sequenceOf(id string) (uint64, error) {
	seq, ok := strings.CutSuffix(id, "-0")
	if !ok {
		return 0, fmt.Errorf("id %q: %w", id, errNotAMessage)
	}
	n, err := strconv.ParseUint(seq, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("id %q: %w", id, errNotAMessage)
	}
	return n, nil
}
