package producer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// messageField is the field of a stream entry that holds the message.
const messageField = "m"

// redisStore is the store behind any Redis.
//
// Its commands and their arguments are made once and used for every round: with
// two commands a message, making them anew was most of what the producer
// allocated.
type redisStore struct {
	options   *redis.Options
	client    *redis.Client
	maxLen    int64 // of the commands in add
	add       []*pooled
	publish   []*pooled
	pipelined []redis.Cmder
}

// pooled is a command that is used again. Its arguments point at the fields.
type pooled struct {
	cmd     redis.Cmder
	key, id text
	payload text
}

// text is an argument whose bytes change from use to use while the pointer in
// the command stays.
type text struct{ b []byte }

// MarshalBinary hands the bytes to go-redis, which writes them out at once.
func (t *text) MarshalBinary() ([]byte, error) { return t.b, nil }

// newRedisStore uses a client of its own: one with the retries of go-redis would
// publish twice, and would offer a message again behind our back.
func newRedisStore(o *redis.Options) *redisStore {
	own := *o
	own.MaxRetries = -1
	return &redisStore{options: &own, client: redis.NewClient(&own)}
}

// Close ends every call at once, which the end of a context does not: go-redis
// does not watch it while it waits for an answer. Remove still works.
func (s *redisStore) Close() error { return s.client.Close() }

func (s *redisStore) Add(ctx context.Context, messages []message, maxLen int64) {
	if maxLen != s.maxLen {
		s.maxLen, s.add = maxLen, nil
	}
	for len(s.add) < len(messages) {
		s.add = append(s.add, newAdd(maxLen))
	}
	for i := range messages {
		m, c := &messages[i], s.add[i]
		c.key.b = append(c.key.b[:0], m.channel.record.key...)
		c.id.b = append(strconv.AppendUint(c.id.b[:0], m.seq, 10), "-0"...)
		c.payload.b = m.payload
	}
	s.exec(ctx, s.add[:len(messages)])
	for i := range messages {
		messages[i].err = answer(s.add[i].cmd.Err())
	}
}

func (s *redisStore) Publish(ctx context.Context, messages []message) (confirmed int, err error) {
	for len(s.publish) < len(messages) {
		s.publish = append(s.publish, newPublish())
	}
	for i := range messages {
		m, c := &messages[i], s.publish[i]
		c.key.b = append(c.key.b[:0], m.channel.record.key...)
		c.payload.b = m.payload
	}
	s.exec(ctx, s.publish[:len(messages)])
	for i := range messages {
		if e := s.publish[i].cmd.Err(); e == nil {
			confirmed++
		} else if err == nil {
			err = fmt.Errorf("publish to %q: %w", messages[i].channel.record.key, e)
		}
	}
	return confirmed, err
}

// exec sends the commands in one trip and leaves the answer in each. A command
// without an answer holds an error.
func (s *redisStore) exec(ctx context.Context, commands []*pooled) {
	pipe := s.client.Pipeline()
	s.pipelined = s.pipelined[:0]
	for _, c := range commands {
		c.cmd.SetErr(nil)
		s.pipelined = append(s.pipelined, c.cmd)
	}
	_ = pipe.BatchProcess(ctx, s.pipelined...) // only queues
	_, _ = pipe.Exec(ctx)                      // every command has its own answer
	for _, c := range commands {
		c.payload.b = nil
	}
}

func newAdd(maxLen int64) *pooled {
	c := new(pooled)
	args := []any{"xadd", &c.key}
	if maxLen > 0 {
		args = append(args, "maxlen", "~", maxLen)
	}
	c.cmd = redis.NewStatusCmd(context.Background(), append(args, &c.id, messageField, &c.payload)...)
	return c
}

func newPublish() *pooled {
	c := new(pooled)
	c.cmd = redis.NewIntCmd(context.Background(), "publish", &c.key, &c.payload)
	return c
}

// answer sorts the answer to an XADD. Only an error that the broker itself sent
// says that nothing was stored.
func answer(err error) error {
	var said redis.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &said):
		return fmt.Errorf("%w: %w", errUnanswered, err)
	case redis.IsOOMError(err):
		return errFull
	case strings.Contains(err.Error(), "equal or smaller"):
		return errTaken
	}
	return fmt.Errorf("%w: %w", errRefused, err)
}

func (s *redisStore) Extents(ctx context.Context, keys []string) ([]extent, error) {
	pipe := s.client.Pipeline()
	infos := make([]*redis.XInfoStreamCmd, len(keys))
	for i, key := range keys {
		infos[i] = pipe.XInfoStream(ctx, key)
	}
	_, _ = pipe.Exec(ctx) // every command has its own answer
	found := make([]extent, len(keys))
	for i, info := range infos {
		v, err := info.Result()
		if err != nil {
			if strings.Contains(err.Error(), "no such key") {
				continue
			}
			return nil, fmt.Errorf("ask for stream %q: %w", keys[i], answer(err))
		}
		seq, _, _ := strings.Cut(v.LastGeneratedID, "-")
		if found[i].seq, err = strconv.ParseUint(seq, 10, 64); err != nil {
			return nil, fmt.Errorf("%w: stream %q: last id %q is no sequence number", errRefused, keys[i], v.LastGeneratedID)
		}
		found[i].first, found[i].last = payloadOf(v.FirstEntry), payloadOf(v.LastEntry)
	}
	return found, nil
}

func (s *redisStore) Oldest(ctx context.Context, keys []string) ([]string, error) {
	pipe := s.client.Pipeline()
	ranges := make([]*redis.XMessageSliceCmd, len(keys))
	for i, key := range keys {
		ranges[i] = pipe.XRangeN(ctx, key, "-", "+", 1)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("ask for the oldest messages: %w", answer(err))
	}
	oldest := make([]string, len(keys))
	for i, r := range ranges {
		if found := r.Val(); len(found) > 0 {
			oldest[i] = payloadOf(found[0])
		}
	}
	return oldest, nil
}

// payloadOf is the message in an entry; empty for no entry.
func payloadOf(m redis.XMessage) string {
	payload, _ := m.Values[messageField].(string)
	return payload
}

func (s *redisStore) Trim(ctx context.Context, floors []floor) error {
	pipe := s.client.Pipeline()
	for _, f := range floors {
		pipe.XTrimMinID(ctx, f.key, strconv.FormatUint(f.seq+1, 10)+"-0")
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("trim streams: %w", err)
	}
	return nil
}

func (s *redisStore) Remove(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	client := redis.NewClient(s.options)
	defer client.Close()
	if err := client.Del(ctx, keys...).Err(); err != nil {
		return fmt.Errorf("remove streams: %w", err)
	}
	return nil
}
