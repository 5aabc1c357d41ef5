package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"spillway/server/internal/broker"
	"spillway/server/internal/supervisor"
)

// BrokerKind says whose broker it is.
type BrokerKind uint8

const (
	BrokerEmbedded BrokerKind = iota // ours, in a process of its own
	BrokerLocal                      // the redis-server on PATH, as our child
	BrokerRemote                     // somebody's running Redis
)

// DefaultBrokerLimitBytes is the maxmemory of a broker of ours. Above it the
// broker refuses what the producer adds, and the producer waits.
const DefaultBrokerLimitBytes = 1 << 30

// BrokerChoice says which broker carries the messages.
type BrokerChoice struct {
	Kind       BrokerKind
	URL        string // of a remote one
	LimitBytes int64  // of one of ours; 0 is the default
}

// BrokerChild configures the process of the embedded broker.
type BrokerChild struct {
	Listen         string
	MaxMemoryBytes int64
}

// BrokerReady is its answer.
type BrokerReady struct{ Addr string }

const (
	brokerRetry      = time.Second     // between attempts to start or reach it
	brokerWatchEvery = time.Second     // INFO and CLIENT LIST
	brokerDialLimit  = 3 * time.Second // for one attempt
	brokerRenewLimit = 5 * time.Second // for its process to leave and the next to come
	brokerRenewPoll  = 5 * time.Millisecond
	firstAttempts    = 250 * time.Millisecond // a restarted broker is back soon
)

// broker keeps the one broker of the server: it starts the process if it is
// ours, starts it again when it ends, and watches its health.
type brokerHandle struct {
	choice BrokerChoice
	super  *supervisor.Supervisor
	log    *slog.Logger
	wg     sync.WaitGroup
	cancel context.CancelFunc

	mu       sync.Mutex
	addr     string              // host:port once known; a restarted one keeps it
	proc     *supervisor.Process // nil if remote or ended
	health   broker.Health
	restarts int // times it came back without its streams
}

func newBroker(choice BrokerChoice, super *supervisor.Supervisor, log *slog.Logger) *brokerHandle {
	if choice.LimitBytes == 0 {
		choice.LimitBytes = DefaultBrokerLimitBytes
	}
	return &brokerHandle{choice: choice, super: super, log: log}
}

// start spawns the broker if it is ours and begins to watch it.
func (b *brokerHandle) start(ctx context.Context) error {
	if b.choice.Kind == BrokerRemote {
		u, err := url.Parse(b.choice.URL)
		if err != nil || (u.Scheme != "redis" && u.Scheme != "rediss") {
			return fmt.Errorf("--redis: %w", broker.ErrURL) // without the URL: a password may be in it
		}
		b.addr = u.Host
	} else if err := b.spawn(ctx); err != nil {
		return err
	}
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	b.cancel = cancel
	b.wg.Go(func() { b.watch(watch) })
	if b.choice.Kind != BrokerRemote {
		b.wg.Go(func() { b.keep(watch) })
	}
	return nil
}

func (b *brokerHandle) close() {
	b.cancel()
	b.wg.Wait()
}

