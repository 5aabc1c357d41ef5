package source_test

import (
	"context"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/broker/brokertest"
	"spillway/server/internal/lane"
	"spillway/server/internal/source"
)

func TestPubSubGetsWhatIsPublishedAfterOpen(t *testing.T) {
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		c := b.Client(t, nil)
		require.NoError(t, c.Publish(t.Context(), key, message(1, 10)).Err())
		s := open(t, t.Context(), "redis-pubsub", b.Addr, nil)
		for seq := uint64(2); seq <= 500; seq++ {
			n, err := c.Publish(t.Context(), key, message(seq, 10)).Result()
			require.NoError(t, err)
			require.Equal(t, int64(1), n)
		}
		s.expect(t.Context(), 2, 500)
		require.Equal(t, uint64(499), s.stats.Read(time.Now()).Accepted)
	})
}

func TestStreamBegins(t *testing.T) {
	for _, test := range []struct {
		name   string
		resume bool
		after  uint64
		want   uint64
	}{
		{"from now on", false, 0, 11},
		{"from now on, whatever it had", false, 4, 11},
		{"behind what the reader has", true, 4, 5},
		{"from the beginning", true, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachStream(t, func(t *testing.T, b *brokertest.Broker, name string) {
				c := b.Client(t, nil)
				add(t, c, 1, 10, 10)
				s := open(t, t.Context(), name, b.Addr, func(o *source.Options) {
					o.Resume, o.After = test.resume, test.after
				})
				add(t, c, 11, 20, 10)
				s.expect(t.Context(), test.want, 20)
			})
		})
	}
}

func TestStreamThatDoesNotExistYet(t *testing.T) {
	eachStream(t, func(t *testing.T, b *brokertest.Broker, name string) {
		s := open(t, t.Context(), name, b.Addr, nil)
		add(t, b.Client(t, nil), 1, 3, 10)
		s.expect(t.Context(), 1, 3)
	})
}

// A reader that comes and goes, each time from what it has: nothing is missing
// and nothing comes twice.
func TestStreamAcrossReconnects(t *testing.T) {
	eachStream(t, func(t *testing.T, b *brokertest.Broker, name string) {
		const count = 2000
		c := b.Client(t, nil)
		add(t, c, 1, count/2, 100)
		random := rand.New(rand.NewPCG(1, 2))
		for last := uint64(0); last < count; {
			s := open(t, t.Context(), name, b.Addr, func(o *source.Options) {
				o.Resume, o.After = true, last
			})
			if last == count/2 {
				add(t, c, count/2+1, count, 100)
			}
			upTo := min(last+1+random.Uint64N(150), count)
			if last < count/2 {
				upTo = min(upTo, count/2)
			}
			s.expect(t.Context(), last+1, upTo)
			s.Close()
			last = upTo
		}
	})
}

func TestTrimmedStreamJumps(t *testing.T) {
	eachStream(t, func(t *testing.T, b *brokertest.Broker, name string) {
		c := b.Client(t, nil)
		add(t, c, 1, 100, 10)
		require.NoError(t, c.XTrimMinID(t.Context(), key, "51-0").Err())
		s := open(t, t.Context(), name, b.Addr, func(o *source.Options) {
			o.Resume, o.After = true, 10
		})
		s.expect(t.Context(), 51, 100)
	})
}

func TestEndOfContextEndsNext(t *testing.T) {
	for _, d := range source.All {
		t.Run(d.Name, func(t *testing.T) {
			brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
				c := b.Client(t, nil)
				ctx, cancel := context.WithCancel(t.Context())
				s := open(t, t.Context(), d.Name, b.Addr, nil)
				blocked := s.next(ctx)
				require.Eventually(t, func() bool { return connections(c) == 1 }, patience, tick)
				cancel()
				require.ErrorIs(t, await(t, blocked).err, context.Canceled)
				require.Eventually(t, func() bool { return connections(c) == 0 }, patience, tick,
					"the connection to the broker is left")
				require.Empty(t, s.health.Trouble(), "leaving is no trouble")
			})
		})
	}
}

func TestCloseEndsNext(t *testing.T) {
	for _, d := range source.All {
		t.Run(d.Name, func(t *testing.T) {
			brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
				c := b.Client(t, nil)
				s := open(t, t.Context(), d.Name, b.Addr, nil)
				blocked := s.next(t.Context())
				require.Eventually(t, func() bool { return connections(c) == 1 }, patience, tick)
				s.Close()
				s.Close()
				require.ErrorIs(t, await(t, blocked).err, net.ErrClosed)
				require.Eventually(t, func() bool { return connections(c) == 0 }, patience, tick)
				require.Empty(t, s.health.Trouble())
				_, err := s.Next(t.Context())
				require.ErrorIs(t, err, net.ErrClosed)
			})
		})
	}
}

