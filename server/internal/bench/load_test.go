package bench

import (
	"context"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/lane"
	"spillway/server/internal/lanehost"
	"spillway/wasm/wire"
)

// patience bounds waiting on a busy machine.
const patience = time.Minute

// on puts a load on a peer, until healthy readers have got so many messages.
// Everything runs in this process.
func on(t *testing.T, peer string, cfg LoadConfig, atLeast uint64) LoadReport {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	at := serve(t, func(ctx context.Context, l net.Listener) error {
		return broker.New(broker.Options{}).Serve(ctx, l)
	})
	log := slog.New(slog.DiscardHandler)
	cfg.Broker, cfg.RunID, cfg.AtLeast, cfg.Patience = at, "bench", atLeast, patience
	cfg.ServingPID, cfg.BrokerPID = os.Getpid(), os.Getpid()
	if kind, ok := serverKinds[peer]; ok {
		hubs, err := newHubs(ServerConfig{Kind: peer, BrokerURL: "redis://" + at, RunID: "bench"}, peer == "raw", log)
		require.NoError(t, err)
		t.Cleanup(hubs.close)
		cfg.Target = serve(t, func(ctx context.Context, l net.Listener) error {
			defer context.AfterFunc(ctx, func() { l.Close() })()
			return kind(hubs)(ctx, l)
		})
	} else {
		p, err := findPeer(peer)
		require.NoError(t, err)
		spec := p.spec(contest{brokerURL: "redis://" + at, runID: "bench", own: cfg.Own, readers: cfg.Readers})
		host, err := lanehost.New(spec.Config.(lane.Config), log)
		require.NoError(t, err)
		cfg.Target, cfg.Stream = serve(t, host.Serve), p.stream
	}
	r, err := runLoad(ctx, cfg)
	require.NoError(t, err)
	return r
}

// serve listens for the life of the test.
func serve(t *testing.T, run func(context.Context, net.Listener) error) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx, l) //nolint:errcheck // it is told to end
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return l.Addr().String()
}

// everybody are all peers.
var everybody = []string{"push", "pull", sharedPull, "channel", "raw"}

func TestEveryPeerDeliversEverything(t *testing.T) {
	for name, cfg := range map[string]LoadConfig{
		"as fast as it goes": {Readers: 5, SizeBytes: 256, Window: 256},
		"at a rate":          {Readers: 5, SizeBytes: 256, RatePerSecond: 300},
		"own channels":       {Readers: 5, SizeBytes: 5000, RatePerSecond: 100, Own: true},
	} {
		for _, peer := range everybody {
			t.Run(name+", "+peer, func(t *testing.T) {
				r := on(t, peer, cfg, 300)
				require.GreaterOrEqual(t, r.Events, uint64(300))
				require.Equal(t, r.Events, r.AllEvents)
				require.GreaterOrEqual(t, r.Expected, r.Events)
				require.Zero(t, r.Missing+r.Lost+r.Cut)
				require.NotZero(t, r.AgeP99Micros)
				require.NotZero(t, r.RSSBytes)
				require.NotZero(t, r.Seconds)
			})
		}
	}
}

// A reader that reads nothing counts for nobody; one that is slow gets what it
// missed when it is released.
func TestReadersThatAreSlow(t *testing.T) {
	r := on(t, "pull", LoadConfig{Readers: 6, Stalled: 2, Slow: 2, SlowRate: 1000, SizeBytes: 1000, RatePerSecond: 500}, 300)
	require.Zero(t, r.Missing+r.Lost+r.Cut)
	require.Less(t, r.AllEvents-r.Events, r.Events/2, "two slow readers got what two healthy ones got")
}

func TestLossIsFound(t *testing.T) {
	var fed atomic.Uint64
	fed.Store(20)
	whole, hole, never := &listener{fed: &fed}, &listener{fed: &fed}, &listener{fed: &fed}
	for seq := uint64(11); seq <= 20; seq++ {
		m := wire.AppendHeader(nil, wire.Header{Seq: seq, AtMicros: 1})
		whole.feed(m, 2)
		if seq != 13 && seq != 20 {
			hole.feed(m, 2)
		}
	}
	expected, missing := account([]*listener{whole, hole, never})
	require.Equal(t, []uint64{20, 2}, []uint64{expected, missing}, "of ten messages each since the first")
	require.True(t, allHaveAll([]*listener{whole}))
	require.False(t, allHaveAll([]*listener{whole, hole}))
}

// A hub waits for nobody: what does not fit is lost for this reader alone.
func TestHubsWaitForNobody(t *testing.T) {
	h := hub{readers: make(map[chan []byte]struct{})}
	full, roomy := make(chan []byte, 1), make(chan []byte, 3)
	h.readers[full], h.readers[roomy] = struct{}{}, struct{}{}
	for range 3 {
		h.offer([]byte("event"))
	}
	h.end()
	require.Equal(t, []int{1, 3}, []int{len(full), len(roomy)})
}

func TestIdleReaders(t *testing.T) {
	for _, peer := range everybody {
		t.Run(peer, func(t *testing.T) {
			r := on(t, peer, LoadConfig{Readers: 20, Idle: true}, 0)
			require.Zero(t, r.Events+r.Cut)
			require.NotZero(t, r.RSSBeforeBytes)
			require.NotZero(t, r.RSSBytes)
		})
	}
}

func TestARefusalIsAnError(t *testing.T) {
	at := serve(t, func(ctx context.Context, l net.Listener) error {
		host, err := lanehost.New(lane.Config{Source: "redis-stream", Strategy: "pull-drain", Transport: "sse", BrokerURL: "redis://127.0.0.1:1"}, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		return host.Serve(ctx, l)
	})
	_, err := runLoad(t.Context(), LoadConfig{Target: at, Broker: at, ServingPID: os.Getpid(), BrokerPID: os.Getpid(), Readers: 1, Idle: true, Measure: time.Millisecond})
	require.ErrorContains(t, err, "404")
}
