package transport_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/transport"
)

// A batch is the same bytes as its messages one by one, holes between them
// included.
func TestSendAllIsTheSameBytes(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		ms := []lane.Message{message(3, 10), message(4, 2000), message(9, 10)}
		bodies := make([]string, 0, 2)
		for _, together := range []bool{false, true} {
			c, s := open(t, name, transport.Options{Ready: "{}", Last: 1})
			if together {
				require.NoError(t, s.SendAll(s.ctx, ms))
				require.NoError(t, s.SendAll(s.ctx, nil))
			} else {
				for _, m := range ms {
					require.NoError(t, s.Send(s.ctx, m))
				}
			}
			counts := s.stats.Read(time.Now())
			require.Equal(t, uint64(3), counts.Delivered)
			require.Equal(t, uint64(5), counts.Gaps)
			require.Equal(t, uint64(9), counts.Written)
			require.NoError(t, s.Close())
			body, err := io.ReadAll(c.stream())
			require.Error(t, err)
			bodies = append(bodies, string(body))
		}
		require.Equal(t, bodies[0], bodies[1])
		require.Equal(t, 2, strings.Count(bodies[0], "event: gap"))
	})
}

func TestSendAllDoesNotAllocate(t *testing.T) {
	if underRace {
		t.Skip("a sync.Pool forgets on purpose there")
	}
	each(t, func(t *testing.T, name string) {
		s := drained(t, name)
		ms := make([]lane.Message, 16)
		for i := range ms {
			ms[i] = message(uint64(i+1), 1000)
		}
		require.NoError(t, s.SendAll(s.ctx, ms))
		require.Zero(t, testing.AllocsPerRun(100, func() {
			for i := range ms {
				ms[i].Seq += 16
			}
			if err := s.SendAll(s.ctx, ms); err != nil {
				panic(err)
			}
		}))
	})
}

// What the strategy gave up is told to the reader as any hole, and is not
// counted again as something that the source did not have.
func TestDroppedMessagesAreToldAndCountedOnce(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		c, s := open(t, name, transport.Options{Ready: "{}"})
		send := func(seq uint64) { require.NoError(t, s.Send(s.ctx, message(seq, 10))) }
		gaps := func() uint64 { return s.stats.Read(time.Now()).Gaps }
		send(1)
		s.stats.Drop(message(2, 10))
		s.stats.Drop(message(3, 10))
		send(4)
		require.Zero(t, gaps())
		send(10) // these five were trimmed
		require.Equal(t, uint64(5), gaps())
		s.stats.Drop(message(11, 10))
		send(14) // one was dropped, two were trimmed
		require.Equal(t, uint64(7), gaps())
		require.NoError(t, s.Close())
		body, _ := io.ReadAll(c.stream())
		for _, notice := range []string{`{"from":2,"to":3}`, `{"from":5,"to":9}`, `{"from":11,"to":13}`} {
			require.Contains(t, string(body), "event: gap\ndata: "+notice+"\n\nid: ")
		}
	})
}

func TestUnorderedEventsCarryThePositionToResumeFrom(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		c, s := open(t, name, transport.Options{Ready: "{}", Last: 4, Unordered: true})
		for _, seq := range []uint64{6, 7, 5, 8} {
			require.NoError(t, s.Send(s.ctx, message(seq, 1)))
		}
		require.NoError(t, s.Close())
		body, _ := io.ReadAll(c.stream())
		var ids []string
		for line := range strings.Lines(string(body)) {
			if id, ok := strings.CutPrefix(line, "id: "); ok {
				ids = append(ids, strings.TrimSpace(id))
			}
		}
		require.Equal(t, []string{"4", "4", "7", "8"}, ids)
		require.NotContains(t, string(body), "event: gap")
		require.Zero(t, s.stats.Read(time.Now()).Gaps)
	})
}

func TestCloseWithTellsWhy(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		c, s := open(t, name, transport.Options{Ready: "{}"})
		require.NoError(t, s.Send(s.ctx, lane.Message{Seq: 1, Data: "{}"}))
		require.NoError(t, s.CloseWith("overflow"))
		<-s.ctx.Done()
		body, err := io.ReadAll(c.stream())
		require.Error(t, err, "a stream never ends by itself")
		require.True(t, strings.HasSuffix(string(body), "id: 1\ndata: {}\n\nevent: close\ndata: {\"reason\":\"overflow\"}\n\n"), string(body))
		require.Error(t, s.Send(s.ctx, message(2, 10)))
	})
}

// A reader without room is not told, and nobody waits for it.
func TestCloseWithDoesNotWait(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		_, s := open(t, name, transport.Options{Ready: "{}", SendBufferBytes: 16 << 10})
		ended := fill(t, s, s.ctx)
		begin := time.Now()
		s.CloseWith("overflow") //nolint:errcheck // the Send may have closed it
		require.Error(t, <-ended)
		require.Less(t, time.Since(begin), time.Second)
	})
}
