package lanehost

import (
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"spillway/server/internal/lane"
	"spillway/server/internal/strategy"
	"spillway/server/internal/transport"
	"spillway/wasm/reader"
	"spillway/wasm/wire"
)

// startAs serves a lane of these parts, without TLS.
func startAs(t *testing.T, cfg lane.Config) *running {
	t.Helper()
	others["as"] = cfg
	return start(t, "as")
}

// over runs a test over every transport of a lane without TLS.
func over(t *testing.T, f func(t *testing.T, name string)) {
	for _, d := range transport.All {
		if !d.Secure {
			t.Run(d.Name, func(t *testing.T) { f(t, d.Name) })
		}
	}
}

// asking is a reader over any transport. With demand it never has asked for more
// than a few messages that it has not got.
type asking struct {
	*tab
	ws     *websocket.Conn // nil with SSE
	demand bool
	asked  uint64
}

// window is how many messages it asks for, and when it asks again.
const window = 8

// joinOver connects a reader to the lane by one of its transports, and waits as
// join does.
func (l *running) joinOver(name, channel string) *asking {
	l.t.Helper()
	a := l.connectOver(name, channel)
	require.NoError(l.t, a.ask()) // some sources are read on demand only
	l.reading(channel)
	return a
}

func (l *running) connectOver(name, channel string) *asking {
	l.t.Helper()
	if name == "sse" {
		return &asking{tab: l.connect(channel+"&transport=sse", nil)}
	}
	conn, err := net.Dial("tcp", l.addr)
	require.NoError(l.t, err)
	l.t.Cleanup(func() { conn.Close() })
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return conn, nil }}
	ws, _, err := dialer.Dial("ws://"+l.addr+"/stream?transport="+name+"&reader="+channel, nil)
	require.NoError(l.t, err)
	require.NoError(l.t, conn.SetDeadline(time.Now().Add(patience)))
	b := &tab{l.t, conn, websocket.JoinMessages(ws, ""), new(reader.Reader)}
	return &asking{tab: b, ws: ws, demand: name == "websocket-demand"}
}

// ask asks for more if little is left of what it has asked for.
func (a *asking) ask() error {
	if got := a.Account().Messages; a.demand && a.asked-got <= window/4 {
		n := window - (a.asked - got)
		a.asked += n
		return a.ws.WriteMessage(websocket.BinaryMessage, wire.AppendRequest(nil, uint32(n)))
	}
	return nil
}

// more reads what comes next, and finds no message too many.
func (a *asking) more() error {
	if err := a.ask(); err != nil {
		return err
	}
	buf := make([]byte, 4<<10)
	n, err := a.body.Read(buf)
	a.Feed(buf[:n], time.Now().UnixMicro())
	if got := a.Account().Messages; a.demand && got > a.asked {
		a.t.Errorf("%d messages came, and %d were asked for", got, a.asked)
	}
	return err
}

// Every strategy over every transport: what comes is in order, comes once, and is
// no more than what was asked for; what is missing is told and counted.
func TestEveryStrategyOverEveryTransport(t *testing.T) {
	const burst = 60
	for _, d := range strategy.All {
		t.Run(d.Name, func(t *testing.T) {
			over(t, func(t *testing.T, name string) {
				l := startAs(t, lane.Config{Name: d.Name, Source: d.Source, Strategy: d.Name, Transport: name})
				a := l.joinOver(name, "you")
				ended := make(chan error, 1)
				var got, latest atomic.Uint64
				go func() {
					for {
						if err := a.more(); err != nil {
							ended <- err
							return
						}
						latest.Store(a.Account().LastSeq)
						got.Store(a.Account().Messages)
					}
				}()
				last := uint64(0)
				write := func(n uint64) {
					l.write("you", last+1, last+n, 100)
					last += n
					require.Eventually(t, func() bool {
						r := l.report()
						return r.Accepted == last && r.BacklogCount == 0 && got.Load() == r.Delivered &&
							(d.Overflow != strategy.Ends || waitsForMore())
					}, patience, tick)
				}
				for latest.Load() == 0 { // its first message, before which nothing can be missing
					write(1)
				}
				first := latest.Load()
				if d.Overflow == strategy.Ends { // at the first message that is too many
					for range burst {
						write(1)
					}
				} else {
					write(burst)
				}
				for latest.Load() < last { // the last one was dropped; the next tells it
					write(1)
				}
				require.NoError(t, a.Close())
				<-ended
				account := a.Account()
				require.Equal(t, last-first+1, account.Messages+account.Gaps)
				require.Zero(t, account.Repeats+account.Malformed)
				r := l.report()
				require.Equal(t, r.Dropped, account.Gaps+first-1)
				require.Equal(t, account.Gaps > 0, account.Notices > 0)
				if d.Overflow == strategy.Waits || d.Overflow == strategy.Grows {
					require.Zero(t, account.Gaps)
				}
			})
		})
	}
}

// waitsForMore tells whether the one strategy there is has come back from its last
// Send. The message counts as delivered before that, and the strategy error has no
// room for the next one until then.
func waitsForMore() bool {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for one := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(one, "strategy.(*waiting).send(") {
			return strings.Contains(one, "strategy.wait(")
		}
	}
	return false
}

