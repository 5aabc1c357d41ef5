package producer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// reportEvery is 10 Hz.
	reportEvery = 100 * time.Millisecond
	// removeGrace is how long the removal of the streams may take at the end;
	// shorter than what a process that was told to leave is given.
	removeGrace = 300 * time.Millisecond
)

// obey takes commands until ctx is done. One that is not valid is logged and
// changes nothing.
func (p *producer) obey(ctx context.Context, commands <-chan json.RawMessage) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case line, ok := <-commands:
			if !ok {
				commands = nil // the end of the process follows
				continue
			}
			if err := p.command(line); err != nil {
				p.log.Warn("refuse command", "err", err)
			}
		}
	}
}

func (p *producer) command(line json.RawMessage) error {
	var c Command
	if err := json.Unmarshal(line, &c); err != nil {
		return fmt.Errorf("decode command: %w", err)
	}
	p.mu.Lock()
	next, err := p.wanted.with(c)
	p.wanted = next
	p.mu.Unlock()
	if err != nil {
		return err
	}
	if c.Floors != nil {
		p.retention.tell(c.Floors)
	}
	select {
	case p.changed <- struct{}{}:
	default:
	}
	return nil
}

// tell reports 10 times a second. Positions are read at whole seconds and go out
// with the report that follows.
func (p *producer) tell(ctx context.Context, link Link) error {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	whole := time.NewTimer(time.Until(nextSecond(time.Now())))
	defer whole.Stop()
	var positions map[string]Position
	var at int64
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-whole.C:
			now := time.Now()
			positions, at = p.journal.positions(), wholeSecond(now).Unix()
			whole.Reset(time.Until(nextSecond(now)))
			continue
		case <-ticker.C:
		}
		p.mu.Lock()
		groups := slices.Clone(p.wanted.groups)
		p.mu.Unlock()
		r := p.journal.read(groups)
		if positions != nil {
			r.Positions, r.PositionsAt = positions, at
			positions = nil
		}
		if err := link.Report(r); err != nil {
			p.log.Warn("report", "err", err)
		}
	}
}

// remove deletes the streams of the run, so that nothing of it stays in a broker
// that lives on.
func (p *producer) remove(ctx context.Context, store store) {
	ctx, cancel := context.WithTimeout(ctx, removeGrace)
	defer cancel()
	var keys []string
	for _, r := range p.journal.all() {
		keys = append(keys, r.key)
	}
	if err := store.Remove(ctx, keys); err != nil && !errors.Is(err, errUnanswered) {
		p.log.Warn("streams of the run stay in the broker", "err", err)
	}
}