// url is where the lanes and the producer find it.
func (b *brokerHandle) url() string {
	if b.choice.Kind == BrokerRemote {
		return b.choice.URL
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return "redis://" + b.addr
}

// spawn starts the process, on the port it had before if it had one.
func (b *brokerHandle) spawn(ctx context.Context) error {
	spec, addr, err := b.spec()
	if err != nil {
		return err
	}
	proc, err := b.super.Start(ctx, spec)
	if err != nil {
		return fmt.Errorf("start broker: %w", err)
	}
	if addr == "" {
		var ready BrokerReady
		if err := json.Unmarshal(proc.ReadyValue(), &ready); err != nil {
			return fmt.Errorf("start broker: read its address: %w", err)
		}
		addr = ready.Addr
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.proc, b.addr = proc, addr
	return nil
}

func (b *brokerHandle) spec() (spec supervisor.Spec, addr string, err error) {
	b.mu.Lock()
	last := b.addr
	b.mu.Unlock()
	if b.choice.Kind == BrokerEmbedded {
		listen := last
		if listen == "" {
			listen = "127.0.0.1:0"
		}
		return supervisor.Spec{
			Name:   "broker",
			Args:   []string{"broker"},
			Config: BrokerChild{Listen: listen, MaxMemoryBytes: b.choice.LimitBytes},
		}, "", nil
	}
	path, err := supervisor.Find("redis-server")
	if err != nil {
		return spec, "", errors.New("--redis local: there is no redis-server on PATH; install it (Debian: apt-get install redis-server, macOS: brew install redis) or leave the flag out to use the embedded broker")
	}
	if last == "" {
		if last, err = freeAddr(); err != nil {
			return spec, "", err
		}
	}
	_, port, _ := net.SplitHostPort(last)
	n, _ := strconv.Atoi(port)
	return supervisor.Spec{
		Name:  "redis-server",
		Path:  path,
		Args:  broker.LocalArgs(n, os.TempDir(), b.choice.LimitBytes),
		Ready: supervisor.DialReady(last),
	}, last, nil
}

// freeAddr finds a port for a program that cannot tell which one it got.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// keep starts a broker of ours again when it ends.
func (b *brokerHandle) keep(ctx context.Context) {
	for {
		b.mu.Lock()
		proc := b.proc
		b.mu.Unlock()
		select {
		case <-proc.Done():
		case <-ctx.Done():
			_ = proc.Stop(context.Background()) // bounded: what does not leave is killed
			return
		}
		if exit := proc.Exit(); exit.Reason != supervisor.ReasonStopped {
			b.log.Error("broker ended", "exit", exit.String())
		}
		for err := b.spawn(ctx); err != nil; err = b.spawn(ctx) {
			b.log.Error("broker does not start", "err", err)
			if !pause(ctx, brokerRetry) {
				return
			}
		}
	}
}

// watch keeps health up to date. Once reached, the client reconnects by itself.
func (b *brokerHandle) watch(ctx context.Context) {
	for {
		dial, cancel := context.WithTimeout(ctx, brokerDialLimit)
		client, err := broker.Dial(dial, b.url(), broker.DialOptions{Name: "spillway-watch", PoolSize: 1})
		cancel()
		if err == nil {
			defer client.Close()
			broker.Watch(ctx, client, brokerWatchEvery, b.note)
			return
		}
		b.note(broker.Health{At: time.Now(), Err: err})
		if !pause(ctx, firstAttempts) {
			return
		}
	}
}

func (b *brokerHandle) note(h broker.Health) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h.Restarted {
		b.restarts++
	}
	b.health = h
}

// brokerView is a reading of the handle.
type brokerView struct {
	health   broker.Health
	rssBytes uint64 // 0 where it is not our process
	restarts int
}

func (b *brokerHandle) read() brokerView {
	b.mu.Lock()
	defer b.mu.Unlock()
	v := brokerView{health: b.health, restarts: b.restarts}
	if b.proc != nil {
		if s, ok := b.proc.Sample(); ok {
			v.rssBytes = uint64(s.RSSBytes)
		}
	}
	return v
}

// waitUp blocks until the broker answers.
func (b *brokerHandle) waitUp(ctx context.Context) bool {
	for !b.read().health.Up {
		if !pause(ctx, 20*time.Millisecond) {
			return false
		}
	}
	return true
}

// pause waits and tells whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// renew starts a broker of ours anew after a run: its memory is a line on the
// page and must begin flat. In somebody else's Redis the producer has removed
// its streams.
//
// It returns once the new one is there, or after a while without it: then the
// next run waits as it does for any broker.
func (b *brokerHandle) renew() {
	b.mu.Lock()
	old := b.proc
	b.mu.Unlock()
	if old == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), brokerRenewLimit)
	defer cancel()
	_ = old.Stop(ctx) // keep starts the next one
	for pause(ctx, brokerRenewPoll) {
		b.mu.Lock()
		fresh := b.proc != old
		if fresh {
			b.health = broker.Health{Up: true} // it says so itself; the watch follows
		}
		b.mu.Unlock()
		if fresh {
			return
		}
	}
}