// One channel, read over each transport by two: all get the same, encoded once.
func TestASharedChannelOverEveryTransport(t *testing.T) {
	l := startAs(t, lane.Config{Name: "all", Source: "shared-pubsub", Strategy: "push-buffered", Transport: "websocket"})
	var all []*asking
	for _, name := range []string{"sse", "websocket", "websocket-demand"} {
		for range 2 {
			a := l.connectOver(name, "you")
			require.NoError(t, a.ask())
			all = append(all, a)
		}
	}
	last := uint64(0)
	require.Eventually(t, func() bool { // each has got something
		last++
		l.write("you", last, last, 100)
		return l.report().Written["you"] > 0
	}, patience, tick)
	last += 500
	l.write("you", last-499, last, 100)
	for _, a := range all {
		for a.Account().LastSeq < last {
			require.NoError(t, a.more())
		}
		require.GreaterOrEqual(t, a.Account().Messages, uint64(500))
		require.Zero(t, a.Account().Gaps+a.Account().Repeats+a.Account().Malformed)
	}
}

// A reader that sends what it may not, or that cancels, ends its stream: its
// source is closed, the log says why.
func TestAReaderEndsItsStream(t *testing.T) {
	for _, test := range []struct {
		name string
		send []byte
		code int
		says string
	}{
		{"it may not", []byte{1, 0, 0, 0, 0}, websocket.ClosePolicyViolation, "reason=bad-request"},
		{"it cancels", wire.AppendCancel(nil), websocket.CloseNormalClosure, "reason=cancelled"},
	} {
		for _, d := range strategy.All {
			t.Run(test.name+"/"+d.Name, func(t *testing.T) {
				l := startAs(t, lane.Config{Name: d.Name, Source: d.Source, Strategy: d.Name, Transport: "websocket-demand"})
				out := l.log()
				before := runtime.NumGoroutine()
				a := l.joinOver("websocket-demand", "you")
				require.NoError(t, a.ask())
				l.write("you", 1, 1, 10)
				for a.Account().LastSeq < 1 {
					require.NoError(t, a.more())
				}
				require.NoError(t, a.ws.WriteMessage(websocket.BinaryMessage, test.send))
				_, err := io.Copy(io.Discard, a.body)
				var closed *websocket.CloseError
				require.ErrorAs(t, err, &closed)
				require.Equal(t, test.code, closed.Code)
				goroutines(t, before)
				require.Eventually(t, func() bool {
					connections, subscriptions := l.connections("you")
					return connections == 0 && subscriptions == 0 && l.report().Readers == 0
				}, patience, tick, "the source is not released")
				l.stop()
				require.NoError(t, <-l.ended)
				require.Contains(t, out.String(), test.says)
			})
		}
	}
}

// The lane's own transport is spoken unless another one is asked for; a tab may
// give itself an id, and the lane counts what that connection was sent.
func TestTheLaneSpeaksItsOwnTransport(t *testing.T) {
	l := startAs(t, lane.Config{Name: "own", Source: "redis-stream", Strategy: "pull-drain", Transport: "websocket"})
	ws, _, err := websocket.DefaultDialer.Dial("ws://"+l.addr+"/stream?reader=you&tab=77", nil)
	require.NoError(t, err)
	defer ws.Close()
	text := l.joinOver("sse", "you")
	l.write("you", 1, 10, 100)
	b := &tab{t, ws.NetConn(), websocket.JoinMessages(ws, ""), new(reader.Reader)}
	b.until(10)
	text.until(10)
	require.Eventually(t, func() bool { return l.report().Delivered == 20 }, patience, tick)
	require.Equal(t, map[uint64]uint64{77: b.Account().Bytes}, l.report().Tabs)
	require.Equal(t, b.Account().Bytes, text.Account().Bytes, "the same text")
}

// A lane that stops ends its WebSockets at once, those that stall too.
func TestServeEndsWhileSocketsStall(t *testing.T) {
	over(t, func(t *testing.T, name string) {
		before := runtime.NumGoroutine()
		l := startAs(t, lane.Config{Name: "stop", Source: "redis-pubsub", Strategy: "push-buffered", Transport: name})
		for range 5 {
			a := l.joinOver(name, "slow-1")
			if a.demand {
				require.NoError(t, a.ws.WriteMessage(websocket.BinaryMessage, wire.AppendRequest(nil, 1<<20)))
			}
		}
		idle := l.joinOver(name, "you")
		l.write("slow-1", 1, 800, 8<<10)
		require.Eventually(t, func() bool { return l.report().Stalled == 5 }, patience, tick)
		begin := time.Now()
		l.stop()
		require.NoError(t, <-l.ended)
		require.Less(t, time.Since(begin), shutdownPatience)
		_, err := io.Copy(io.Discard, idle.body)
		require.Error(t, err)
		require.NoError(t, l.client.Close())
		goroutines(t, before+brokerGoroutines)
	})
}
