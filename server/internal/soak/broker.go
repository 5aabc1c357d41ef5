package soak

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"spillway/server/internal/broker"
	"spillway/server/internal/run"
	"spillway/server/internal/supervisor"
)

const (
	// brokerLimitBytes is far above what the streams hold between two floors.
	brokerLimitBytes = 512 << 20
	// askWait bounds one question to the broker.
	askWait = 5 * time.Second
	// look is how often a condition is looked at.
	look = 50 * time.Millisecond
)

// brokerStage is the one broker: a redis-server with an append-only file, or the
// embedded one, which keeps nothing.
type brokerStage struct {
	super *supervisor.Supervisor
	path  string // of redis-server; empty: the embedded broker
	dir   string // of its file
	addr  string // kept over restarts
	proc  *supervisor.Process
}

func (b *brokerStage) keeps() bool { return b.path != "" }

func (b *brokerStage) String() string {
	if b.keeps() {
		return "redis-server with an append-only file"
	}
	return "the embedded broker"
}

func (b *brokerStage) url() string { return "redis://" + b.addr }

// start blocks until the broker answers. What it keeps in dir it has again.
func (b *brokerStage) start(ctx context.Context) error {
	if b.addr == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("find a free port: %w", err)
		}
		b.addr = l.Addr().String()
		l.Close()
	}
	spec := supervisor.Spec{
		Name:   "broker",
		Args:   []string{"broker"},
		Config: run.BrokerChild{Listen: b.addr, MaxMemoryBytes: brokerLimitBytes},
	}
	if b.keeps() {
		_, port, _ := net.SplitHostPort(b.addr)
		n, _ := strconv.Atoi(port)
		spec = supervisor.Spec{
			Name: "redis-server", Path: b.path,
			// The last one of an argument given twice counts.
			Args:         append(broker.LocalArgs(n, b.dir, brokerLimitBytes), "--appendonly", "yes", "--appendfsync", "everysec"),
			Ready:        b.answers,
			ReadyTimeout: time.Minute, // it reads its file first
		}
	}
	proc, err := b.super.Start(ctx, spec)
	if err != nil {
		return fmt.Errorf("start broker: %w", err)
	}
	b.proc = proc
	return nil
}

// answers tells whether the broker has its data.
func (b *brokerStage) answers(ctx context.Context) error {
	client, err := broker.Dial(ctx, b.url(), broker.DialOptions{PoolSize: 1, MaxRetries: -1})
	if err != nil {
		return err
	}
	return client.Close()
}

// die kills the broker as the kernel would, and with forget removes what it has
// kept. It blocks until the process is gone.
func (b *brokerStage) die(forget bool) error {
	b.proc.Kill()
	<-b.proc.Done()
	if !forget || !b.keeps() {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(b.dir, "*"))
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := os.RemoveAll(f); err != nil {
			return fmt.Errorf("remove what the broker has kept: %w", err)
		}
	}
	return nil
}

// ends are the last sequence numbers that streams were given; 0 where there is no
// stream.
func (b *brokerStage) ends(ctx context.Context, keys []string) ([]uint64, error) {
	return b.ids(ctx, keys, true)
}

// firsts are the lowest sequence numbers that streams hold; 0 where there is none.
func (b *brokerStage) firsts(ctx context.Context, keys []string) ([]uint64, error) {
	return b.ids(ctx, keys, false)
}

func (b *brokerStage) ids(ctx context.Context, keys []string, last bool) ([]uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, askWait)
	defer cancel()
	client, err := broker.Dial(ctx, b.url(), broker.DialOptions{Name: "spillway-soak", PoolSize: 1})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	out := make([]uint64, len(keys))
	for i, key := range keys {
		id := ""
		entries, err := client.XRangeN(ctx, key, "-", "+", 1).Result()
		if len(entries) > 0 {
			id = entries[0].ID
		}
		if last && err == nil {
			info, asked := client.XInfoStream(ctx, key).Result()
			if err = asked; err == nil {
				id = info.LastGeneratedID
			} else if strings.Contains(err.Error(), "no such key") {
				continue
			}
		}
		if err != nil {
			return nil, broker.Explain(b.addr, err)
		}
		if id == "" {
			continue
		}
		seq, _, _ := strings.Cut(id, "-")
		if out[i], err = strconv.ParseUint(seq, 10, 64); err != nil {
			return nil, fmt.Errorf("stream %q: id %q is no sequence number", key, id)
		}
	}
	return out, nil
}
