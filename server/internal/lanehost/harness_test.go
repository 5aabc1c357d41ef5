package lanehost

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/broker/brokertest"
	"spillway/server/internal/lane"
	"spillway/wasm/reader"
)

// patience bounds waiting for a condition on a busy machine.
const patience = 10 * time.Second

// tick is how often a condition is looked at.
const tick = 2 * time.Millisecond

const pagePort = 8080

// running is a lane in this process, with a broker of its own.
type running struct {
	t      *testing.T
	host   *Host
	addr   string
	client *redis.Client // of the broker
	stop   context.CancelFunc
	ended  chan error // what Serve has returned
}

// kinds are the two lanes of the lesson.
var kinds = map[string]lane.Config{
	"push": {Name: "push", Source: "redis-pubsub", Strategy: "push-buffered", Transport: "sse"},
	"pull": {Name: "pull", Source: "redis-stream", Strategy: "pull-drain", Transport: "sse"},
}

// others are lanes of single tests.
var others = map[string]lane.Config{
	"drop":   {Name: "drop", Source: "redis-pubsub", Strategy: "drop", Transport: "sse"},
	"buffer": {Name: "buffer", Source: "redis-pubsub", Strategy: "buffer-error", Transport: "sse", Options: map[string]string{"capacity": "1"}},
	"cut":    {Name: "cut", Source: "redis-stream", Strategy: "disconnect", Transport: "sse", Options: map[string]string{"deadline": "200ms"}},
	"batch":  {Name: "batch", Source: "redis-stream", Strategy: "batch", Transport: "sse"},
	"free":   {Name: "free", Source: "redis-stream", Strategy: "parallel", Transport: "sse", Options: map[string]string{"keep_order": "0", "work": "1ms"}},
}

