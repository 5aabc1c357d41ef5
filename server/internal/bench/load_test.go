package bench

import (
	"context"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"spillway/server/internal/broker"
	"spillway/server/internal/lane"
	"spillway/server/internal/lanehost"
)

// patience bounds waiting on a busy machine.
const patience = 20 * time.Second

// on puts a load on a peer; everything runs in this process. measured is how
// long.
func on(t *testing.T, peer string, cfg LoadConfig, measured time.Duration) LoadReport {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	at := serve(t, func(ctx context.Context, l net.Listener) error {
		return broker.New(broker.Options{}).Serve(ctx, l)
	})
	log := slog.New(slog.DiscardHandler)
	cfg.Broker, cfg.RunID, cfg.Measure = at, "bench", measured
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
				r := on(t, peer, cfg, 200*time.Millisecond)
				require.NotZero(t, r.Events)
				require.Equal(t, r.Events, r.AllEvents)
				require.GreaterOrEqual(t, r.Expected, r.Events)
				require.Zero(t, r.Missing+r.Lost+r.Cut)
				require.NotZero(t, r.AgeP99Micros)
				require.NotZero(t, r.RSSBytes)
				require.Greater(t, r.Seconds, 0.2)
			})
		}
	}
}

// A reader that reads nothing gets nothing and counts for nobody; one that is
// slow gets what it missed when it is released.
func TestReadersThatAreSlow(t *testing.T) {
	r := on(t, "pull", LoadConfig{Readers: 6, Stalled: 2, Slow: 2, SlowRate: 1000, SizeBytes: 1000, RatePerSecond: 500}, 300*time.Millisecond)
	require.Zero(t, r.Missing+r.Lost+r.Cut)
	require.NotZero(t, r.Events)
	require.Less(t, float64(r.AllEvents-r.Events), 0.2*float64(r.Events), "two slow readers got what two healthy ones got")
}

// What a server throws away is found.
func TestLossIsFound(t *testing.T) {
	r := on(t, "channel", LoadConfig{Readers: 2, Slow: 1, SlowRate: 1000, SizeBytes: 20_000, RatePerSecond: 1000}, time.Second)
	require.NotZero(t, r.Lost)
	require.Less(t, r.Missing, r.Lost, "the healthy reader's part")
}

func TestIdleReaders(t *testing.T) {
	for _, peer := range everybody {
		t.Run(peer, func(t *testing.T) {
			r := on(t, peer, LoadConfig{Readers: 20, Idle: true}, 50*time.Millisecond)
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
