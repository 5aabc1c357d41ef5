package soak

import (
	"context"
	"sync"
	"time"
)

// gate is open or shut, and whoever cares can wait for either. The zero value is
// shut.
type gate struct {
	mu     sync.Mutex
	open   bool
	change chan struct{} // closed and replaced at every change; nil while nobody waits
}

func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == open {
		return
	}
	g.open = open
	if g.change != nil {
		close(g.change)
		g.change = nil
	}
}

func (g *gate) isOpen() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

// state is whether it is open, and what is closed when that changes.
func (g *gate) state() (bool, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.change == nil {
		g.change = make(chan struct{})
	}
	return g.open, g.change
}

// wait blocks until the gate is open, or ctx is done.
func (g *gate) wait(ctx context.Context) error {
	for {
		open, change := g.state()
		if open {
			return ctx.Err()
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// closed is closed when the gate is shut, or is so already.
func (g *gate) closed() <-chan struct{} {
	open, change := g.state()
	if open {
		return change
	}
	return shut
}

var shut = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// scope is a context that also ends when a gate is shut. It has no goroutine.
type scope struct {
	context.Context
	shut <-chan struct{}
}

// hold waits for d, or until the scope ends, and tells whether all of it passed.
func hold(s scope, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.shut:
	case <-s.Context.Done():
	}
	return false
}

// pause waits for d, or until ctx is done.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
