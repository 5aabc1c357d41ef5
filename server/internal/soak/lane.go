package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"spillway/server/internal/lane"
	"spillway/server/internal/supervisor"
)

// The channels: one that everybody reads on two of the lanes, and one for each
// reader of the third.
const (
	sharedChannel = "all"
	ownGroup      = "own"
)

// lanePlans are the lanes. Each way that the readers of a stream are served is
// there, and both transports that notice a reader's end in ways of their own.
var lanePlans = []lane.Config{
	{Name: "push", Source: "shared-pubsub", Strategy: "push-buffered", Transport: "sse"},
	{Name: "pull", Source: "redis-stream", Strategy: "pull-drain", Transport: "sse"},
	{Name: "shared", Source: "shared-stream", Strategy: "request-n", Transport: "websocket-demand"},
}

// laneLimitBytes kills a lane that runs away.
const laneLimitBytes = 256 << 20

// stageLane is a lane over all its processes.
type stageLane struct {
	cfg   lane.Config
	super *supervisor.Supervisor
	log   *slog.Logger
	kills int // belongs to who runs the test

	mu     sync.Mutex
	proc   *supervisor.Process // nil while it is down
	addr   string              // kept over restarts
	report lane.Report
	at     time.Time // of the report
	lost   []ghost   // readers that went without a word, and the lane has not noticed
	noted  map[way]*notice
}

// ghost is a connection whose other end is gone.
type ghost struct {
	link *link
	id   uint64
	way  way
	at   time.Time
}

// notice is how long lanes took to notice.
type notice struct {
	count   int
	longest time.Duration
	sum     time.Duration
}

func (l *stageLane) demand() bool { return l.cfg.Transport == "websocket-demand" }

// lossy tells whether its readers read Pub/Sub.
func (l *stageLane) lossy() bool { return l.cfg.Source == "shared-pubsub" }

// address is where it listens; empty while it is down.
func (l *stageLane) address() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.proc == nil {
		return ""
	}
	return l.addr
}

// start blocks until the lane listens, where it did before.
func (l *stageLane) start(ctx context.Context) error {
	cfg := l.cfg
	l.mu.Lock()
	if l.addr != "" {
		cfg.Listen = l.addr
	}
	l.mu.Unlock()
	proc, err := l.super.Start(ctx, supervisor.Spec{
		Name: "lane " + cfg.Name, Args: []string{"lane"}, Config: cfg, LimitBytes: laneLimitBytes,
		ReadyTimeout: time.Minute, OnReport: l.take,
	})
	if err != nil {
		return err
	}
	var ready lane.Ready
	if err := json.Unmarshal(proc.ReadyValue(), &ready); err != nil {
		return fmt.Errorf("start lane %q: read its address: %w", cfg.Name, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proc, l.addr = proc, ready.Addr
	return nil
}

// kill ends the lane as the kernel would when there is no memory left, and blocks
// until it is gone. What it has not noticed it never will.
func (l *stageLane) kill() {
	l.mu.Lock()
	proc := l.proc
	l.proc = nil
	l.mu.Unlock()
	proc.Kill()
	<-proc.Done()
	l.kills++
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report, l.at = lane.Report{}, time.Time{}
	for _, g := range l.lost {
		g.link.bury()
	}
	l.lost = nil
}

// died is how the lane ended, if nobody here has ended it.
func (l *stageLane) died() (how string, dead bool) {
	l.mu.Lock()
	proc := l.proc
	l.mu.Unlock()
	if proc == nil {
		return "", false
	}
	select {
	case <-proc.Done():
		exit := proc.Exit()
		how = exit.String()
		for _, line := range exit.LogTail {
			how += "\n    " + line
		}
		return how, true
	default:
		return "", false
	}
}

// lose remembers a connection that its reader has left without a word.
func (l *stageLane) lose(c *link, id uint64, w way) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = append(l.lost, ghost{c, id, w, time.Now()})
}

// take keeps a report and looks which of the lost it no longer has.
func (l *stageLane) take(line json.RawMessage) {
	var r lane.Report
	if err := json.Unmarshal(line, &r); err != nil {
		l.log.Warn("report not understood", "lane", l.cfg.Name, "err", err)
		return
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report, l.at = r, now
	kept := l.lost[:0]
	for _, g := range l.lost {
		if _, there := r.Tabs[g.id]; there || now.Sub(g.at) < settled {
			kept = append(kept, g)
			continue
		}
		g.link.bury()
		n := l.noted[g.way]
		if n == nil {
			n = new(notice)
			l.noted[g.way] = n
		}
		took := now.Sub(g.at)
		n.count++
		n.sum += took
		n.longest = max(n.longest, took)
	}
	clear(l.lost[len(kept):])
	l.lost = kept
}

// settled is how old a report may be that is on its way: one from before a
// reader left must not count as one after it. A connection that was noticed at
// once counts as noticed after this.
const settled = 200 * time.Millisecond

// last is the newest report, when it came, and which readers are lost: empty
// without any.
func (l *stageLane) last() (r lane.Report, at time.Time, lost string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.lost); n > 0 {
		g := l.lost[0]
		lost = fmt.Sprintf("%d readers are gone; the first was %s %.0f s ago, from %s", n, g.way, time.Since(g.at).Seconds(), g.link.conn.LocalAddr())
	}
	return l.report, l.at, lost
}

// buryFrozen closes the connections of readers that could not vanish here.
func (l *stageLane) buryFrozen() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.lost {
		if g.way == frozen {
			g.link.bury()
		}
	}
}

// giveBack has the lane return what is free to the OS.
func (l *stageLane) giveBack() error {
	l.mu.Lock()
	proc := l.proc
	l.mu.Unlock()
	for _, keep := range []bool{true, false} {
		if err := proc.Send(lane.Command{KeepFree: &keep}); err != nil {
			return err
		}
	}
	return nil
}

// level is what the lane holds, by its newest report.
func (l *stageLane) level() Level {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := Level{Goroutines: l.report.Goroutines, Files: openFiles(l.proc.PID())}
	if s, ok := l.proc.Sample(); ok {
		out.RSSBytes = s.RSSBytes
	}
	return out
}