// The broker dies and comes back, empty. What the producer writes then has
// later numbers.
func TestBrokerComesBack(t *testing.T) {
	for _, d := range source.All {
		t.Run(d.Name, func(t *testing.T) {
			eachMortal(t, func(t *testing.T, m mortal) {
				c := redis.NewClient(&redis.Options{Addr: m.addr})
				defer c.Close()
				write := func(seq uint64) {
					add(t, c, seq, seq, 10)
					require.NoError(t, c.Publish(t.Context(), key, message(seq, 10)).Err())
				}
				s := open(t, t.Context(), d.Name, m.addr, nil)
				write(1)
				s.expect(t.Context(), 1, 1)
				away := func() bool { return s.stats.Read(time.Now()).Away }
				require.False(t, away())
				blocked := s.next(t.Context())
				for round := range uint64(3) {
					m.stop()
					require.Eventually(t, func() bool { return s.health.Trouble() != "" }, patience, tick,
						"nobody says that the broker is away")
					require.Contains(t, s.health.Trouble(), " ", "words")
					if d.Replayable {
						require.False(t, away(), "what comes now is in the stream")
					} else {
						require.Eventually(t, away, patience, tick, "nobody keeps what comes now")
					}
					m.start()
					require.Eventually(t, func() bool { return connections(c) == 1 }, patience, tick)
					if !d.Replayable {
						require.Eventually(t, func() bool {
							n, err := c.PubSubNumSub(t.Context(), key).Result()
							return err == nil && n[key] == 1
						}, patience, tick)
					}
					seq := 10 * (round + 1)
					write(seq)
					r := await(t, blocked)
					require.NoError(t, r.err)
					require.Equal(t, seq, r.Seq)
					require.Empty(t, s.health.Trouble())
					require.False(t, away())
					blocked = s.next(t.Context())
				}
				s.Close()
				require.Error(t, await(t, blocked).err)
				require.False(t, away(), "leaving is no loss of the broker's")
			})
		})
	}
}

// Open waits for a broker that is not there, and for a password that is right.
func TestOpenWaits(t *testing.T) {
	for _, d := range source.All {
		t.Run(d.Name, func(t *testing.T) {
			locked := brokertest.Embedded(t, broker.Options{Password: "secret"})
			for _, test := range []struct{ name, addr, words string }{
				{"nobody listens", freeAddr(t), "refused"},
				{"no password", locked.Addr, "NOAUTH"},
			} {
				ctx, cancel := context.WithCancel(t.Context())
				var health source.Health
				ended := make(chan error, 1)
				go func() {
					_, err := opener(d)(ctx, source.Options{
						Broker: &redis.Options{Addr: test.addr}, Key: key, Stats: new(lane.Stats),
						Health: &health, Backoff: time.Millisecond,
					})
					ended <- err
				}()
				require.Eventually(t, func() bool { return strings.Contains(health.Trouble(), test.words) },
					patience, tick, test.name)
				cancel()
				require.ErrorIs(t, <-ended, context.Canceled)
			}
		})
	}
}

func TestWhatIsNotAMessageEndsTheSource(t *testing.T) {
	const want = "not a message of this program"
	brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) {
		c := b.Client(t, nil)
		for name, values := range map[string]any{
			"another field":    []string{"x", message(1, 10)},
			"another text":     []string{"m", "hello"},
			"another sequence": []string{"m", message(2, 10)},
		} {
			require.NoError(t, c.Del(t.Context(), key).Err())
			s := open(t, t.Context(), "redis-stream", b.Addr, nil)
			require.NoError(t, c.XAdd(t.Context(), &redis.XAddArgs{Stream: key, ID: "1-0", Values: values}).Err())
			_, err := s.Next(t.Context())
			require.ErrorContains(t, err, want, name)
		}
		s := open(t, t.Context(), "redis-pubsub", b.Addr, nil)
		require.NoError(t, c.Publish(t.Context(), key, "hello").Err())
		_, err := s.Next(t.Context())
		require.ErrorContains(t, err, want)

		require.NoError(t, c.Del(t.Context(), key).Err())
		require.NoError(t, c.XAdd(t.Context(), &redis.XAddArgs{Stream: key, ID: "5-7", Values: []string{"m", "x"}}).Err())
		d, _ := source.Find("redis-stream")
		_, err = d.Open(t.Context(), source.Options{Broker: &redis.Options{Addr: b.Addr}, Key: key, Stats: new(lane.Stats)})
		require.ErrorContains(t, err, want)
	})
}

// What lies fetched in the lane stays within 64 messages, and within 16 KiB or
// one message once their size is known.
func TestWindowIsBounded(t *testing.T) {
	eachStream(t, func(t *testing.T, b *brokertest.Broker, name string) {
		c := b.Client(t, nil)
		for _, size := range []int{1, 200, 1000, 5000, 40_000} {
			require.NoError(t, c.Del(t.Context(), key).Err())
			add(t, c, 1, 300, size)
			s := open(t, t.Context(), name, b.Addr, func(o *source.Options) { o.Resume = true })
			bytes := len(message(100, size))
			var most uint64
			for seq := uint64(1); seq <= 300; seq++ {
				s.expect(t.Context(), seq, seq)
				inWindow := s.stats.Read(time.Now()).Accepted - seq + 1 // with the one just handed on
				most = max(most, inWindow)
				if seq <= 4 {
					require.LessOrEqual(t, inWindow, uint64(4), "before the size is known")
					continue
				}
				require.LessOrEqual(t, inWindow, uint64(64), "size %d", size)
				require.LessOrEqual(t, int(inWindow)*bytes, max(16<<10+2*64, bytes), "size %d", size)
			}
			if size <= 200 {
				require.Greater(t, most, uint64(50), "a round trip for every message would be slow")
			}
		}
	})
}

func TestNames(t *testing.T) {
	require.Equal(t, key, lane.Key("run", "you"))
	for _, d := range source.All {
		require.NotEmpty(t, d.Title)
		found, ok := source.Find(d.Name)
		require.True(t, ok)
		require.Equal(t, d.Replayable, found.Replayable)
	}
	_, ok := source.Find("redis")
	require.False(t, ok)
}