// newHost is a lane that does not serve yet.
func newHost(t testing.TB, kind, brokerAddr string) *Host {
	t.Helper()
	cfg, ok := kinds[kind]
	if !ok {
		cfg = others[kind]
	}
	cfg.RunID = "run"
	cfg.BrokerURL = "redis://" + brokerAddr
	cfg.PagePort = pagePort
	cfg.SendBufferBytes = 16 << 10
	cfg.Channels = map[string]int{"you": lane.Single, "slow": 200}
	h, err := New(cfg, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return h
}

// start serves a lane until the test ends. Then no goroutine is left.
func start(t *testing.T, kind string) *running {
	t.Helper()
	b := brokertest.Embedded(t, broker.Options{})
	l := &running{t: t, host: newHost(t, kind, b.Addr), client: b.Client(t, nil), ended: make(chan error, 1)}
	require.NoError(t, l.client.Ping(t.Context()).Err())
	l.write("nobody", 1, 1, 10) // both of the client's connections are there now
	l.serve()
	return l
}

// again ends the lane and starts it anew on the same broker.
func (l *running) again() *running {
	l.t.Helper()
	l.stop()
	require.NoError(l.t, <-l.ended)
	host, err := New(l.host.cfg, slog.New(slog.DiscardHandler))
	require.NoError(l.t, err)
	next := &running{t: l.t, host: host, client: l.client, ended: make(chan error, 1)}
	next.serve()
	return next
}

// serve serves the lane until the test ends.
func (l *running) serve() {
	t := l.t
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l.addr = listener.Addr().String()
	var ctx context.Context
	ctx, l.stop = context.WithCancel(context.Background())
	go func() { l.ended <- l.host.Serve(ctx, listener); close(l.ended) }()
	alone := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := alone.Get("http://" + l.addr + "/healthz") // everything has started
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	t.Cleanup(func() {
		l.stop()
		require.NoError(t, <-l.ended)
	})
}

// goroutines waits until no more than these are left.
func goroutines(t *testing.T, most int) {
	t.Helper()
	if !assert.Eventually(t, func() bool { // runs the condition in one more
		return runtime.NumGoroutine() <= most+1
	}, patience, tick, "goroutines are left") {
		stacks := make([]byte, 1<<20)
		t.Fatalf("%s", stacks[:runtime.Stack(stacks, true)])
	}
}

// write produces the messages from up to and including to on a channel.
func (l *running) write(channel string, from, to uint64, size int) {
	l.t.Helper()
	key := lane.Key("run", channel)
	_, err := l.client.Pipelined(l.t.Context(), func(p redis.Pipeliner) error {
		for seq := from; seq <= to; seq++ {
			m := fmt.Sprintf(`{"seq":%d,"at":%d,"pad":"%0*d"}`, seq, time.Now().UnixMicro(), size, 0)
			p.XAdd(l.t.Context(), &redis.XAddArgs{Stream: key, ID: strconv.FormatUint(seq, 10) + "-0", Values: []string{"m", m}})
			p.Publish(l.t.Context(), key, m)
		}
		return nil
	})
	require.NoError(l.t, err)
}

// report is what the lane would send now.
func (l *running) report() lane.Report { return l.host.readers.report(time.Now(), stallAfter, true) }

// reads is a connection of a source that has found its place.
var reads = regexp.MustCompile(`name=spillway:.* cmd=(xread|subscribe) `)

// connections counts those of the lane's sources at the broker, once they read,
// and the subscriptions to channel.
func (l *running) connections(channel string) (connections int, subscriptions int64) {
	l.t.Helper()
	list, err := l.client.ClientList(l.t.Context()).Result()
	require.NoError(l.t, err)
	key := lane.Key("run", channel)
	n, err := l.client.PubSubNumSub(l.t.Context(), key).Result()
	require.NoError(l.t, err)
	return len(reads.FindAllString(list, -1)), n[key]
}

// tab is one connection of a reader.
type tab struct {
	t *testing.T
	net.Conn
	body io.Reader
	*reader.Reader
}

// join connects a reader and waits for the lane's source behind it to be open.
// It reads nothing further by itself. into goes on with what an earlier
// connection has received; nil is a new reader.
func (l *running) join(channel string, into *reader.Reader) *tab {
	l.t.Helper()
	b := l.connect(channel, into)
	l.reading(channel)
	return b
}

// reading waits until the lane's sources of everybody are open.
func (l *running) reading(channel string) {
	l.t.Helper()
	require.Eventually(l.t, func() bool {
		connections, _ := l.connections(channel)
		return connections == int(l.report().Readers)
	}, patience, tick, "the source is not opened")
}

// connect is join without waiting.
func (l *running) connect(channel string, into *reader.Reader) *tab {
	l.t.Helper()
	conn, err := net.Dial("tcp", l.addr)
	require.NoError(l.t, err)
	l.t.Cleanup(func() { conn.Close() })
	require.NoError(l.t, conn.SetDeadline(time.Now().Add(patience)))
	last := ""
	if into == nil {
		into = new(reader.Reader)
	} else if id := into.LastEventID(); id != "" {
		into.Reconnected()
		last = "Last-Event-ID: " + id + "\r\n"
	}
	_, err = fmt.Fprintf(conn, "GET /stream?reader=%s HTTP/1.1\r\nHost: lane\r\n%s\r\n", channel, last)
	require.NoError(l.t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(l.t, err)
	require.Equal(l.t, http.StatusOK, response.StatusCode)
	return &tab{l.t, conn, response.Body, into}
}

// until reads up to and including the message seq.
func (b *tab) until(seq uint64) {
	b.t.Helper()
	buf := make([]byte, 4<<10)
	for b.Account().LastSeq < seq {
		n, err := b.body.Read(buf)
		b.Feed(buf[:n], time.Now().UnixMicro())
		require.NoError(b.t, err)
	}
}

// link is the server's end as the lane sees it.
type link struct {
	reports  chan lane.Report
	commands chan json.RawMessage
}

func newLink() *link {
	const plenty = 1000 // more than any test waits for
	return &link{reports: make(chan lane.Report, plenty), commands: make(chan json.RawMessage)}
}

func (l *link) Report(v any) error {
	l.reports <- v.(lane.Report)
	return nil
}

func (l *link) Commands() <-chan json.RawMessage { return l.commands }
