package producer

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/broker/brokertest"
	"spillway/server/internal/lane"
	"spillway/wasm/wire"
)

const patience = 10 * time.Second

// redisServer is a redis-server of this test's own.
type redisServer struct {
	t      testing.TB
	addr   string
	cmd    *exec.Cmd
	client *redis.Client
}

func startRedis(t testing.TB) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &redisServer{t: t, addr: l.Addr().String()}
	require.NoError(t, l.Close())
	s.client = redis.NewClient(&redis.Options{Addr: s.addr})
	t.Cleanup(func() { s.client.Close() })
	s.start()
	t.Cleanup(s.kill)
	return s
}

// start blocks until the server answers.
func (s *redisServer) start() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.addr)
	s.cmd = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no")
	out, err := s.cmd.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, s.cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "eady to accept connections") {
			return
		}
	}
	require.Fail(s.t, "redis-server did not start")
}

func (s *redisServer) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// eachBroker runs f against the embedded broker and against a redis-server.
func eachBroker(t *testing.T, f func(t *testing.T, s *redisServer)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		s := &redisServer{t: t, addr: brokertest.Embedded(t, broker.Options{}).Addr}
		s.client = redis.NewClient(&redis.Options{Addr: s.addr})
		t.Cleanup(func() { s.client.Close() })
		f(t, s)
	})
	t.Run("redis-server", func(t *testing.T) { f(t, startRedis(t)) })
}

func (s *redisServer) config(groups ...Group) Config {
	return Config{BrokerURL: "redis://" + s.addr, RunID: "r", Workload: "fixed", Groups: groups}
}

// startMain runs Main against the server and returns what ends it.
func (s *redisServer) startMain(cfg Config) (link *fakeLink, stop func()) {
	s.t.Helper()
	link = newFakeLink()
	ctx, cancel := context.WithCancel(s.t.Context())
	result := make(chan error, 1)
	go func() { result <- Main(ctx, cfg, link, quiet) }()
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.ErrorIs(s.t, <-result, context.Canceled)
		}
	}
	s.t.Cleanup(stop)
	return link, stop
}

// entries is the whole stream of a channel; it fails unless ids and heads are
// one sequence without a hole.
func (s *redisServer) entries(channel string) []string {
	s.t.Helper()
	found, err := s.client.XRange(s.t.Context(), lane.Key("r", channel), "-", "+").Result()
	require.NoError(s.t, err)
	var payloads []string
	var first uint64
	for i, e := range found {
		payload := e.Values[messageField].(string)
		h, ok := wire.ScanHeader([]byte(payload))
		require.True(s.t, ok)
		if i == 0 {
			first = h.Seq
		}
		require.Equal(s.t, first+uint64(i), h.Seq)
		require.Equal(s.t, fmt.Sprintf("%d-0", h.Seq), e.ID)
		payloads = append(payloads, payload)
	}
	return payloads
}

func waitFor(t testing.TB, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, patience, 10*time.Millisecond, what)
}

func TestSameBytesBothWays(t *testing.T) {
	for _, workload := range []string{"fixed", "llm"} {
		t.Run(workload, func(t *testing.T) {
			eachBroker(t, func(t *testing.T, s *redisServer) { testSameBytes(t, s, workload) })
		})
	}
}

