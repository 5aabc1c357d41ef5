// Package brokertest gives tests a broker to talk to: the embedded one, a real
// redis-server, or each in turn. What holds for the one must hold for the other.
package brokertest

import (
	"context"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
)

// patience bounds waiting for a server to start, on a busy machine.
const patience = 10 * time.Second

// Broker is a running broker, empty at first, which ends with the test.
type Broker struct {
	Addr string // host:port on loopback
	// Server is the embedded broker; nil for a redis-server.
	Server *broker.Server
}

// Each runs f against the embedded broker and against a redis-server.
func Each(t *testing.T, f func(t *testing.T, b *Broker)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) { f(t, Embedded(t, broker.Options{})) })
	t.Run("redis-server", func(t *testing.T) { f(t, Redis(t)) })
}

// Embedded starts the embedded broker.
func Embedded(t testing.TB, o broker.Options) *Broker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	s := broker.New(o)
	served := make(chan error, 1) // one result, which the cleanup takes
	go func() { served <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-served)
	})
	return &Broker{Addr: l.Addr().String(), Server: s}
}

// Redis starts the redis-server on PATH, with further arguments such as
// "--requirepass". Without one, or with one older than 7, the test is skipped.
func Redis(t testing.TB, args ...string) *Broker {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on PATH (Debian: apt-get install redis-server), so only the embedded broker is tested")
	}
	port := freePort(t)
	cmd := exec.Command(program, append(broker.LocalArgs(port, t.TempDir(), 0), args...)...)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	b := &Broker{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	require.Eventually(t, func() bool {
		nc, err := net.Dial("tcp", b.Addr)
		if err != nil {
			return false
		}
		return nc.Close() == nil
	}, patience, 5*time.Millisecond, "redis-server did not start")
	if info, err := b.Client(t, nil).Info(t.Context(), "server").Result(); err == nil && older(info) {
		t.Skip("redis-server on PATH is older than 7")
	}
	return b
}

func older(info string) bool {
	_, version, _ := strings.Cut(info, "redis_version:")
	major, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(major)
	return err == nil && n < 7
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().(*net.TCPAddr).Port
}

// Client returns a go-redis client that is closed with the test. Configure, if
// not nil, changes its options first.
func (b *Broker) Client(t testing.TB, configure func(*redis.Options)) *redis.Client {
	t.Helper()
	o := &redis.Options{Addr: b.Addr, ContextTimeoutEnabled: true}
	if configure != nil {
		configure(o)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}
