package crowd

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// reportEvery is 10 Hz.
	reportEvery = 100 * time.Millisecond
	// readEvery is how many reports lie between two that carry Read.
	readEvery = 10
)

// Link is the connection to the server that started this process. The package
// child has one.
type Link interface {
	Ready(v any) error
	Report(v any) error
	Commands() <-chan json.RawMessage
}

// Main reads until ctx is done. It blocks for all of that time and leaves no
// goroutine and no connection behind. The error is ctx's, or that of a
// configuration that makes no sense. A lane that is away is no error.
func Main(ctx context.Context, cfg Config, link Link, log *slog.Logger) error {
	return run(ctx, cfg, link, log, nil)
}

// crowd is all readers of a run.
type crowd struct {
	cells   []*cell
	readers sync.WaitGroup
	hold    hold
	ids     atomic.Uint64 // of connections, on all lanes; the first is 1
	log     *slog.Logger
}

// run is Main with another way to connect; nil is the usual one.
func run(ctx context.Context, cfg Config, link Link, log *slog.Logger, dial dialFunc) error {
	if err := cfg.validate(); err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &crowd{log: log, hold: hold{most: MaxHeldAllBytes}}
	defer c.readers.Wait()
	defer cancel()
	total := 0
	for _, l := range cfg.Lanes {
		u, _ := parseURL(l.Name, l.URL) // validated
		secure, _ := secureOf(l.Trust)  // likewise
		for _, g := range cfg.Groups {
			g = g.withDefaults()
			cell := &cell{
				lane: l.Name, group: g.Name, channel: g.Channel, dial: dial, gate: newGate(), log: log,
				secure: secure, share: g.Connection,
				hold: &c.hold, ids: &c.ids, rate: g.BytesPerSecond, paused: g.Paused, away: g.Away,
			}
			cell.way, cell.transport = wayOf(g, l)
			if dial == nil {
				cell.dial = dialer(g.BufferBytes, g.SegmentBytes)
			}
			cell.gate.setAway(g.Away)
			cell.gate.setURL(u)
			defer cell.gate.setURL(nil)
			c.cells = append(c.cells, cell)
			cell.setCount(ctx, &c.readers, g.Count)
			total += g.Count
		}
	}
	if err := link.Ready(Ready{Readers: total}); err != nil {
		return fmt.Errorf("report ready: %w", err)
	}
	return c.serve(ctx, link)
}

// serve obeys and reports until ctx is done. At every whole second it reads all
// readers; the next report has them.
func (c *crowd) serve(ctx context.Context, link Link) error {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	second := time.NewTimer(time.Until(nextSecond(time.Now())))
	defer second.Stop()
	var read reading
	commands := link.Commands()
	for n := 1; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case line, ok := <-commands:
			if !ok {
				commands = nil // the end of the process follows
				continue
			}
			if err := c.command(ctx, line); err != nil {
				c.log.Warn("refuse command", "err", err)
			}
		case <-second.C:
			now := time.Now()
			read = c.read(now)
			second.Reset(time.Until(nextSecond(now)))
		case now := <-ticker.C:
			report := c.report(now, n%readEvery == 0)
			read.tell(&report)
			if err := link.Report(report); err != nil {
				c.log.Warn("report", "err", err)
			}
			n++
		}
	}
}

func (c *crowd) report(now time.Time, withRead bool) Report {
	r := Report{Cells: make([]CellReport, len(c.cells))}
	for i, cell := range c.cells {
		r.Cells[i] = cell.sample(now, withRead)
	}
	return r
}

// command checks everything before it changes anything.
func (c *crowd) command(ctx context.Context, line json.RawMessage) error {
	var command Command
	if err := json.Unmarshal(line, &command); err != nil {
		return fmt.Errorf("decode command: %w", err)
	}
	urls, err := c.check(command)
	if err != nil {
		return err
	}
	for _, cell := range c.cells {
		if u, ok := urls[cell.lane]; ok {
			cell.gate.setURL(u)
		}
		for _, t := range command.Throttles {
			if (t.Lane == "" || t.Lane == cell.lane) && (t.Group == "" || t.Group == cell.group) {
				cell.set(t)
			}
		}
		if n, ok := command.Counts[cell.group]; ok {
			cell.setCount(ctx, &c.readers, n)
		}
	}
	return nil
}

// check returns the URLs of the lanes in the command, nil for down.
func (c *crowd) check(command Command) (map[string]*url.URL, error) {
	lanes, groups := map[string]bool{"": true}, map[string]bool{"": true}
	for _, cell := range c.cells {
		lanes[cell.lane], groups[cell.group] = true, true
	}
	for _, t := range command.Throttles {
		if !lanes[t.Lane] || !groups[t.Group] {
			return nil, fmt.Errorf("there is no lane %q with a group %q", t.Lane, t.Group)
		}
	}
	for group, n := range command.Counts {
		if group == "" || !groups[group] {
			return nil, fmt.Errorf("there is no group %q", group)
		}
		if err := validateCount(group, n); err != nil {
			return nil, err
		}
	}
	urls := make(map[string]*url.URL)
	for lane, raw := range command.Lanes {
		if lane == "" || !lanes[lane] {
			return nil, fmt.Errorf("there is no lane %q", lane)
		}
		u, err := parseURL(lane, raw)
		if err != nil {
			return nil, err
		}
		urls[lane] = u
	}
	return urls, nil
}