func testSameBytes(t *testing.T, s *redisServer, workload string) {
	sub := s.client.Subscribe(t.Context(), lane.Key("r", "g-1"))
	defer sub.Close()
	_, err := sub.Receive(t.Context())
	require.NoError(t, err)

	cfg := s.config(Group{Name: "g", Count: 3, RatePerSecond: 200, SizeBytes: 300})
	cfg.Workload = workload
	link, stop := s.startMain(cfg)
	var published []string
	for len(published) < 200 {
		m, err := sub.ReceiveMessage(t.Context())
		require.NoError(t, err)
		published = append(published, m.Payload)
	}
	waitFor(t, func() bool { return link.report().Produced >= 600 }, "reports")
	stored := s.entries("g-1")
	require.Equal(t, published, stored[:len(published)])
	require.Contains(t, stored[0], `{"seq":1,"at":`)

	stop()
	left, err := s.client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestTrimNeverPassesAFloor(t *testing.T) {
	eachBroker(t, func(t *testing.T, s *redisServer) {
		link, _ := s.startMain(s.config(Group{Name: "g", Count: 2, RatePerSecond: 500, SizeBytes: 96}))
		waitFor(t, func() bool { return link.report().Produced > 1000 }, "messages")
		link.send(Command{Floors: map[string]uint64{"g-0": 123, "g-1": 1}})
		waitFor(t, func() bool { return link.report().Trimmed == 124 }, "floors")
		require.Contains(t, s.entries("g-0")[0], `{"seq":124,`)
		require.Contains(t, s.entries("g-1")[0], `{"seq":2,`)
	})
}

func TestMaxLenBoundsAStream(t *testing.T) {
	eachBroker(t, func(t *testing.T, s *redisServer) {
		link, _ := s.startMain(s.config(Group{Name: "g", Count: 1, RatePerSecond: 2000, SizeBytes: 96}))
		waitFor(t, func() bool { return len(s.entries("g-0")) > 700 }, "messages")
		link.send(Command{Retention: &Retention{MaxLen: 200}})
		waitFor(t, func() bool { return len(s.entries("g-0")) < 400 }, "trimmed")
	})
}

func TestFullBrokerIsWaitedFor(t *testing.T) {
	eachBroker(t, func(t *testing.T, s *redisServer) {
		link, _ := s.startMain(s.config(Group{Name: "g", Count: 20, RatePerSecond: 100, SizeBytes: 2048}))
		waitFor(t, func() bool { return link.report().Produced > 200 }, "messages")
		require.NoError(t, s.client.ConfigSet(t.Context(), "maxmemory", "1mb").Err())
		waitFor(t, func() bool { return link.report().Refused > 0 && link.report().StallMicros > 200_000 }, "a wait")
		require.Equal(t, "the broker is full; the producer waits", link.report().Broker)
		held := link.report().Produced

		require.NoError(t, s.client.ConfigSet(t.Context(), "maxmemory", "0").Err())
		waitFor(t, func() bool { return link.report().Produced > held+400 }, "more messages")
		require.Empty(t, link.report().Broker)
		for i := range 20 {
			require.Contains(t, s.entries(fmt.Sprintf("g-%d", i))[0], `{"seq":1,`)
		}
	})
}

func TestRedisKilledAndRestarted(t *testing.T) {
	s := startRedis(t)
	link, _ := s.startMain(s.config(Group{Name: "g", Count: 10, RatePerSecond: 100, SizeBytes: 256}))
	waitFor(t, func() bool { return link.report().Produced > 200 }, "messages")
	s.kill()
	waitFor(t, func() bool { return link.report().StallMicros > 0 }, "a wait")
	waitFor(t, func() bool { return strings.Contains(link.report().Broker, "connection refused") }, "words")
	held := link.report().Produced
	s.start()
	waitFor(t, func() bool { return link.report().Produced > held+200 }, "more messages")
	r := link.report()
	require.Empty(t, r.Broker)
	require.EqualValues(t, 1, r.Restarts)
	require.NotZero(t, r.Lost)
	for i := range 10 {
		require.NotContains(t, s.entries(fmt.Sprintf("g-%d", i))[0], `{"seq":1,`)
	}
}

func TestUnreachableBrokerIsNoError(t *testing.T) {
	s := startRedis(t)
	s.kill()
	link, _ := s.startMain(s.config(Group{Name: "g", Count: 1, RatePerSecond: 100, SizeBytes: 96}))
	waitFor(t, func() bool { return strings.Contains(link.report().Broker, "connection refused") }, "words")
	s.start()
	waitFor(t, func() bool { return link.report().Produced > 10 }, "messages")
	require.Contains(t, s.entries("g-0")[0], `{"seq":1,`)
	require.Zero(t, link.report().Restarts)
}

func TestWrongPasswordIsSaid(t *testing.T) {
	s := startRedis(t)
	require.NoError(t, s.client.ConfigSet(t.Context(), "requirepass", "secret").Err())
	link, _ := s.startMain(s.config(Group{Name: "g", Count: 1, RatePerSecond: 100, SizeBytes: 96}))
	waitFor(t, func() bool { return strings.Contains(link.report().Broker, "NOAUTH") }, "words")
}
