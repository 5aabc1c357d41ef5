package broker_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/broker/brokertest"
)

// TestServeLeavesNothing: when Serve returns, its goroutines have ended, whatever
// its clients were doing, and the address is free.
func TestServeLeavesNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := broker.New(broker.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1) // the one result
	go func() { served <- s.Serve(ctx, l) }()
	b := &brokertest.Broker{Addr: l.Addr().String(), Server: s}
	var clients []net.Conn
	for range 20 {
		blocked, idle, half := dial(t, b), dial(t, b), dial(t, b)
		write(t, blocked, "XREAD BLOCK 0 STREAMS s $\r\n")
		write(t, half, "*2\r\n$4\r\nPI")
		clients = append(clients, blocked, idle, half, stall(t, b, "a"))
	}
	publisher := dial(t, b)
	for range 100 { // so that writers wait in the kernel
		write(t, publisher, "*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$65536\r\n"+strings.Repeat("x", 65536)+"\r\n")
		expect(t, publisher, ":20\r\n")
	}
	require.Eventually(t, func() bool { return s.Stats().BlockedClients == 20 && s.Stats().Clients == 81 }, soon, time.Millisecond)
	require.Positive(t, s.Stats().OutputBytes)

	cancel()
	require.NoError(t, await(t, served, "Serve to end"))
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	require.NotContains(t, string(stacks), "broker.(*")
	st := s.Stats()
	require.Zero(t, st.Clients)
	require.Zero(t, st.BlockedClients)
	require.Zero(t, st.Channels)
	require.Zero(t, st.OutputBytes)
	require.Zero(t, st.InputBytes)
	for _, nc := range append(clients, publisher) {
		_, _ = io.Copy(io.Discard, nc) // ends: the connection is closed
	}
	again, err := net.Listen("tcp", b.Addr)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

// TestServeListenerFails: Serve ends with the error when its listener does.
func TestServeListenerFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1) // the one result
	go func() { served <- broker.New(broker.Options{}).Serve(t.Context(), l) }()
	nc := dial(t, &brokertest.Broker{Addr: l.Addr().String()})
	write(t, nc, "PING\r\n")
	expect(t, nc, "+PONG\r\n")
	require.NoError(t, l.Close())
	require.ErrorIs(t, await(t, served, "Serve to end"), net.ErrClosed)
	_, err = nc.Read(make([]byte, 1))
	require.Error(t, err)
}

// TestOptions: what is set at the start is what CONFIG shows, and who is cut off
// is named in the log.
func TestOptions(t *testing.T) {
	var log lockedBuffer
	b := brokertest.Embedded(t, broker.Options{
		MaxMemoryBytes: 64 << 20,
		PubSubLimit:    broker.OutputLimit{HardBytes: 1 << 20, SoftBytes: 1 << 19, SoftFor: 5 * time.Second},
		Log:            slog.New(slog.NewTextHandler(&log, nil)),
	})
	c := b.Client(t, nil)
	require.Equal(t, "67108864", c.ConfigGet(t.Context(), "maxmemory").Val()["maxmemory"])
	require.Equal(t, "normal 0 0 0 slave 268435456 67108864 60 pubsub 1048576 524288 5",
		c.ConfigGet(t.Context(), "client-output-buffer-limit").Val()["client-output-buffer-limit"])
	stall(t, b, "a")
	for b.Server.Stats().OutputLimitDisconnections == 0 {
		require.NoError(t, c.Publish(t.Context(), "a", strings.Repeat("x", 1<<16)).Err())
	}
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "output buffer limit of class pubsub reached") },
		soon, time.Millisecond)
	require.Contains(t, log.String(), "name=stalled")
}

// lockedBuffer is a bytes.Buffer for several goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestLocalArgs(t *testing.T) {
	b := brokertest.Redis(t)
	c := b.Client(t, nil)
	for setting, want := range map[string]string{
		"save": "", "appendonly": "no", "bind": "127.0.0.1", "maxmemory-policy": "noeviction", "maxmemory": "0",
	} {
		require.Equal(t, want, c.ConfigGet(t.Context(), setting).Val()[setting], setting)
	}
	require.Contains(t, strings.Join(broker.LocalArgs(7000, "/tmp", 1<<20), " "), "--port 7000 --bind 127.0.0.1 --dir /tmp")
	require.Contains(t, strings.Join(broker.LocalArgs(7000, "/tmp", 1<<20), " "), "--maxmemory 1048576")
}
