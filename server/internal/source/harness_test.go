package source_test

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
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

// patience bounds waiting for a condition on a busy machine.
const patience = 10 * time.Second

// tick is how often a condition is looked at.
const tick = 2 * time.Millisecond

const key = "spillway:run:you"

// message is what a producer would write.
func message(seq uint64, size int) string {
	return fmt.Sprintf(`{"seq":%d,"at":1763822400123456,"pad":"%0*d"}`, seq, size, 0)
}

// add puts the messages from up to and including to into the stream.
func add(t *testing.T, c *redis.Client, from, to uint64, size int) {
	t.Helper()
	_, err := c.Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for seq := from; seq <= to; seq++ {
			p.XAdd(t.Context(), &redis.XAddArgs{
				Stream: key, ID: strconv.FormatUint(seq, 10) + "-0",
				Values: []string{"m", message(seq, size)},
			})
		}
		return nil
	})
	require.NoError(t, err)
}

// opened is a source with what it reports to.
type opened struct {
	t *testing.T
	source.Source
	stats  *lane.Stats
	health *source.Health
}

// open opens the source, with what change changes in its options.
func open(t *testing.T, ctx context.Context, name, addr string, change func(*source.Options)) opened {
	t.Helper()
	d, ok := source.Find(name)
	require.True(t, ok)
	o := source.Options{
		Broker: &redis.Options{Addr: addr}, Key: key,
		Stats: new(lane.Stats), Health: new(source.Health), Backoff: 10 * time.Millisecond,
	}
	if change != nil {
		change(&o)
	}
	s, err := opener(d)(ctx, o)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return opened{t, s, o.Stats, o.Health}
}

// opener is how a lane opens the source for its readers.
func opener(d source.Definition) source.OpenFunc {
	if d.Shared != nil {
		return d.Shared()
	}
	return d.Open
}

// eachStream runs f with every source whose readers can come back.
func eachStream(t *testing.T, f func(t *testing.T, b *brokertest.Broker, name string)) {
	for _, d := range source.All {
		if d.Replayable {
			t.Run(d.Name, func(t *testing.T) {
				brokertest.Each(t, func(t *testing.T, b *brokertest.Broker) { f(t, b, d.Name) })
			})
		}
	}
}

// expect reads the messages from up to and including to.
func (s opened) expect(ctx context.Context, from, to uint64) {
	s.t.Helper()
	for seq := from; seq <= to; seq++ {
		m, err := s.Next(ctx)
		require.NoError(s.t, err)
		require.Equal(s.t, seq, m.Seq)
		require.Equal(s.t, int64(1763822400123456), m.AtMicros)
	}
}

// next calls Next in the background.
func (s opened) next(ctx context.Context) <-chan result {
	out := make(chan result, 1) // the one result
	go func() {
		m, err := s.Next(ctx)
		out <- result{m, err}
	}()
	return out
}

type result struct {
	lane.Message
	err error
}

func await(t *testing.T, results <-chan result) result {
	t.Helper()
	select {
	case r := <-results:
		return r
	case <-time.After(patience):
		require.Fail(t, "Next still blocks")
		return result{}
	}
}

// connections counts those of our sources, whose name is their key; -1 when the
// broker does not answer.
func connections(c *redis.Client) int {
	list, err := c.ClientList(context.Background()).Result()
	if err != nil {
		return -1
	}
	return strings.Count(list, "name="+key+" ")
}

// mortal is a broker that can be stopped and started again at its address. It
// comes back empty.
type mortal struct {
	addr        string
	start, stop func()
}

func eachMortal(t *testing.T, f func(t *testing.T, m mortal)) {
	t.Run("embedded", func(t *testing.T) { f(t, mortalEmbedded(t)) })
	t.Run("redis-server", func(t *testing.T) { f(t, mortalRedis(t)) })
}

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

func mortalEmbedded(t *testing.T) mortal {
	m := mortal{addr: freeAddr(t)}
	stop := func() {}
	m.start = func() {
		l, err := net.Listen("tcp", m.addr)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1) // one result, for stop
		go func() { ended <- broker.New(broker.Options{}).Serve(ctx, l) }()
		stop = func() {
			cancel()
			require.NoError(t, <-ended)
			stop = func() {}
		}
	}
	m.stop = func() { stop() }
	t.Cleanup(m.stop)
	m.start()
	return m
}

func mortalRedis(t *testing.T) mortal {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on PATH (Debian: apt-get install redis-server), so only the embedded broker is tested")
	}
	m := mortal{addr: freeAddr(t)}
	_, port, err := net.SplitHostPort(m.addr)
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	var running *exec.Cmd
	m.start = func() {
		running = exec.Command(program, broker.LocalArgs(number, t.TempDir(), 0)...)
		require.NoError(t, running.Start())
	}
	m.stop = func() {
		if running != nil {
			_ = running.Process.Kill()
			_ = running.Wait()
			running = nil
		}
	}
	t.Cleanup(m.stop)
	m.start()
	return m
}
