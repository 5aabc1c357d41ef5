package transport_test

import (
	"io"
	"math/rand/v2"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
	"spillway/wasm/reader"
)

func round(from uint64, n, size int) *lane.Round {
	ms := make([]lane.Message, n)
	for i := range ms {
		ms[i] = message(from+uint64(i), size)
	}
	return lane.RoundOf(ms)
}

// taker is a sink that can write without waiting, as strategies know it.
type taker interface {
	TrySend(r *lane.Round, now time.Time) (sent int)
}

func takerOf(t testing.TB, s opened) taker {
	t.Helper()
	require.Implements(t, (*taker)(nil), s.Sink)
	return s.Sink.(taker)
}

func TestTrySendIsTheSameText(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		bodies := make([]string, 0, 2)
		for _, try := range []bool{false, true} {
			c, s := open(t, name, transport.Options{Ready: "{}", Last: 2})
			for _, r := range []*lane.Round{round(3, 1, 100), round(4, 20, 300)} {
				if try {
					require.Len(t, r.Messages, takerOf(t, s).TrySend(r, time.Now()))
				} else {
					require.NoError(t, s.SendAll(s.ctx, r.Messages))
				}
			}
			counts := s.stats.Read(time.Now())
			require.Equal(t, uint64(21), counts.Delivered)
			require.Equal(t, uint64(23), counts.Written)
			require.NoError(t, s.Close())
			body, err := io.ReadAll(c.stream())
			require.Error(t, err)
			require.Equal(t, counts.SentBytes, uint64(len(body)))
			bodies = append(bodies, string(body))
		}
		require.Equal(t, bodies[0], bodies[1])
	})
}

// Who has to be told of a hole, or whose Send is under way, is left to its
// strategy.
func TestTrySendTakesNothing(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		_, s := open(t, name, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
		require.NoError(t, s.Send(s.ctx, message(1, 10)))
		require.Zero(t, takerOf(t, s).TrySend(round(3, 2, 10), time.Now()), "2 is missing")
		require.Equal(t, 2, takerOf(t, s).TrySend(round(2, 2, 10), time.Now()))
		ended := fill(t, s, s.ctx)
		require.Zero(t, takerOf(t, s).TrySend(round(4, 1, 10), time.Now()), "a Send waits")
		s.Close()
		require.Error(t, <-ended)
		require.Zero(t, takerOf(t, s).TrySend(round(4, 1, 10), time.Now()), "closed")
	})
}

// A round may be cut anywhere. What was begun is finished by the Send of its
// messages, in whatever portions they come, and both ends count the same.
func TestRoundsThatDoNotFit(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		const rounds = 150
		c, s := open(t, name, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10, Heartbeat: time.Nanosecond})
		taker, random := takerOf(t, s), rand.New(rand.NewPCG(4, 2))
		done, cut := make(chan struct{}), 0
		go func() {
			defer close(done)
			next := uint64(1)
			for range rounds {
				r := round(next, 1+random.IntN(40), 1+random.IntN(900))
				next += uint64(len(r.Messages))
				s.stats.AcceptAll(r)
				rest := r.Messages[taker.TrySend(r, time.Now()):]
				if len(rest) > 0 {
					cut++
					if random.IntN(2) == 0 {
						s.Heartbeat(time.Now().Add(time.Hour)) // takes along what is owed
					}
				}
				for len(rest) > 0 {
					n := 1 + random.IntN(len(rest))
					if err := s.SendAll(s.ctx, rest[:n]); err != nil {
						t.Error(err)
						return
					}
					rest = rest[n:]
				}
			}
			if err := s.CloseWith("complete"); err != nil {
				t.Log("close:", err)
			}
		}()
		require.Eventually(t, func() bool { return s.stats.Read(time.Now()).Write > 50*time.Millisecond }, patience, tick)
		var r reader.Reader
		in, buf := c.stream(), make([]byte, 10_000)
		slow := rand.New(rand.NewPCG(3, 1))
		for {
			n, err := in.Read(buf[:1+slow.IntN(len(buf))])
			r.Feed(buf[:n], 0)
			if err != nil {
				break
			}
		}
		<-done
		account, counts := r.Account(), s.stats.Read(time.Now())
		require.Positive(t, cut)
		require.True(t, s.stats.Empty())
		require.Equal(t, counts.Delivered, account.Messages)
		require.Zero(t, account.Gaps)
		require.Zero(t, account.Repeats)
		require.Zero(t, account.Malformed)
		require.Equal(t, counts.Written, account.LastSeq)
		require.Equal(t, counts.SentBytes, account.Bytes)
	})
}

func TestTrySendDoesNotAllocate(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		defer debug.SetGCPercent(debug.SetGCPercent(-1)) // what is made of a round is kept until the next collection
		s, first := drained(t, name), drained(t, name)
		taker, rounds := takerOf(t, s), make([]*lane.Round, 102)
		for i := range rounds {
			rounds[i] = round(uint64(1+2*i), 2, 100)
			require.Equal(t, 2, takerOf(t, first).TrySend(rounds[i], time.Now()))
		}
		now := time.Now()
		require.Zero(t, testing.AllocsPerRun(len(rounds)-2, func() {
			if taker.TrySend(rounds[0], now) != 2 {
				panic("not sent")
			}
			rounds = rounds[1:]
		}))
	})
}
